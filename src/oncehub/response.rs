//! What a response says: the value that was asked for, or why there is none.

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, LINK, LOCATION};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use super::connection::reason;
use super::request::Request;
use super::{Cause, FromReply, Rejection, Sent, Settings};

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// A response that has been read, with its headers.
pub(super) struct Answer<T> {
    pub(super) value: T,
    pub(super) headers: HeaderMap,
}

impl<T: FromReply> Answer<T> {
    /// Reads a response.
    ///
    /// # Errors
    /// If it is a rejection, or not what was asked for.
    pub(super) async fn read(response: Response, request: &Request, settings: &Settings) -> Result<Self, Cause> {
        let (status, headers) = (response.status(), response.headers().clone());
        let request_id = header(&headers, &REQUEST_ID);
        let unexpected = |problem: String| Cause::UnexpectedReply {
            problem: settings.key.scrub(&problem).unwrap_or(problem),
            status: status.as_u16(),
            request_id: request_id.clone(),
        };
        if status.is_redirection() {
            return Err(unexpected(describe_redirect(&headers, &request.url)));
        }
        let limit = settings.reply_limit;
        let body = Limited::new(reqwest::Body::from(response), limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                unexpected(format!("it is larger than {limit} bytes"))
            } else {
                Cause::ConnectionLost(reason(&*error))
            }
        })?;
        let body = body.to_bytes();
        // An older branch of OnceHub's documentation has 204 for deletions. For anything else, an empty response is not
        // valid.
        let is_gone = request.method == Method::DELETE && status == StatusCode::NO_CONTENT && body.is_empty();
        let body = if is_gone { Bytes::from_static(b"{}") } else { body };
        // An upstream that echoes the key must not get it into a reply, an error or a log.
        let body = settings.key.redacted(&body).unwrap_or(body);
        // As text, since otherwise each text in it would be checked to be UTF-8; of what is not, the other says where.
        let text = str::from_utf8(&body);
        let json = text.map_or_else(|_| serde_json::from_slice::<Sent<'_>>(&body), serde_json::from_str);
        if !status.is_success() {
            // An error from an intermediary may not be JSON at all.
            let rejection = Rejection::read(&json.unwrap_or_default().into(), status, &headers);
            return Err(rejection.map_or_else(|| unexpected(describe_refusal(status, &headers)), Cause::Rejected));
        }
        let json = json.map_err(|error| unexpected(describe_non_json(status, &headers, &body, &error)))?;
        let value = T::read(json).ok_or_else(|| unexpected(format!("it is not {}", T::OUTLINE)))?;
        if request.method == Method::GET && value.is_blank_reply() {
            return Err(unexpected(format!("it is {} with nothing in it", T::OUTLINE)));
        }
        Ok(Self { value, headers })
    }
}

impl<T> Answer<T> {
    /// Returns whether a `Link` header names a next page. Nothing else is taken from it: its addresses lack `/v2`, and
    /// the key is never sent to an address that a response names.
    pub(super) fn links_to_next(&self) -> bool {
        self.headers
            .get_all(LINK)
            .iter()
            .any(|link| link.to_str().is_ok_and(|text| text.contains("rel=\"next\"") || text.contains("rel=next")))
    }
}

/// Returns the text of a header, up to a length that nobody minds in a log.
pub(super) fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.chars().take(200).collect())
}

/// Describes an error that is not the API's.
pub(super) fn describe_refusal(status: StatusCode, headers: &HeaderMap) -> String {
    let kind = header(headers, &CONTENT_TYPE).unwrap_or_else(|| "no content type".into());
    let reason = status.canonical_reason().unwrap_or("an unusual status");
    format!("HTTP {} ({reason}), with {kind} instead of the API's JSON", status.as_u16())
}

fn describe_redirect(headers: &HeaderMap, from: &Url) -> String {
    let elsewhere = header(headers, &LOCATION).and_then(|to| from.join(&to).ok());
    let to = elsewhere.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| "nowhere".into());
    format!("it redirects to {to}, where the key is not sent")
}

fn describe_non_json(status: StatusCode, headers: &HeaderMap, body: &[u8], error: &serde_json::Error) -> String {
    let kind = header(headers, &CONTENT_TYPE).unwrap_or_default();
    if body.is_empty() {
        "it is empty".into()
    } else if error.is_eof() {
        format!("its JSON is cut off after {} bytes", body.len())
    } else if kind.contains("html") || body.trim_ascii_start().starts_with(b"<") {
        format!("HTTP {} with an HTML page instead of the API's JSON", status.as_u16())
    } else {
        format!("its JSON is malformed at line {}, column {}", error.line(), error.column())
    }
}
