//! One connection. While nothing is asked on it, it takes little more than its socket: hyper's two buffers, of 8 KiB each, are
//! only there from the first byte of a request to the last one of its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::kept::kept;
use super::network::Peer;

/// The longest head of a request, and the most of an answer that waits for a slow client.
const BUFFER: usize = 64 << 10;

/// A stream over a socket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn socket(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Serves what is asked on a connection until the client closes it, is slow for longer than `patience`, or has been answered
/// after `stopping`.
pub(super) async fn serve<S: Stream>(stream: S, routes: Router, patience: Duration, stopping: CancellationToken) {
    let mut timed = TimeoutStream::new(stream);
    timed.set_write_timeout(Some(patience));
    let mut watched = Watched { stream: Box::pin(timed), ahead: Bytes::new(), seen: Arc::default() };
    // The first request may have come with the end of the handshake, so it is read for.
    let mut first = [0; 1];
    let mut is_asked = wait(watched.stream.read(&mut first), patience, &stopping).await.is_some_and(|read| read > 0);
    watched.ahead = Bytes::copy_from_slice(&first);
    while is_asked {
        // What answers is on the heap, so that who only waits does not take the room.
        let Some(idle) = Box::pin(answer(watched, routes.clone(), patience, &stopping)).await else { return };
        watched = idle;
        // One of which hyper has read a part ahead is not waited for.
        is_asked = !watched.ahead.is_empty()
            || wait(watched.stream.get_ref().socket().readable(), patience, &stopping).await.is_some();
    }
}

/// Waits for a request, unless that takes too long or the server stops.
async fn wait<T>(
    asked: impl Future<Output = io::Result<T>>,
    patience: Duration,
    stopping: &CancellationToken,
) -> Option<T> {
    tokio::select! {
        asked = tokio::time::timeout(patience, asked) => asked.ok()?.ok(),
        () = stopping.cancelled() => None,
    }
}

/// Answers requests until none is there. Nothing is returned when the connection has come to its end.
async fn answer<S: Stream>(
    watched: Watched<S>,
    routes: Router,
    patience: Duration,
    stopping: &CancellationToken,
) -> Option<Watched<S>> {
    let seen = Arc::new(Seen::default());
    let watched = Watched { seen: Arc::clone(&seen), ..watched };
    let (asked, routes) = (Arc::clone(&seen), TowerToHyperService::new(routes));
    let peer = watched.stream.get_ref().socket().peer_addr().map(|address| Peer(address.ip())).ok();
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        asked.request.store(true, Ordering::Relaxed);
        let (open, response) = (asked.answers.token(), routes.call(request));
        async move { response.await.map(|response| response.map(|body| kept(body, open))) }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(watched), service);
    let mut is_stopping = std::pin::pin!(stopping.cancelled());
    let mut is_told = false;
    let is_idle = std::future::poll_fn(|cx| {
        if !is_told && is_stopping.as_mut().poll(cx).is_ready() {
            is_told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        match Pin::new(&mut connection).poll(cx) {
            Poll::Pending if seen.is_idle() => Poll::Ready(true),
            // An error is a client that went away, was too slow, or sent what is not HTTP.
            ended => ended.map(|_| false),
        }
    });
    if !is_idle.await {
        return None;
    }
    let parts = connection.into_parts();
    let watched = parts.io.into_inner();
    Some(Watched { ahead: [parts.read_buf, watched.ahead].concat().into(), ..watched })
}

/// What hyper does with a connection, as it is seen from both its ends: the stream and the service.
#[derive(Default)]
struct Seen {
    /// A request has come.
    request: AtomicBool,
    /// The answers that have not been sent to the end.
    answers: TaskTracker,
    /// All that came has been read.
    read: AtomicBool,
    /// The client has not taken all that was written, or the connection is being closed.
    writing: AtomicBool,
}

impl Seen {
    /// Whether hyper has done all that there was to do.
    fn is_idle(&self) -> bool {
        self.request.load(Ordering::Relaxed)
            && self.answers.is_empty()
            && self.read.load(Ordering::Relaxed)
            && !self.writing.load(Ordering::Relaxed)
    }
}

/// A stream that is seen writing, and that begins with what has been read ahead.
struct Watched<S> {
    stream: Pin<Box<TimeoutStream<S>>>,
    ahead: Bytes,
    seen: Arc<Seen>,
}

impl<S: Stream> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            let read = self.stream.as_mut().poll_read(cx, buffer);
            self.seen.read.store(read.is_pending(), Ordering::Relaxed);
            return read;
        }
        let fits = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead.split_to(fits));
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> Watched<S> {
    fn written<T>(&self, written: Poll<T>) -> Poll<T> {
        self.seen.writing.store(written.is_pending(), Ordering::Relaxed);
        written
    }
}

impl<S: Stream> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.stream.as_mut().poll_write(cx, bytes);
        self.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream.as_mut().poll_write_vectored(cx, bytes);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.stream.as_mut().poll_flush(cx);
        self.written(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Whatever comes of it, nothing is asked any more.
        self.seen.writing.store(true, Ordering::Relaxed);
        self.stream.as_mut().poll_shutdown(cx)
    }
}
