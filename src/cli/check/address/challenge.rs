//! What a server says in `WWW-Authenticate` about how to come back.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// A challenge to send a bearer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads the first challenge of these headers whose scheme is `Bearer`.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(challenges).find(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, found)| found)
    }

    /// Returns a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Returns the challenges of one header, each with its scheme.
fn challenges(text: &str) -> Vec<(String, Challenge)> {
    let mut found: Vec<(String, Challenge)> = Vec::new();
    for part in parts(text) {
        // A challenge begins with its scheme, with its first parameter behind it, if it has any.
        let before = part.split(['=', '"']).next().unwrap_or_default().trim();
        let (scheme, parameter) = match before.split_once(' ') {
            Some((scheme, _)) => (Some(scheme), part.get(scheme.len()..).unwrap_or_default().trim()),
            None if part.contains('=') => (None, part),
            None => (Some(part), ""),
        };
        found.extend(scheme.map(|scheme| (scheme.to_owned(), Challenge::default())));
        if let (Some((name, value)), Some((_, challenge))) = (parameter.split_once('='), found.last_mut()) {
            challenge.parameters.push((name.trim().to_ascii_lowercase(), unquoted(value.trim())));
        }
    }
    found
}

/// Splits at the commas that are not inside quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped, mut start, mut found) = (false, false, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                found.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(text.get(start..));
    found.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').map(|text| text.strip_suffix('"').unwrap_or(text)) else {
        return text.to_owned();
    };
    let mut is_escaped = false;
    let kept = inner.chars().filter(|&c| {
        is_escaped = c == '\\' && !is_escaped;
        !is_escaped
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        Challenge::read(&headers)
    }

    #[test]
    fn the_bearers_parameters_are_read_among_other_challenges() {
        for values in [
            &[r#"Bearer realm="a, b", resource_metadata="https://x/y?z=1", scope=one"#][..],
            &[r#"Basic realm="x", bearer  realm="a, b",resource_metadata="https://x/y?z=1" , scope="one", Digest n=1"#],
            &["Negotiate", r#"BEARER resource_metadata="https://x/y?z=1", Scope = one, realm="a, b""#],
            &[r#"Negotiate, Bearer scope="one", realm="a, \b", resource_metadata="https://x/y?z=1""#],
        ] {
            let challenge = read(values).unwrap();
            assert_eq!(challenge.get("realm"), Some("a, b"), "{values:?}");
            assert_eq!(challenge.get("resource_metadata"), Some("https://x/y?z=1"), "{values:?}");
            assert_eq!(challenge.get("scope"), Some("one"), "{values:?}");
            assert_eq!(challenge.get("error"), None);
        }
        assert_eq!(read(&["Bearer"]), Some(Challenge::default()));
        for none in [&[][..], &["Basic realm=\"Bearer x=1\""], &[""], &[",,"], &["\""], &["resource_metadata=x"]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
