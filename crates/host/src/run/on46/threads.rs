//! The import `wasi::thread-spawn` of the wasi-threads proposal.
//!
//! The crate wasmtime-wasi-threads does not fit here, for two reasons. It ends the whole process
//! when a guest thread exits or traps. And it gives the stores of threads neither an epoch deadline
//! nor fuel, so in an engine that interrupts guests they trap at once.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

use wasi_common::WasiCtx;
use wasmtime46::{Caller, InstancePre, Linker, Module, SharedMemory, Store};

use super::start::{self, State};
use crate::run::exit::Exit;
use crate::run::guest_state::GuestState;

/// The WASI context of a guest that may start threads.
pub(crate) struct Threaded {
    pub(crate) wasi: WasiCtx,
    pub(crate) spawner: Option<Arc<Spawner>>,
}

pub(crate) type StoreState = State<Threaded>;

/// The function in which a guest thread starts.
const ENTRY: &str = "wasi_thread_start";

/// The proposal requires the upper three bits of a thread's id to be zero.
const LAST_ID: i32 = 0x1FFF_FFFF;

/// The import by which a guest starts threads.
const IMPORT: (&str, &str) = ("wasi", "thread-spawn");

/// Whether a guest is built for threads: it starts them, or imports the memory that they share.
pub(crate) fn are_used_by(module: &Module) -> bool {
    let mut imports = module.imports();
    imports.any(|import| {
        let memory = import.ty().memory().cloned();
        (import.module(), import.name()) == IMPORT || memory.is_some_and(|one| one.is_shared())
    })
}

/// Starts the threads of one guest.
#[derive(Default)]
pub(crate) struct Spawner {
    instance: OnceLock<InstancePre<StoreState>>,
    last_id: AtomicI32,
}

impl Spawner {
    /// Sets the linked guest. This is separate from creation because linking needs the spawner.
    pub(crate) fn set_instance(&self, instance: InstancePre<StoreState>) {
        let _ = self.instance.set(instance);
    }

    /// Starts a thread. Returns its id, or `None` if that failed.
    fn spawn(
        self: &Arc<Self>,
        wasi: WasiCtx,
        guest: Arc<GuestState>,
        argument: i32,
    ) -> Option<i32> {
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
                let spawner = Some(spawner);
                let state = State::new(Threaded { wasi, spawner }, Arc::clone(&guest));
                if let Some(exit) = run(state, &instance, id, argument) {
                    guest.finish(exit);
                }
            })
            .ok()?;
        Some(id)
    }
}

fn run(
    state: StoreState,
    instance: &InstancePre<StoreState>,
    id: i32,
    argument: i32,
) -> Option<Exit> {
    let store = match state.into_store(instance.module().engine()) {
        Ok(store) => store,
        Err(error) => return Some(Exit::Trap(format!("{error:?}"))),
    };
    start::run(store, |store| {
        let instance = instance.instantiate(&mut *store)?;
        let entry = instance.get_typed_func::<(i32, i32), ()>(&mut *store, ENTRY)?;
        entry.call(&mut *store, (id, argument))
    })
}

/// Links `thread-spawn` and the shared memory that the guest imports.
pub(crate) fn add_to_linker(
    linker: &mut Linker<StoreState>,
    store: &Store<StoreState>,
    module: &Module,
) -> wasmtime46::Result<()> {
    linker.func_wrap(
        IMPORT.0,
        IMPORT.1,
        |caller: Caller<'_, StoreState>, argument: i32| -> i32 {
            let state = caller.data();
            let Threaded { wasi, spawner } = &state.wasi;
            spawner
                .as_ref()
                .and_then(|one| one.spawn(wasi.clone(), Arc::clone(&state.guest), argument))
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
        store.data().guest.set_shared_memory(memory.clone());
        linker.define(store, import.module(), import.name(), memory)?;
    }
    Ok(())
}
