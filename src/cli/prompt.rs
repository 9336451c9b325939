//! Questions at the terminal. Ctrl-C at one ends its line, says that nothing was done, and leaves the terminal as it was.

use std::io;
use std::process::ExitCode;

use console::Term;
use parking_lot::Mutex;

use super::tell;

/// The exit code of what Ctrl-C has ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// A question that waits for its answer.
struct Open {
    /// What is said if none comes.
    otherwise: &'static str,
    #[cfg(unix)]
    terminal: Option<rustix::termios::Termios>,
}

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

/// Asks, and returns the line that is typed. `otherwise` is said at Ctrl-C.
///
/// # Errors
/// The terminal's own.
pub(super) async fn answer(term: &Term, question: &str, otherwise: &'static str) -> anyhow::Result<String> {
    term.write_str(question)?;
    let read = || {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    };
    line(read, otherwise).await
}

/// Asks, and returns the line that is typed without being shown.
///
/// # Errors
/// The terminal's own.
pub(super) async fn secret(question: &str, otherwise: &'static str) -> anyhow::Result<String> {
    let term = Term::stdout();
    term.write_str(question)?;
    line(move || term.read_secure_line(), otherwise).await
}

async fn line(
    read: impl FnOnce() -> io::Result<String> + Send + 'static,
    otherwise: &'static str,
) -> anyhow::Result<String> {
    *OPEN.lock() = Some(Open {
        otherwise,
        #[cfg(unix)]
        terminal: rustix::termios::tcgetattr(io::stdin()).ok(),
    });
    let line = tokio::task::spawn_blocking(read).await;
    *OPEN.lock() = None;
    Ok(line??)
}

/// Runs a command that may ask, until it has ended or Ctrl-C ends it.
///
/// # Errors
/// The command's own.
pub(super) async fn until_interrupted(
    command: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    tokio::select! {
        // It is listened for before anything is asked.
        biased;
        Ok(()) = tokio::signal::ctrl_c() => {
            if let Some(open) = OPEN.lock().take() {
                #[cfg(unix)]
                if let Some(terminal) = &open.terminal {
                    // Ignore: it may be gone.
                    let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Now, terminal);
                }
                tell(&format!("\n{}", open.otherwise));
            }
            Ok(ExitCode::from(INTERRUPTED))
        }
        code = command => code,
    }
}
