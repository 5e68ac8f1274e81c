//! `cargo xtask chaos`: see the library's documentation.

#[cfg(target_os = "linux")]
mod backend;
#[cfg(target_os = "linux")]
mod broken;
#[cfg(target_os = "linux")]
mod claims;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod input;
#[cfg(target_os = "linux")]
mod names;
#[cfg(target_os = "linux")]
mod nobody;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod progress;
#[cfg(target_os = "linux")]
mod proxy;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod settle;
#[cfg(target_os = "linux")]
mod shared;
#[cfg(target_os = "linux")]
mod start;
#[cfg(target_os = "linux")]
mod watch;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    match options::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("chaos needs Linux: it stops processes, limits their descriptors, and reads /proc");
    std::process::exit(1);
}
