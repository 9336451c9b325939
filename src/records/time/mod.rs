//! Times, as people write and read them. OnceHub speaks UTC; this is where it becomes somebody's Tuesday afternoon.

mod format;
mod of_day;
mod parse;
#[cfg(test)]
mod tests;
mod window;
mod words;
mod zone;

pub use format::{clock, day, day_with_offset, instant, local, range, read};
pub use of_day::{days, lacks_half, of_day, plain_clock};
pub use parse::{Moment, date, parse, past};
pub use window::Window;
pub use zone::Zone;

/// A time or a zone that cannot be understood; the message says what can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTime(String);
