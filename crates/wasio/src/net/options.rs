//! Options that several types of sockets have, with socket2's names.

use std::io;
use std::time::Duration;

/// What keeps a silent connection alive, and how it is found dead: the parameters of
/// [`TcpStream::set_tcp_keepalive`](super::TcpStream::set_tcp_keepalive). What is not set stays as
/// the system has it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wasio::net::TcpKeepalive;
///
/// // A peer that vanished is noticed within 60 + 3 * 10 seconds.
/// let keepalive = TcpKeepalive::new()
///     .with_time(Duration::from_secs(60))
///     .with_interval(Duration::from_secs(10))
///     .with_retries(3);
/// # let _ = keepalive;
/// ```
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpKeepalive {
    pub(crate) time: Option<Duration>,
    pub(crate) interval: Option<Duration>,
    pub(crate) retries: Option<u32>,
}

impl TcpKeepalive {
    /// Nothing set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            time: None,
            interval: None,
            retries: None,
        }
    }

    /// How long a connection is silent before the first probe: whole seconds, rounded up.
    #[must_use]
    pub const fn with_time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// How long after a probe that was not answered the next one is sent: whole seconds, rounded
    /// up.
    #[must_use]
    pub const fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How many probes go unanswered before the connection is given up.
    #[must_use]
    pub const fn with_retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// What every system takes: whole seconds up to 32 767, and up to 127 retries. Zero has no
    /// meaning.
    pub(super) fn checked(self) -> io::Result<Self> {
        const MAX_SECONDS: u64 = i16::MAX as u64;
        const MAX_RETRIES: u32 = i8::MAX as u32;
        let seconds = |duration: Duration, what, least| {
            if duration.is_zero() {
                return Err(zero(what, least));
            }
            let part = u64::from(duration.subsec_nanos() > 0);
            let whole = duration.as_secs().saturating_add(part);
            Ok(Duration::from_secs(whole.min(MAX_SECONDS)))
        };
        let time = self.time.map(|time| {
            seconds(
                time,
                "the time before the first keep-alive probe",
                "1 second",
            )
        });
        let interval = self.interval;
        let interval = interval.map(|interval| {
            seconds(
                interval,
                "the interval between keep-alive probes",
                "1 second",
            )
        });
        if self.retries == Some(0) {
            return Err(zero("the number of keep-alive retries", "1"));
        }
        Ok(Self {
            time: time.transpose()?,
            interval: interval.transpose()?,
            retries: self.retries.map(|retries| retries.min(MAX_RETRIES)),
        })
    }
}

/// Refuses a buffer of no size, of which systems make what they like.
pub(super) fn check_buffer_size(size: usize) -> io::Result<usize> {
    if size == 0 {
        return Err(zero("the size of a socket buffer", "1 byte"));
    }
    Ok(size)
}

fn zero(what: &str, least: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{what} is 0: give at least {least}"),
    )
}

/// The options of the system's own buffers, for a type with the field `inner`.
macro_rules! buffer_options {
    ($socket:ident) => {
        impl $socket {
            /// Sets how many bytes the system keeps of what was received and not read yet. A hint:
            /// the system may round it, double it (Linux) or limit it.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for 0; those of the host; WASI
            /// 0.1, and on WASI 0.2 a socket of the standard library:
            /// [`Unsupported`](std::io::ErrorKind::Unsupported).
            pub fn set_recv_buffer_size(&self, size: usize) -> std::io::Result<()> {
                let size = crate::net::options::check_buffer_size(size)?;
                crate::sys::options::set_recv_buffer_size(&*self.inner, size)
            }

            /// How many bytes the system keeps of what was received and not read yet.
            ///
            /// # Errors
            ///
            /// Those of the host; as [`set_recv_buffer_size`](Self::set_recv_buffer_size) where
            /// there is no such option.
            pub fn recv_buffer_size(&self) -> std::io::Result<usize> {
                crate::sys::options::recv_buffer_size(&*self.inner)
            }

            /// Sets how many bytes the system takes before they are sent. A hint, as
            /// [`set_recv_buffer_size`](Self::set_recv_buffer_size).
            ///
            /// # Errors
            ///
            /// As [`set_recv_buffer_size`](Self::set_recv_buffer_size).
            pub fn set_send_buffer_size(&self, size: usize) -> std::io::Result<()> {
                let size = crate::net::options::check_buffer_size(size)?;
                crate::sys::options::set_send_buffer_size(&*self.inner, size)
            }

            /// How many bytes the system takes before they are sent.
            ///
            /// # Errors
            ///
            /// As [`recv_buffer_size`](Self::recv_buffer_size).
            pub fn send_buffer_size(&self) -> std::io::Result<usize> {
                crate::sys::options::send_buffer_size(&*self.inner)
            }
        }
    };
}

