//! Each error number of WASI 0.1 as an `io::Error`: the number is kept, and the kind is the one
//! that the standard library documents. The second half uses real errors of the host.

use std::io::{self, ErrorKind};

use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::Driver;

/// The error numbers that have a stable kind.
const KINDS: [(i32, ErrorKind); 36] = [
    (1, ErrorKind::ArgumentListTooLong),
    (2, ErrorKind::PermissionDenied),
    (3, ErrorKind::AddrInUse),
    (4, ErrorKind::AddrNotAvailable),
    (6, ErrorKind::WouldBlock),
    (10, ErrorKind::ResourceBusy),
    (13, ErrorKind::ConnectionAborted),
    (14, ErrorKind::ConnectionRefused),
    (15, ErrorKind::ConnectionReset),
    (16, ErrorKind::Deadlock),
    (19, ErrorKind::QuotaExceeded),
    (20, ErrorKind::AlreadyExists),
    (22, ErrorKind::FileTooLarge),
    (23, ErrorKind::HostUnreachable),
    (27, ErrorKind::Interrupted),
    (28, ErrorKind::InvalidInput),
    (31, ErrorKind::IsADirectory),
    (34, ErrorKind::TooManyLinks),
    (37, ErrorKind::InvalidFilename),
    (38, ErrorKind::NetworkDown),
    (40, ErrorKind::NetworkUnreachable),
    (44, ErrorKind::NotFound),
    (48, ErrorKind::OutOfMemory),
    (51, ErrorKind::StorageFull),
    (52, ErrorKind::Unsupported),
    (53, ErrorKind::NotConnected),
    (54, ErrorKind::NotADirectory),
    (58, ErrorKind::Unsupported),
    (63, ErrorKind::PermissionDenied),
    (64, ErrorKind::BrokenPipe),
    (69, ErrorKind::ReadOnlyFilesystem),
    (70, ErrorKind::NotSeekable),
    (72, ErrorKind::StaleNetworkFileHandle),
    (73, ErrorKind::TimedOut),
    (74, ErrorKind::ExecutableFileBusy),
    (75, ErrorKind::CrossesDevices),
];

fn main() {
    for errno in 0..=76 {
        let error = io::Error::from_raw_os_error(errno);
        assert_eq!(error.raw_os_error(), Some(errno));
        assert!(!error.to_string().is_empty());
        match KINDS.iter().find(|(known, _)| *known == errno) {
            Some((_, kind)) => assert_eq!(error.kind(), *kind, "errno {errno}"),
            None => assert_eq!(format!("{:?}", error.kind()), unnamed(errno), "{errno}"),
        }
    }

    // A descriptor that is not open: the error keeps the host's number.
    let driver = Driver::default();
    for descriptor in [99, i32::MAX, -1] {
        let mut source = SourceFd(&descriptor);
        let registry = driver.poll.registry();
        let result = registry.register(&mut source, Token(1), Interest::READABLE);
        let error = result.expect_err("it is not open");
        assert_eq!(error.raw_os_error(), Some(8), "{descriptor}: {error}");
        let error = registry
            .deregister(&mut source)
            .expect_err("nor registered");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{descriptor}: {error}");
        let result = registry.reregister(&mut source, Token(1), Interest::READABLE);
        assert_eq!(
            result.expect_err("nor registered").kind(),
            ErrorKind::NotFound
        );
    }
}

/// The kinds whose names are not stable. All other numbers have no kind.
const fn unnamed(errno: i32) -> &'static str {
    match errno {
        26 => "InProgress",
        32 => "FilesystemLoop",
        _ => "Uncategorized",
    }
}
