//! Jobs that no single operation of OnceHub's does, a file or a folder each.

mod brief;
mod changes;
mod report;
