//! What the component ABI returns, and how its methods are called: the same for each version of WASI.

use core::mem::{ManuallyDrop, MaybeUninit, offset_of};

/// `result<T, E>`.
#[repr(C)]
pub struct HostResult<T, E> {
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
    pub const LAYOUT: (usize, usize) = (offset_of!(Self, payload), size_of::<Self>());

    /// # Safety
    /// The host has written it.
    pub unsafe fn into_result(self) -> Result<T, E> {
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
#[repr(C)]
pub struct HostOption<T> {
    is_some: u8,
    value: MaybeUninit<T>,
}

impl<T> HostOption<T> {
    /// As [`HostResult::LAYOUT`].
    pub const LAYOUT: (usize, usize) = (offset_of!(Self, value), size_of::<Self>());

    pub fn new(value: Option<T>) -> Self {
        Self {
            is_some: value.is_some().into(),
            value: value.map_or(MaybeUninit::uninit(), MaybeUninit::new),
        }
    }

    pub fn into_option(self) -> Option<T> {
        // SAFETY: `new` and the ABI write a value where they write that there is one.
        (self.is_some != 0).then(|| unsafe { self.value.assume_init() })
    }
}

/// Calls an import that writes what it returns to a pointer.
///
/// # Safety
/// `import` has a `T` written to the pointer.
pub unsafe fn returned<T>(import: impl FnOnce(*mut T)) -> T {
    let mut value = MaybeUninit::uninit();
    import(value.as_mut_ptr());
    // SAFETY: as the caller promises.
    unsafe { value.assume_init() }
}

/// Calls an import that returns a `result`.
///
/// # Safety
/// `import` has a `result<T, E>` written to the pointer.
pub unsafe fn result<T, E>(import: impl FnOnce(*mut HostResult<T, E>)) -> Result<T, E> {
    // SAFETY: as the caller promises.
    let result = unsafe { returned(import) };
    // SAFETY: as above.
    unsafe { result.into_result() }
}

/// A resource of the host, which is dropped with its value.
#[macro_export]
macro_rules! resource {
    ($(#[$attribute:meta])* $visibility:vis $name:ident, $drop:literal in $module:literal) => {
        $(#[$attribute])*
        #[derive(Debug)]
        #[repr(transparent)]
        $visibility struct $name {
            handle: u32,
        }

        impl $name {
            $visibility const fn handle(&self) -> u32 {
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

/// Methods of a resource that return a `result<_, error-code>`. A line is the type of a method in
/// Rust, and its name in the interface. The file that uses this has `NetResult`, `net_result` and
/// `SocketResult` of its version.
#[macro_export]
macro_rules! methods {
    ($resource:ty, in $module:literal {$(
        $visibility:vis fn $method:ident($($argument:ident: $type:ty),*) -> Result<$value:ty>
            = $name:literal;
    )*}) => {
        impl $resource {$(
            $visibility fn $method(&self, $($argument: $type),*) -> SocketResult<$value> {
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $name]
                    fn import(
                        handle: u32,
                        $($argument: $type,)*
                        result: *mut NetResult<$value>,
                    );
                }
                // SAFETY: the host writes a result to `result`.
                let import = |result| unsafe { import(self.handle(), $($argument,)* result) };
                // SAFETY: as above.
                unsafe { net_result(import) }
            }
        )*}
    };
}

/// Methods that take an address, and another resource before it, and return a
/// `result<_, error-code>`. What the file has for [`methods!`] it has for this too.
#[macro_export]
macro_rules! address_methods {
    ($resource:ty, in $module:literal {$(
        $visibility:vis fn $method:ident($($other:ident: $type:ty)?) = $name:literal;
    )*}) => {
        impl $resource {$(
            $visibility fn $method(
                &self,
                $($other: $type,)?
                address: core::net::SocketAddr,
            ) -> SocketResult<()> {
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $name]
                    fn import(
                        handle: u32,
                        $($other: u32,)?
                        a: u32, b: u32, c: u32, d: u32, e: u32, f: u32,
                        g: u32, h: u32, i: u32, j: u32, k: u32, l: u32,
                        result: *mut NetResult<()>,
                    );
                }
                let [a, b, c, d, e, f, g, h, i, j, k, l] = $crate::address::flat(address);
                let handle = self.handle();
                $(let $other = $other.handle();)?
                let import = |result| {
                    // SAFETY: the host writes a result to `result`.
                    unsafe { import(handle, $($other,)? a, b, c, d, e, f, g, h, i, j, k, l, result) }
                };
                // SAFETY: as above.
                unsafe { net_result(import) }
            }
        )*}
    };
}

/// The function that creates a socket. What the file has for [`methods!`] it has for this too.
#[macro_export]
macro_rules! create_socket {
    ($visibility:vis $resource:ty = $name:literal in $module:literal) => {
        impl $resource {
            $visibility fn create(family: $crate::address::IpAddressFamily) -> SocketResult<Self> {
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    #[link_name = $name]
                    fn import(family: u32, result: *mut NetResult<$resource>);
                }
                // SAFETY: the host writes a result to `result`.
                let import = |result| unsafe { import(family as u32, result) };
                // SAFETY: as above.
                unsafe { net_result(import) }
            }
        }
    };
}
