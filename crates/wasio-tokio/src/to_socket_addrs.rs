//! What stands for addresses of sockets.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What [`lookup_host`](crate::lookup_host) turns into addresses: those types that
/// `tokio::net::ToSocketAddrs` is implemented for.
///
/// Addresses stand for themselves; the text of one does too. Any other text is the name of a host,
/// with its port behind a colon, or in a pair with its port.
///
/// The trait is sealed. tokio's is too, so it cannot be used here.
pub trait ToSocketAddrs: Sealed {}

/// What is to be done for the addresses.
#[derive(Debug, PartialEq, Eq)]
pub enum Target<'a> {
    Addresses(Vec<SocketAddr>),
    Name(&'a str, u16),
}

mod sealed {
    use std::io;

    pub trait Sealed {
        fn target(&self) -> io::Result<super::Target<'_>>;
    }
}

use self::sealed::Sealed;

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}

impl<T: Sealed + ?Sized> Sealed for &T {
    fn target(&self) -> io::Result<Target<'_>> {
        (**self).target()
    }
}

/// Types that are one address.
macro_rules! addresses {
    ($($Type:ty),*) => {$(
        impl ToSocketAddrs for $Type {}

        impl Sealed for $Type {
            fn target(&self) -> io::Result<Target<'_>> {
                Ok(Target::Addresses(vec![(*self).into()]))
            }
        }
    )*};
}

addresses!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

impl ToSocketAddrs for &[SocketAddr] {}

impl Sealed for &[SocketAddr] {
    fn target(&self) -> io::Result<Target<'_>> {
        Ok(Target::Addresses(self.to_vec()))
    }
}

impl ToSocketAddrs for str {}

impl Sealed for str {
    fn target(&self) -> io::Result<Target<'_>> {
        if let Ok(address) = self.parse() {
            return Ok(Target::Addresses(vec![address]));
        }
        let (name, port) = self
            .rsplit_once(':')
            .ok_or_else(|| invalid(self, "it has no port: write host:port"))?;
        let port = port
            .parse()
            .map_err(|_| invalid(self, "its port is not a number from 0 to 65535"))?;
        Ok(Target::Name(name, port))
    }
}

impl ToSocketAddrs for String {}

impl Sealed for String {
    fn target(&self) -> io::Result<Target<'_>> {
        self.as_str().target()
    }
}

impl ToSocketAddrs for (&str, u16) {}

impl Sealed for (&str, u16) {
    fn target(&self) -> io::Result<Target<'_>> {
        Ok(of_host(self.0, self.1))
    }
}

impl ToSocketAddrs for (String, u16) {}

impl Sealed for (String, u16) {
    fn target(&self) -> io::Result<Target<'_>> {
        Ok(of_host(&self.0, self.1))
    }
}

/// An address stands for itself, also where no name can be looked up.
fn of_host(host: &str, port: u16) -> Target<'_> {
    match host.parse::<IpAddr>() {
        Ok(address) => Target::Addresses(vec![SocketAddr::new(address, port)]),
        Err(_) => Target::Name(host, port),
    }
}

fn invalid(text: &str, fault: &str) -> io::Error {
    let sentence = format!("{text:?} is no address of a socket: {fault}");
    io::Error::new(ErrorKind::InvalidInput, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(target: io::Result<Target<'_>>) -> Vec<SocketAddr> {
        match target.expect("a target") {
            Target::Addresses(addresses) => addresses,
            Target::Name(name, port) => panic!("a name: {name} {port}"),
        }
    }

    #[test]
    fn addresses_stand_for_themselves_in_every_form() {
        let v4: SocketAddr = "127.0.0.1:80".parse().expect("an address");
        let v6: SocketAddr = "[::1]:80".parse().expect("an address");
        assert_eq!(addresses(v4.target()), [v4]);
        assert_eq!(addresses((v6.ip(), 80).target()), [v6]);
        assert_eq!(addresses((Ipv4Addr::LOCALHOST, 80).target()), [v4]);
        assert_eq!(addresses((&[v4, v6][..]).target()), [v4, v6]);
        assert_eq!(addresses("[::1]:80".target()), [v6]);
        assert_eq!(addresses("127.0.0.1:80".to_owned().target()), [v4]);
    }

    #[test]
    fn other_text_is_a_name_and_its_port() {
        for target in [
            "localhost:80".target(),
            ("localhost", 80).target(),
            ("localhost".to_owned(), 80).target(),
        ] {
            assert_eq!(target.expect("a target"), Target::Name("localhost", 80));
        }
    }

    #[test]
    fn text_without_a_port_or_with_a_wrong_one_is_refused_with_the_reason() {
        for (text, reason) in [
            ("localhost", "no port"),
            ("", "no port"),
            ("localhost:", "0 to 65535"),
            ("localhost:65536", "0 to 65535"),
            ("localhost:http", "0 to 65535"),
        ] {
            let error = text.target().expect_err("no target");
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
