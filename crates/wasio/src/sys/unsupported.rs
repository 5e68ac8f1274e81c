compile_error!(
    "wasio has no backend for this target: it has one for WASI 0.1 and 0.2, Linux, Android, Apple's \
     systems, FreeBSD, NetBSD, OpenBSD, DragonFly BSD and Windows \
     (see \"Supported platforms\" in wasio's README)"
);
