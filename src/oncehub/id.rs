use std::fmt;
use std::str::FromStr;

/// An id that is safe in a path: a single segment of at most 100 letters, digits, `-` and `_`.
///
/// Only ids that we *send* are parsed; ids in responses stay text, since OnceHub's own responses contain empty ones.
/// Prefixes such as `BKNG-` are not checked: live accounts have master pages whose ids begin with `BP-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde_with::DeserializeFromStr)]
pub struct Id(String);

/// A text that is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not an id: ids are made of letters, digits, '-' and '_'")]
pub struct BadId(String);

impl Id {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Id {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > 100 || !text.bytes().all(allowed) {
            return Err(BadId(text.chars().take(60).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_never_leaves_its_path_segment() {
        for hostile in ["", ".", "..", "a/b", "%2e%2e", "a?b", "a#b", "BKNG 1", "ä", "\u{0}", &"x".repeat(101)] {
            assert!(hostile.parse::<Id>().is_err(), "{hostile:?}");
        }
    }

    #[test]
    fn ids_of_every_prefix_and_of_none_are_accepted() {
        for id in ["BKNG-J2", "BP-EH", "QUHVE", "a_b-C9"] {
            assert_eq!(id.parse::<Id>().unwrap().as_str(), id);
        }
    }

    proptest! {
        #[test]
        fn whatever_parses_is_one_unescaped_segment(text in ".{0,40}") {
            if let Ok(id) = text.parse::<Id>() {
                let mut url = url::Url::parse("https://example.com/v2").unwrap();
                url.path_segments_mut().unwrap().push(id.as_str());
                prop_assert_eq!(url.path(), format!("/v2/{text}"));
            }
        }
    }
}
