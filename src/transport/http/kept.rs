//! A body with something that has to live as long as it does.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use hyper::body::Bytes;
use hyper::body::{Frame, SizeHint};

/// An answer's body, and what is let go of with its last byte. It tells its length like the body itself, else hyper would
/// send even the shortest answer in chunks.
pub(super) struct Kept<G> {
    body: Body,
    _guard: G,
}

/// Keeps `guard` until `body` has been sent, or cannot be.
pub(super) fn kept<G: Send + Unpin + 'static>(body: Body, guard: G) -> Body {
    Body::new(Kept { body, _guard: guard })
}

impl<G: Unpin> hyper::body::Body for Kept<G> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
