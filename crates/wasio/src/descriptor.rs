/// The number by which the operating system or the WASI host knows an open source.
#[cfg(any(unix, target_os = "wasi"))]
pub type RawDescriptor = std::os::fd::RawFd;
/// The number by which the operating system knows an open source.
#[cfg(windows)]
pub type RawDescriptor = std::os::windows::io::RawSocket;
