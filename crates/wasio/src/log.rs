//! Trace messages through the `log` crate, if the feature `log` is on.

#[cfg(feature = "log")]
macro_rules! trace {
    ($($arguments:tt)*) => { ::log::trace!($($arguments)*) };
}

#[cfg(not(feature = "log"))]
macro_rules! trace {
    ($($arguments:tt)*) => {
        // Type-checked but never run.
        if false {
            let _ = format_args!($($arguments)*);
        }
    };
}

pub(crate) use trace;
