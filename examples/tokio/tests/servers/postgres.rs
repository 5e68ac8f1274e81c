//! The clients of PostgreSQL, against it.

use std::net::TcpListener;

use crate::process::{finish, run_with, share_machine, with_network};
use crate::services::postgres;

#[test]
#[ignore = "needs PostgreSQL (apt-get install postgresql): cargo test -- --include-ignored"]
fn postgres_prepares_notifies_and_cancels() {
    let _machine = share_machine();
    let server = postgres();
    let port = server.address(0).port();
    for on in with_network() {
        let url = format!("postgres://wasio@localhost:{port}/postgres");
        let text = run_with("postgres-client", on, &[url]);
        let expected = "filled (1000, 12000)\n\
                        kept 1000000 bytes\n\
                        heard wasio runs PostgreSQL\n\
                        cancelled: 57014\n\
                        refused: 22012\n\
                        4 connections\n";
        assert_eq!(text, expected, "{on:?}");
    }
}

#[test]
#[ignore = "needs PostgreSQL (apt-get install postgresql): cargo test -- --include-ignored"]
fn sqlx_pools_takes_back_and_hears() {
    let _machine = share_machine();
    let server = postgres();
    let port = server.address(0).port();
    for on in with_network() {
        let url = format!("postgres://wasio@localhost:{port}/postgres");
        let text = run_with("sqlx-client", on, &[url]);
        let expected = "filled (1000, 12000)\n\
                        taken back: 1000 rows\n\
                        heard wasio runs sqlx\n\
                        refused: 22012\n\
                        4 connections\n";
        assert_eq!(text, expected, "{on:?}");
    }
}

#[test]
#[ignore = "needs PostgreSQL (apt-get install postgresql): cargo test -- --include-ignored"]
fn a_database_that_is_not_there_has_an_error_that_says_so() {
    let _machine = share_machine();
    let server = postgres();
    let port = server.address(0).port();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = unused.local_addr().unwrap().port();
    drop(unused);
    let refused = format!("error: cannot connect to port {closed} of \"localhost\": ");
    for on in with_network() {
        for (url, expected) in [
            (
                format!("localhost:{port}/missing"),
                "database \"missing\" does not exist",
            ),
            (format!("localhost:{closed}/postgres"), &*refused),
            (
                format!("no-such-host.invalid:{port}/postgres"),
                "error: cannot look up",
            ),
        ] {
            let output = finish("postgres-client", on, &[format!("postgres://wasio@{url}")]);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{on:?}: {url}");
            assert!(errors.contains(expected), "{on:?}: {url}: {errors}");
        }
    }
}
