//! Guests that are about Node.js.

use std::path::PathBuf;

use wasio_host::Stdin;

use crate::harness::Case;

pub(crate) fn node_quirks(case: &Case) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("node_quirks");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("file"), "content").unwrap();
    assert_eq!(with_a_byte(case, Some(folder)), "done\n");
}

pub(crate) fn node_directions(case: &Case) {
    assert_eq!(with_a_byte(case, None), "done\n");
}

/// Runs the guest with a byte in its input, and no end of it before the guest's.
fn with_a_byte(case: &Case, folder: Option<PathBuf>) -> String {
    let mut setup = case.setup().stdin(Stdin::Pipe);
    if let Some(folder) = folder {
        setup = setup.dir(folder, "/given");
    }
    let mut guest = setup.start();
    let mut stdin = guest.take_stdin().unwrap();
    std::io::Write::write_all(&mut stdin, b"x").unwrap();
    let outcome = guest.succeeds();
    drop(stdin);
    outcome.stdout_text().into_owned()
}
