//! The clients, one file each.

mod claude_code;
mod claude_desktop;
mod cline;
mod codex;
mod cursor;
mod devin;
mod gemini;
mod goose;
mod vs_code;
mod windsurf;
mod zed;

use super::client::Client;

/// All clients.
pub const ALL: [&Client; 11] = [
    &claude_desktop::CLIENT,
    &claude_code::CLIENT,
    &cursor::CLIENT,
    &vs_code::CLIENT,
    &windsurf::CLIENT,
    &devin::CLIENT,
    &zed::CLIENT,
    &gemini::CLIENT,
    &codex::CLIENT,
    &cline::CLIENT,
    &goose::CLIENT,
];

/// Returns the client with this name on the command line.
pub fn named(id: &str) -> Option<&'static Client> {
    ALL.into_iter().find(|client| client.id == id)
}
