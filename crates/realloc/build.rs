//! Does nothing: Cargo wants a build script where a package has the key `links`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