/// The options that keep connections alive, for a type with the field `inner`.
macro_rules! keepalive_options {
    ($socket:ident) => {
        impl $socket {
            /// Turns `SO_KEEPALIVE` on or off: whether probes are sent to a silent peer.
            ///
            /// # Errors
            ///
            /// Those of the host; WASI 0.1, and on WASI 0.2 a socket of the standard library:
            /// [`Unsupported`](std::io::ErrorKind::Unsupported).
            ///
            /// # Platform behaviour
            ///
            /// A listener hands this on to the connections that it accepts, and so what
            /// [`set_tcp_keepalive`](Self::set_tcp_keepalive) sets.
            pub fn set_keepalive(&self, keepalive: bool) -> std::io::Result<()> {
                crate::sys::options::set_keepalive(&*self.inner, keepalive)
            }

            /// Whether `SO_KEEPALIVE` is on.
            ///
            /// # Errors
            ///
            /// As [`set_keepalive`](Self::set_keepalive).
            pub fn keepalive(&self) -> std::io::Result<bool> {
                crate::sys::options::keepalive(&*self.inner)
            }

            /// Sets when a silent peer is probed and when it is given up, and turns `SO_KEEPALIVE` on.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) if one of the parameters is 0;
            /// those of the host; as [`set_keepalive`](Self::set_keepalive) where there is no such
            /// option.
            ///
            /// # Platform behaviour
            ///
            /// Times are kept in whole seconds, up to 32 767, and up to 127 retries.
            pub fn set_tcp_keepalive(
                &self,
                keepalive: &crate::net::TcpKeepalive,
            ) -> std::io::Result<()> {
                crate::sys::options::set_tcp_keepalive(&*self.inner, &keepalive.checked()?)
            }

            /// How long a connection is silent before the first probe.
            ///
            /// # Errors
            ///
            /// As [`set_keepalive`](Self::set_keepalive); Windows:
            /// [`Unsupported`](std::io::ErrorKind::Unsupported).
            pub fn tcp_keepalive_time(&self) -> std::io::Result<std::time::Duration> {
                crate::sys::options::tcp_keepalive_time(&*self.inner)
            }

            /// How long after a probe without an answer the next one is sent.
            ///
            /// # Errors
            ///
            /// As [`tcp_keepalive_time`](Self::tcp_keepalive_time).
            pub fn tcp_keepalive_interval(&self) -> std::io::Result<std::time::Duration> {
                crate::sys::options::tcp_keepalive_interval(&*self.inner)
            }

            /// After how many probes without an answer the connection is given up.
            ///
            /// # Errors
            ///
            /// As [`tcp_keepalive_time`](Self::tcp_keepalive_time).
            pub fn tcp_keepalive_retries(&self) -> std::io::Result<u32> {
                crate::sys::options::tcp_keepalive_retries(&*self.inner)
            }
        }
    };
}

pub(super) use {buffer_options, keepalive_options};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_and_never_less() {
        let checked = |time| {
            let keepalive = TcpKeepalive::new().with_time(time).with_interval(time);
            let checked = keepalive.checked().expect("not zero");
            assert_eq!(checked.time, checked.interval);
            checked.time.expect("set").as_secs()
        };
        assert_eq!(checked(Duration::from_nanos(1)), 1);
        assert_eq!(checked(Duration::from_secs(1)), 1);
        assert_eq!(checked(Duration::from_millis(1001)), 2);
        assert_eq!(checked(Duration::MAX), 32_767);
        let most = TcpKeepalive::new().with_retries(u32::MAX).checked();
        assert_eq!(most.expect("not zero").retries, Some(127));
        let none = TcpKeepalive::new().checked();
        assert_eq!(none.expect("nothing is wrong"), TcpKeepalive::new());
    }

    #[test]
    fn zero_is_refused_and_named() {
        let zeros = [
            TcpKeepalive::new().with_time(Duration::ZERO),
            TcpKeepalive::new().with_interval(Duration::ZERO),
            TcpKeepalive::new().with_retries(0),
        ];
        for (zero, name) in zeros.iter().zip(["time", "interval", "retries"]) {
            let error = zero.checked().expect_err("zero");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(name), "{error}");
        }
        let error = check_buffer_size(0).expect_err("zero");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
