//! `wasi:cli`.

use super::io::{InputStream, OutputStream};

super::described!();

#[link(wasm_import_module = "wasi:cli/stdin@0.2.12")]
unsafe extern "C" {
    #[link_name = "get-stdin"]
    safe fn wasi_get_stdin() -> InputStream;
}

#[link(wasm_import_module = "wasi:cli/stdout@0.2.12")]
unsafe extern "C" {
    #[link_name = "get-stdout"]
    safe fn wasi_get_stdout() -> OutputStream;
}

#[link(wasm_import_module = "wasi:cli/stderr@0.2.12")]
unsafe extern "C" {
    #[link_name = "get-stderr"]
    safe fn wasi_get_stderr() -> OutputStream;
}

pub fn get_stdin() -> InputStream {
    wasi_get_stdin()
}

pub fn get_stdout() -> OutputStream {
    wasi_get_stdout()
}

pub fn get_stderr() -> OutputStream {
    wasi_get_stderr()
}
