//! The parameters of a request, and the client that it says it is from.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::SecretString;

use super::failure::Failure;

/// Parameters, of which none may be there twice: two readers might not take the same one.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    /// Reads a query, or a body of that form.
    ///
    /// # Errors
    /// A parameter that is there twice.
    pub(super) fn read(text: &[u8]) -> Result<Self, Failure> {
        let mut read = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if read.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Failure::invalid_request("a parameter is there twice: send each once"));
            }
        }
        Ok(Self(read))
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    /// If it has another form, or a parameter is there twice.
    pub(super) fn of_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, Failure> {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Failure::invalid_request("Content-Type has to be application/x-www-form-urlencoded"));
        }
        Self::read(body)
    }

    /// Returns a parameter; an empty one is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Returns a parameter that has to be there.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn need(&self, name: &'static str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| Failure::invalid_request(format!("{name} is missing")))
    }
}

/// What a request says of its client.
pub(super) struct Presented {
    pub(super) id: String,
    pub(super) secret: Option<SecretString>,
}

impl Presented {
    /// Reads who a request is from, in its header or in its body.
    ///
    /// # Errors
    /// If it does not say so, or in two ways.
    pub(super) fn read(headers: &HeaderMap, form: &Form) -> Result<Self, Failure> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (in_body, in_header) = (form.get("client_id"), values.next());
        if values.next().is_some() {
            return Err(Failure::invalid_request("Authorization is there twice"));
        }
        let Some(value) = in_header else {
            let id = in_body.ok_or_else(|| Failure::invalid_client("client_id is missing"))?.to_owned();
            return Ok(Self { id, secret: form.get("client_secret").map(Into::into) });
        };
        let basic = || {
            let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
            let text = scheme.eq_ignore_ascii_case("basic").then(|| BASE64.decode(text.trim()).ok()).flatten()?;
            let text = String::from_utf8(text).ok()?;
            let (id, secret) = text.split_once(':')?;
            Some((decoded(id), decoded(secret)))
        };
        let (id, secret) = basic().ok_or_else(|| Failure::invalid_client("Authorization has to be 'Basic …'"))?;
        if form.get("client_secret").is_some() || in_body.is_some_and(|other| other != id) {
            return Err(Failure::invalid_request("the client says who it is in two ways: send one of them"));
        }
        Ok(Self { id, secret: Some(secret).filter(|secret| !secret.is_empty()).map(Into::into) })
    }
}

/// Undoes what a client has to do with its id and secret before it joins them.
fn decoded(text: &str) -> String {
    let pair = format!("x={text}").replace('&', "%26");
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    decoded.map(|(_, text)| text.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn presented(basic: Option<&str>, body: &str) -> Result<(String, Option<String>), &'static str> {
        let mut headers = HeaderMap::new();
        if let Some(text) = basic {
            headers.insert(AUTHORIZATION, format!("Basic {}", BASE64.encode(text)).parse().unwrap());
        }
        let form = Form::read(body.as_bytes()).map_err(|failure| failure.error)?;
        let presented = Presented::read(&headers, &form).map_err(|failure| failure.error)?;
        Ok((presented.id, presented.secret.map(|secret| secret.expose_secret().to_owned())))
    }

    #[test]
    fn a_client_says_who_it_is_in_one_way() {
        let with = |id: &str, secret: Option<&str>| Ok((id.to_owned(), secret.map(str::to_owned)));
        assert_eq!(presented(None, "client_id=a"), with("a", None));
        assert_eq!(presented(None, "client_id=a&client_secret="), with("a", None));
        assert_eq!(presented(None, "client_id=a&client_secret=s"), with("a", Some("s")));
        assert_eq!(presented(Some("a:s"), ""), with("a", Some("s")));
        assert_eq!(presented(Some("a:"), "client_id=a"), with("a", None));
        assert_eq!(
            presented(Some("https%3A%2F%2Fa.example%2Fx:s%26%2Bt"), ""),
            with("https://a.example/x", Some("s&+t"))
        );
        assert_eq!(presented(Some("a:s&t"), ""), with("a", Some("s&t")), "not encoded");
        assert_eq!(presented(Some("a:s"), "client_id=a&client_secret=s"), Err("invalid_request"));
        assert_eq!(presented(Some("a:s"), "client_id=b"), Err("invalid_request"));
        assert_eq!(presented(None, "client_id=a&client_id=a"), Err("invalid_request"));
        assert_eq!(presented(None, ""), Err("invalid_client"));
        assert_eq!(presented(Some("a"), ""), Err("invalid_client"));
    }
}
