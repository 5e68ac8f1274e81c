//! Presents results: tables, records and plots.

pub mod bars;
pub mod before;
pub mod plot;
pub mod record;
pub mod table;
