//! Without preopened listeners `preopened` returns `None`, however often it is called.

use wasio::net::TcpListener;

fn main() {
    for _ in 0..3 {
        let listener = TcpListener::preopened().expect("look");
        assert!(listener.is_none(), "{listener:?}");
    }
}
