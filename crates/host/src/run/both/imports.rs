//! The functions that a guest may import from the module `wasio_host`.

use super::start::State;
use super::wasmtime;
use crate::cpu::thread_cpu_time;
use wasmtime::{Caller, Linker};

/// The name of that module.
pub(crate) const MODULE: &str = "wasio_host";

/// Links `fuel` and `cpu_ns`.
pub(crate) fn add_to_linker<C: 'static>(linker: &mut Linker<State<C>>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "fuel", |caller: Caller<'_, State<C>>| -> i64 {
        let guest = &caller.data().guest;
        if guest.fuel_is_on {
            i64::try_from(guest.fuel_used(caller.get_fuel().ok())).unwrap_or(i64::MAX)
        } else {
            -1
        }
    })?;
    linker.func_wrap(MODULE, "cpu_ns", || -> i64 {
        i64::try_from(thread_cpu_time().as_nanos()).unwrap_or(i64::MAX)
    })?;
    Ok(())
}
