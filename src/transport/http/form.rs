//! The form of a response: a stream of events, or one JSON text for clients that accept nothing else; and a reason in
//! each rejection, also in those that are not ours.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Bytes;
use serde_json::Value;
use sse_stream::SseStream;

use super::Refusal;
use super::streamable::Message;

/// The response of rmcp's service.
pub(super) type Served = http::Response<BoxBody<Bytes, Infallible>>;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// What rmcp wants to be accepted with each message.
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// A response's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A stream of events, or JSON: whichever suits the response.
    Any,
    /// JSON only.
    Json,
}

impl Form {
    /// Returns the form that a message's `Accept` asks for, and makes the header one that rmcp takes.
    ///
    /// A stream is only sent to a client that names it: what accepts anything is a script, a probe or a gateway.
    pub(super) fn take(headers: &mut HeaderMap) -> Result<Self, Refusal> {
        let values = || headers.get_all(ACCEPT).iter();
        let is_absent = values().all(|value| value.as_bytes().trim_ascii().is_empty());
        let kinds: Vec<String> = values()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(accepted)
            .collect();
        let takes = |kind: &str| kinds.iter().any(|accepted| accepted == kind);
        if !is_absent && ![JSON, "application/*", "*/*"].into_iter().any(takes) {
            let reason = "responses are JSON, or a stream if that suits them: accept application/json, or better \
                'application/json, text/event-stream'";
            return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "accept", reason));
        }
        let form = if takes(EVENTS) { Self::Any } else { Self::Json };
        headers.insert(ACCEPT, BOTH);
        Ok(form)
    }
}

/// Returns the kind of a media range, unless its weight is zero.
fn accepted(range: &str) -> Option<String> {
    let mut parts = range.split(';');
    let kind = parts.next()?.trim().to_ascii_lowercase();
    let is_excluded = parts.filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    });
    (!is_excluded && !kind.is_empty()).then_some(kind)
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(kind.as_bytes()))
}

