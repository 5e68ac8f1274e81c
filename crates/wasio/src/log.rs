//! Messages through the crate `log`, when the feature of that name is on.

#[cfg(feature = "log")]
macro_rules! trace {
    ($($arguments:tt)*) => { ::log::trace!($($arguments)*) };
}

#[cfg(not(feature = "log"))]
macro_rules! trace {
    ($($arguments:tt)*) => {
        // Type-checked, and never run.
        if false {
            let _ = format_args!($($arguments)*);
        }
    };
}

pub(crate) use trace;
