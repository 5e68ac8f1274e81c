//! Runs a linked guest on a separate thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};

use super::{I32Exit, wasmtime};
use crate::run::exit::Exit;
use crate::run::guest_state::{FUEL, GuestState};
use wasmtime::{
    Engine, ExternType, InstancePre, Linker, Module, ResourceLimiter, Store, Trap, UpdateDeadline,
};

/// The data of a guest's store. `C` is its WASI context.
pub(crate) struct State<C> {
    pub(crate) wasi: C,
    pub(crate) guest: Arc<GuestState>,
    memory: MemoryMeter,
}

/// Measures a memory that is not shared.
#[derive(Debug)]
struct MemoryMeter(Arc<GuestState>);

impl<C> State<C> {
    pub(crate) fn new(wasi: C, guest: Arc<GuestState>) -> Self {
        Self {
            wasi,
            memory: MemoryMeter(Arc::clone(&guest)),
            guest,
        }
    }

    /// Creates the store of one guest thread. It stops when the guest is stopped, and counts fuel.
    pub(crate) fn into_store(self, engine: &Engine) -> wasmtime::Result<Store<Self>>
    where
        C: 'static,
    {
        let guest = Arc::clone(&self.guest);
        let mut store = Store::new(engine, self);
        store.limiter(|state| &mut state.memory);
        if guest.fuel_is_on {
            store.set_fuel(FUEL)?;
        }
        let stopping = Arc::clone(&guest);
        store.epoch_deadline_callback(move |_| {
            Ok(if stopping.is_stopping() {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Continue(1)
            })
        });
        store.set_epoch_deadline(1);
        // Without this, a stop between the start of this thread and the line above would be missed.
        if guest.is_stopping() {
            store.set_epoch_deadline(0);
        }
        Ok(store)
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = maximum.is_none_or(|maximum| desired <= maximum);
        if fits {
            self.0.record_memory(desired);
        }
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(maximum.is_none_or(|maximum| desired <= maximum))
    }
}

/// Links a guest. Fails if it imports something that this host does not have.
pub(crate) fn link<C: 'static>(
    path: &Path,
    module: &Module,
    linker: &Linker<State<C>>,
    store: &mut Store<State<C>>,
) -> Result<InstancePre<State<C>>> {
    match module.get_export("_start") {
        Some(ExternType::Func(_)) => {}
        _ => bail!(
            "{} exports no function `_start`: it is a library, not a program",
            path.display()
        ),
    }
    for import in module.imports() {
        if linker.get_by_import(&mut *store, &import).is_some() {
            continue;
        }
        bail!(
            "{} imports `{}` of `{}`, which this host does not have",
            path.display(),
            import.name(),
            import.module()
        );
    }
    linker
        .instantiate_pre(module)
        .map_err(|error| anyhow!("{} does not fit this host: {error:#}", path.display()))
}

/// Starts the guest's main thread.
pub(crate) fn start<C: Send + 'static>(
    store: Store<State<C>>,
    instance: InstancePre<State<C>>,
) -> Result<()> {
    std::thread::Builder::new()
        .name("guest".into())
        .spawn(move || {
            let guest = Arc::clone(&store.data().guest);
            let exit = run(store, |store| {
                let instance = instance.instantiate(&mut *store)?;
                let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
                start.call(&mut *store, ())
            });
            // The guest ends when its main thread returns, like a process.
            guest.finish(exit.unwrap_or(Exit::Code(0)));
            guest.main_thread_ended();
        })
        .context("cannot start a thread for the guest")?;
    Ok(())
}

/// Runs guest code on this thread and drops its store. Returns `None` if the code returned.
pub(crate) fn run<C>(
    mut store: Store<State<C>>,
    code: impl FnOnce(&mut Store<State<C>>) -> wasmtime::Result<()>,
) -> Option<Exit> {
    let guest = Arc::clone(&store.data().guest);
    let _cpu = guest.cpu.enter();
    let result = catch_unwind(AssertUnwindSafe(|| code(&mut store)));
    guest.add_fuel(store.get_fuel().ok());
    match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(exit_of(&error)),
        Err(_) => Some(Exit::Trap("the host panicked, see its stderr".into())),
    }
}

fn exit_of(error: &wasmtime::Error) -> Exit {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Exit::Code(exit.0);
    }
    // Only `GuestState::stop` advances the epoch.
    if matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt)) {
        return Exit::Stopped;
    }
    Exit::Trap(format!("{error:?}"))
}
