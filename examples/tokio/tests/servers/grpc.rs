//! The gRPC server and its client, on tonic.

use std::net::TcpListener;

use crate::process::{Server, finish, run_with, share_machine, with_network};

#[test]
fn a_grpc_client_calls_streams_and_is_refused_by_servers_everywhere() {
    let _machine = share_machine();
    for served in with_network() {
        let server = Server::start("grpc-server", served);
        let url = format!("http://localhost:{}", server.address.port());
        for on in with_network() {
            let text = run_with("grpc-client", on, std::slice::from_ref(&url));
            let expected = "added 5050\n\
                            counted 10000\n\
                            accumulated 100\n\
                            late: Cancelled: Timeout expired\n\
                            refused: OutOfRange: the sum has no room in 64 bits\n";
            assert_eq!(text, expected, "{on:?} of {served:?}");
        }
    }
}

#[test]
fn a_grpc_server_that_is_not_there_has_an_error_that_names_it() {
    let _machine = share_machine();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let expected = format!("cannot connect to port {port} of \"localhost\": ");
    for on in with_network() {
        let output = finish("grpc-client", on, &[format!("http://localhost:{port}")]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{on:?}");
        assert!(
            errors.starts_with("error: ") && errors.contains(&expected),
            "{on:?}: {errors}"
        );
    }
}
