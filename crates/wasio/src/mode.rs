/// What a registration does after an event.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Each poll reports the source for as long as it is ready. Use this mode for sources whose I/O
    /// wasio does not see.
    Level,
    /// After an event the direction is not reported again until an operation in it returns
    /// `WouldBlock`, or until `reregister`. wasio must see the operation: do it through
    /// [`IoSource`](crate::IoSource). Natively the system may report it again when more arrives.
    Edge,
    /// After an event the source is not reported again until `reregister`.
    Oneshot,
}
