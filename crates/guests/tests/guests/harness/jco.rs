//! jco: it runs a component as JavaScript that it makes of it. Most of the time for that goes into
//! the start of jco, so the first guest of a folder has it made of all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// In the folder of the scripts. It makes the JavaScript, where that of the last time is not of the
/// same guest.
const SCRIPT: &str = "jco_transpile.mjs";

/// The JavaScript of `guest`, made by the jco that is installed in `jco`. `Err` says why there is
/// none.
pub(super) fn javascript(jco: &Path, scripts: &Path, guest: &Path) -> Result<PathBuf, String> {
    static MADE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let guests = guest.parent().unwrap_or(guest);
    let out = guests.join("jco");
    let mut made = MADE.lock().unwrap();
    if !made.contains(guests) {
        transpile(jco, scripts, guests, &out)?;
        made.insert(guests.to_owned());
    }
    let name = guest.file_stem().unwrap_or_default();
    Ok(out.join(name).join(name).with_extension("js"))
}

fn transpile(jco: &Path, scripts: &Path, guests: &Path, out: &Path) -> Result<(), String> {
    let entries = guests.read_dir().expect("read the folder of the guests");
    let paths = entries.map(|entry| entry.expect("read the folder of the guests").path());
    let components = paths.filter(|path| path.extension().is_some_and(|end| end == "wasm"));
    let mut command = Command::new("node");
    let script = scripts.join(SCRIPT);
    command.arg(script).arg(jco).arg(out).args(components);
    let Ok(status) = command.status() else {
        return Err("no `node` on the PATH (Debian: nodejs)".into());
    };
    assert!(
        status.success(),
        "jco makes no JavaScript of the guests: {status}"
    );
    Ok(())
}
