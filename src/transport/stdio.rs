//! MCP over standard input and output, as hosts launch it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rmcp::service::ServerInitializeError;
use rmcp::transport::stdio_pipes;
use rmcp::{RoleServer, Service, ServiceExt};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Stop;

/// How long in-flight calls get after the end of input: long enough for `printf … | oncehub-mcp`, short enough for a
/// host that has gone.
const EOF_GRACE: Duration = Duration::from_millis(250);

/// How long in-flight calls get after a request to stop, so that a question that nobody answers does not keep the
/// process alive forever.
const LAST_CALLS: Duration = Duration::from_secs(30);

/// The calls of a server, as far as a shutdown has to know them.
pub trait Calls {
    /// Waits until no call is in flight.
    fn answered(&self) -> impl Future<Output = ()>;

    /// Stops accepting calls, and waits until none is in flight.
    fn drain(&self) -> impl Future<Output = ()>;

    /// Stops sending changes, and waits until the outcome of those already sent is known.
    fn finish_changes(&self) -> impl Future<Output = ()>;

    /// Answers the calls that are still in flight: each response says whether a change may have been made.
    fn cut_off(&self);
}

/// Serves until the input ends or it is asked to stop.
///
/// After the end of input, calls get a moment to be answered; a change in flight to OnceHub gets until its deadline.
/// When it is asked to stop, all calls get half a minute, and a change in flight again gets until its deadline, unless it
/// has to end at once.
///
/// # Errors
/// If the client does not open the session as the protocol requires.
pub async fn serve<S: Service<RoleServer>>(service: S, stop: &Stop, calls: &impl Calls) -> anyhow::Result<()> {
    let (ended, released) = (CancellationToken::new(), CancellationToken::new());
    let (input, output) = stdio_pipes();
    let cancel = CancellationToken::new();
    let released_by = Box::pin(released.clone().cancelled_owned());
    let held = DelayedEof { input, is_over: false, ended: ended.clone(), released: released_by };
    let mut opening = std::pin::pin!(service.serve_with_ct((held, output), cancel.clone()));
    let opened = loop {
        tokio::select! {
            opened = &mut opening => break opened,
            // There can be no call yet.
            () = ended.cancelled(), if !released.is_cancelled() => released.cancel(),
            () = stop.asked.cancelled() => return Ok(()),
        }
    };
    let running = match opened {
        Ok(running) => running,
        // No message ever came: the host has changed its mind.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let mut waiting = Box::pin(running.waiting());
    tokio::select! {
        _ = &mut waiting => {}
        () = ended.cancelled() => {
            let _ = tokio::time::timeout(EOF_GRACE, calls.answered()).await;
            calls.finish_changes().await;
            released.cancel();
            let _ = tokio::time::timeout(EOF_GRACE, &mut waiting).await;
        }
        () = stop.asked.cancelled() => {
            let finished = async {
                let _ = tokio::time::timeout(LAST_CALLS, calls.drain()).await;
                calls.finish_changes().await;
            };
            if stop.unless_at_once(finished).await.is_none() {
                calls.cut_off();
                let _ = tokio::time::timeout(EOF_GRACE, calls.answered()).await;
            }
            cancel.cancel();
            let _ = tokio::time::timeout(Duration::from_secs(2), &mut waiting).await;
        }
    }
    Ok(())
}

/// Standard input whose end is reported at once, but passed on to rmcp only when released: rmcp gives in-flight calls
/// five seconds from then on, which is too long for a host that has gone, and too short for a change.
struct DelayedEof<R> {
    input: R,
    is_over: bool,
    ended: CancellationToken,
    released: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for DelayedEof<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_over {
            let before = buffer.filled().len();
            let polled = ready!(Pin::new(&mut self.input).poll_read(context, buffer));
            self.is_over = polled.is_err() || buffer.filled().len() == before && buffer.remaining() > 0;
            if !self.is_over {
                return Poll::Ready(Ok(()));
            }
            self.ended.cancel();
        }
        self.released.as_mut().poll(context).map(Ok)
    }
}