/// Returns a stream's response to its request as JSON, and drops the notifications before it. Any other response is
/// returned as it is.
pub(super) async fn collected(response: Served) -> Result<Served, Refusal> {
    if !is(response.headers(), EVENTS) {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let is_response =
        |data: &String| serde_json::from_str::<Message>(data).is_ok_and(|message| message.method.is_none());
    let responses = SseStream::new(body)
        .filter_map(|event| std::future::ready(event.ok().and_then(|event| event.data).filter(is_response)));
    let response = std::pin::pin!(responses).next().await.ok_or_else(Refusal::cut_off)?;
    parts.headers.remove(CACHE_CONTROL);
    parts.headers.remove(HeaderName::from_static("x-accel-buffering"));
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    Ok(http::Response::from_parts(parts, BoxBody::new(response)))
}

/// Gives rmcp's rejections the body that ours have, with the request's id, and so a response that it has none for. Any
/// other response is returned as it is.
pub(super) async fn explained(response: Served, id: Option<&Value>) -> Response {
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR && !is(response.headers(), JSON) {
        return Refusal::cut_off().to(id).into_response();
    }
    if !response.status().is_client_error() || is(response.headers(), JSON) {
        return response.map(Body::new);
    }
    let (parts, body) = response.into_parts();
    let said = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let refusal = match parts.status {
        StatusCode::METHOD_NOT_ALLOWED => {
            let reason =
                "POST messages to this address; GET and DELETE are for sessions, which 2026-07-28 does not have";
            Refusal::new(parts.status, "method", reason)
        }
        StatusCode::NOT_ACCEPTABLE => {
            Refusal::new(parts.status, "accept", "GET opens a stream of a session: accept text/event-stream")
        }
        // Not what its status says: the content type was right.
        StatusCode::UNSUPPORTED_MEDIA_TYPE if said.starts_with("fail to deserialize") => {
            Refusal::invalid("the body is not an MCP message")
        }
        status => {
            let name = if status == StatusCode::UNSUPPORTED_MEDIA_TYPE { "content_type" } else { "protocol" };
            let reason = said.split_once(": ").map_or(&*said, |(_, reason)| reason);
            Refusal::new(status, name, reason.to_owned())
        }
    };
    let mut explained = refusal.to(id).into_response();
    explained.headers_mut().extend(parts.headers.get(ALLOW).map(|allowed| (ALLOW, allowed.clone())));
    explained
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &[&str]) -> Option<Form> {
        let mut headers: HeaderMap = accept.iter().map(|value| (ACCEPT, value.parse().unwrap())).collect();
        let form = Form::take(&mut headers).ok()?;
        assert_eq!(headers.get_all(ACCEPT).iter().collect::<Vec<_>>(), [BOTH]);
        Some(form)
    }

    #[test]
    fn a_stream_is_for_those_that_name_it() {
        for both in [
            &["application/json, text/event-stream"][..],
            &["text/event-stream", "application/json"],
            &["TEXT/Event-Stream;q=0.5, */*"],
            &["application/json;q=0.9,text/event-stream;q=1.0"],
        ] {
            assert_eq!(form(both), Some(Form::Any), "{both:?}");
        }
        for json in [
            &[][..],
            &[""],
            &["*/*"],
            &["application/*"],
            &["application/json"],
            &["application/json; charset=utf-8"],
            &["application/json, text/plain, */*"],
            &["application/json, text/event-stream;q=0"],
        ] {
            assert_eq!(form(json), Some(Form::Json), "{json:?}");
        }
        for neither in [
            &["text/event-stream"][..],
            &["text/*"],
            &["text/html"],
            &["application/json;q=0"],
            &["*/*;q=0.0, text/event-stream"],
        ] {
            assert_eq!(form(neither), None, "{neither:?}");
        }
    }

    fn served(status: u16, kind: &'static str, body: &'static str) -> Served {
        http::Response::builder().status(status).header(CONTENT_TYPE, kind).body(BoxBody::new(body.to_owned())).unwrap()
    }

    #[tokio::test]
    async fn of_a_stream_the_response_is_kept() {
        const STREAM: &str = "id: 0\nretry: 3000\ndata: \n\n: keep-alive\n\n\
            data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n\
            data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"method\":1}}\n\n";
        let response = collected(served(200, EVENTS, STREAM)).await.unwrap();
        assert!(is(response.headers(), JSON));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"method\":1}}");
        let cut = STREAM.rsplit_once("data").unwrap().0;
        assert!(collected(served(200, EVENTS, cut)).await.is_err());
        assert_eq!(collected(served(202, "", "")).await.unwrap().status(), 202);
    }

    #[tokio::test]
    async fn a_rejection_without_words_gets_some() {
        let told = async |status, kind, body| {
            let response = explained(served(status, kind, body), Some(&Value::from(3))).await;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        };
        let (status, body) = told(400, "", "Bad Request: Session ID is required").await;
        assert!(status == 400 && body.contains("\"id\":3") && body.contains("\"Session ID is required\""), "{body}");
        let (status, body) = told(415, "", "fail to deserialize request body").await;
        assert!(status == 400 && body.contains("not an MCP message"), "{body}");
        let (status, body) = told(405, "", "").await;
        assert!(status == 405 && body.contains("POST messages"), "{body}");
        let (status, body) = told(500, "", "Encounter an error when empty response: no response message").await;
        assert!(status == 500 && body.contains("\"id\":3") && body.contains("is not known"), "{body}");
        for as_it_is in [(404, JSON, "{}"), (200, "text/plain", "fine"), (500, JSON, "broken")] {
            let (status, body) = told(as_it_is.0, as_it_is.1, as_it_is.2).await;
            assert_eq!((status, &*body), (as_it_is.0, as_it_is.2));
        }
    }
}
