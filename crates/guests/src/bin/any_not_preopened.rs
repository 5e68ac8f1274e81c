//! A listener that the host did not hand in is not found, however often one looks.

use wasio::net::TcpListener;

fn main() {
    for _ in 0..3 {
        let listener = TcpListener::preopened().expect("look");
        assert!(listener.is_none(), "{listener:?}");
    }
}
