//! The transports. Each is generic over what it serves, and knows nothing of tools.

pub mod http;
pub mod stdio;
