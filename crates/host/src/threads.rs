//! The import `wasi::thread-spawn` of the proposal wasi-threads.
//!
//! The crate wasmtime-wasi-threads ends the whole process when a guest's thread
//! exits or traps, and its threads' stores have neither an epoch deadline nor
//! fuel: they trap at once in an engine that interrupts guests. Hence our own.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

use wasi_common::WasiCtx;
use wasmtime::{Caller, InstancePre, Linker, Module, SharedMemory, Store};

use crate::life::Life;
use crate::start::{self, State};

type Guest = State<WasiCtx>;

/// The function that a thread of a guest starts in.
const ENTRY: &str = "wasi_thread_start";

/// The proposal keeps the upper three bits of a thread's id clear.
const LAST_ID: i32 = 0x1FFF_FFFF;

/// Starts the threads of one guest.
#[derive(Default)]
pub(crate) struct Spawner {
    instance: OnceLock<InstancePre<Guest>>,
    last_id: AtomicI32,
}

impl Spawner {
    /// Gives it the linked guest, which needs the spawner to be linked.
    pub(crate) fn set_instance(&self, instance: InstancePre<Guest>) {
        let _ = self.instance.set(instance);
    }

    /// Starts a thread: its id, or `None` where that is not possible.
    fn spawn(self: &Arc<Self>, wasi: WasiCtx, life: Arc<Life>, argument: i32) -> Option<i32> {
        let instance = self.instance.get()?.clone();
        let id = self
            .last_id
            .try_update(Ordering::SeqCst, Ordering::SeqCst, |id| {
                (id < LAST_ID).then_some(id + 1)
            })
            .ok()?
            + 1;
        let spawner = Arc::clone(self);
        std::thread::Builder::new()
            .name(format!("guest-{id}"))
            .spawn(move || {
                let state = State::new(wasi, Arc::clone(&life), Some(spawner));
                if let Some(exit) = run(state, &instance, id, argument) {
                    life.finish(exit);
                }
            })
            .ok()?;
        Some(id)
    }
}

fn run(state: Guest, instance: &InstancePre<Guest>, id: i32, argument: i32) -> Option<crate::Exit> {
    let store = match state.into_store() {
        Ok(store) => store,
        Err(error) => return Some(crate::Exit::Trap(format!("{error:?}"))),
    };
    start::run(store, |store| {
        let instance = instance.instantiate(&mut *store)?;
        let entry = instance.get_typed_func::<(i32, i32), ()>(&mut *store, ENTRY)?;
        entry.call(&mut *store, (id, argument))
    })
}

/// Links `thread-spawn` and gives the guest the shared memory it imports.
pub(crate) fn add_to_linker(
    linker: &mut Linker<Guest>,
    store: &Store<Guest>,
    module: &Module,
) -> wasmtime::Result<()> {
    linker.func_wrap(
        "wasi",
        "thread-spawn",
        |caller: Caller<'_, Guest>, argument: i32| -> i32 {
            let state = caller.data();
            let (wasi, life) = (state.wasi.clone(), Arc::clone(&state.life));
            state
                .spawner
                .as_ref()
                .and_then(|spawner| spawner.spawn(wasi, life, argument))
                .unwrap_or(-1)
        },
    )?;
    for import in module.imports() {
        let Some(memory) = import
            .ty()
            .memory()
            .filter(|memory| memory.is_shared())
            .cloned()
        else {
            continue;
        };
        let memory = SharedMemory::new(module.engine(), memory)?;
        store.data().life.set_shared_memory(memory.clone());
        linker.define(store, import.module(), import.name(), memory)?;
    }
    Ok(())
}
