//! MCP over standard input and output, as hosts launch it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rmcp::service::ServerInitializeError;
use rmcp::transport::stdio_pipes;
use rmcp::{RoleServer, Service, ServiceExt};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

/// How long answers that are nearly there get after the end of input: long enough for `printf … | oncehub-mcp`, short enough
/// for a host that has gone.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// How long calls under way get after a request to stop; a question that nobody answers does not hold the process for ever.
const LAST_CALLS: Duration = Duration::from_secs(30);

/// Serves until the input ends or `stop` completes. After `stop`, `drain` is waited for, so that calls under way are
/// answered.
///
/// # Errors
/// When the client does not open the conversation as the protocol wants it.
pub async fn serve<S, D>(service: S, stop: impl Future<Output = ()>, drain: impl FnOnce() -> D) -> anyhow::Result<()>
where
    S: Service<RoleServer>,
    D: Future<Output = ()>,
{
    let ended = CancellationToken::new();
    let (input, output) = stdio_pipes();
    let cancel = CancellationToken::new();
    let watched = Watched { input, ended: ended.clone() };
    let opening = service.serve_with_ct((watched, output), cancel.clone());
    tokio::pin!(stop);
    let opened = tokio::select! {
        opened = opening => opened,
        () = &mut stop => return Ok(()),
    };
    let running = match opened {
        Ok(running) => running,
        // Nobody ever spoke: a host that changed its mind.
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let mut waiting = Box::pin(running.waiting());
    tokio::select! {
        _ = &mut waiting => {}
        () = ended.cancelled() => {
            let _ = tokio::time::timeout(LAST_WORDS, &mut waiting).await;
        }
        () = &mut stop => {
            let _ = tokio::time::timeout(LAST_CALLS, drain()).await;
            cancel.cancel();
            let _ = tokio::time::timeout(Duration::from_secs(2), &mut waiting).await;
        }
    }
    Ok(())
}

/// Standard input that tells when it has ended: rmcp then waits up to five seconds for calls under way, and a host that has
/// gone should not have to wait for us.
struct Watched<R> {
    input: R,
    ended: CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.input).poll_read(context, buffer);
        let nothing_more = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if nothing_more {
            self.ended.cancel();
        }
        polled
    }
}
