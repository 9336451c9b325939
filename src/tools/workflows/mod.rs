//! Jobs that no single operation of OnceHub's does, a file or a folder each: they are made of the actions and readers that
//! are there.

mod brief;
mod changes;
mod find_times;
mod move_booking;
pub(super) mod plans;
mod report;
