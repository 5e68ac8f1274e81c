compile_error!(
    "wasio has no backend for this target: see \"Supported platforms\" in wasio's README \
     (WASI 0.1 and every Unix and Windows that the crate `polling` knows)"
);
