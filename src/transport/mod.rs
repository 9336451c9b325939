//! Room 4: the ways in. A transport is generic over what it serves, and ignorant of tools.

pub mod http;
pub mod stdio;
