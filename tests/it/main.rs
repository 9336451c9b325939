//! The program as its users run it, and what holds for the repository as a whole. One crate, so that it links once.

mod agents;
mod client;
mod economy;
mod limits;
mod readme;
mod rooms;
mod secrets;
mod stdio;
