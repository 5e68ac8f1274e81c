//! What the component ABI returns, and how its methods are called.

use std::mem::{ManuallyDrop, MaybeUninit, offset_of};

/// `result<T, E>`.
#[repr(C)]
pub(crate) struct HostResult<T, E> {
    is_error: u8,
    payload: Payload<T, E>,
}

#[repr(C)]
union Payload<T, E> {
    value: ManuallyDrop<T>,
    error: ManuallyDrop<E>,
}

impl<T, E> HostResult<T, E> {
    /// Where the payload is, and the size of it all, for assertions of what the ABI says.
    pub(super) const LAYOUT: (usize, usize) = (offset_of!(Self, payload), size_of::<Self>());

    /// # Safety
    /// The host has written it.
    pub(super) unsafe fn into_result(self) -> Result<T, E> {
        let Self { is_error, payload } = self;
        if is_error == 0 {
            // SAFETY: the ABI has written this case.
            Ok(ManuallyDrop::into_inner(unsafe { payload.value }))
        } else {
            // SAFETY: as above.
            Err(ManuallyDrop::into_inner(unsafe { payload.error }))
        }
    }
}

/// `option<T>`.
#[cfg(all(target_os = "wasi", feature = "net"))]
#[repr(C)]
pub(crate) struct HostOption<T> {
    is_some: u8,
    value: MaybeUninit<T>,
}

#[cfg(all(target_os = "wasi", feature = "net"))]
impl<T> HostOption<T> {
    /// As [`HostResult::LAYOUT`].
    pub(super) const LAYOUT: (usize, usize) = (offset_of!(Self, value), size_of::<Self>());

    pub(super) fn new(value: Option<T>) -> Self {
        Self {
            is_some: value.is_some().into(),
            value: value.map_or(MaybeUninit::uninit(), MaybeUninit::new),
        }
    }

    pub(super) fn into_option(self) -> Option<T> {
        // SAFETY: `new` and the ABI write a value where they write that there is one.
        (self.is_some != 0).then(|| unsafe { self.value.assume_init() })
    }
}

/// Calls an import that writes what it returns to a pointer.
///
/// # Safety
/// `import` has a `T` written to the pointer.
pub(super) unsafe fn returned<T>(import: impl FnOnce(*mut T)) -> T {
    let mut value = MaybeUninit::uninit();
    import(value.as_mut_ptr());
    // SAFETY: as the caller promises.
    unsafe { value.assume_init() }
}

/// Calls an import that returns a `result`.
///
/// # Safety
/// `import` has a `result<T, E>` written to the pointer.
#[cfg(all(target_os = "wasi", feature = "net"))]
pub(super) unsafe fn result<T, E>(import: impl FnOnce(*mut HostResult<T, E>)) -> Result<T, E> {
    // SAFETY: as the caller promises.
    let result = unsafe { returned(import) };
    // SAFETY: as above.
    unsafe { result.into_result() }
}

/// A resource of the host, which is dropped with its value.
#[cfg(all(target_os = "wasi", feature = "net"))]
macro_rules! resource {
    ($(#[$attribute:meta])* $name:ident, $drop:literal in $module:literal) => {
        $(#[$attribute])*
        #[derive(Debug)]
        #[repr(transparent)]
        pub(crate) struct $name {
            handle: u32,
        }

        impl $name {
            pub(crate) const fn handle(&self) -> u32 {
                self.handle
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $drop]
                    safe fn import(handle: u32);
                }
                import(self.handle);
            }
        }
    };
}

#[cfg(all(target_os = "wasi", feature = "net"))]
pub(super) use resource;
