//! Comparing names as people do.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::records::untrusted::bare;

/// Folds a name: ignores case, accents, surplus spaces, the kind of apostrophes and dashes, and invisible characters;
/// of a URL, also the scheme, `www.`, query and trailing slash. Of an e-mail address it ignores case alone: a similar
/// one is somebody else's.
pub fn fold(text: &str) -> String {
    let text = bare(text);
    let address = text.trim();
    if address.contains('@') && !address.contains(|c: char| c.is_whitespace() || matches!(c, ':' | '<' | '>')) {
        return address.to_ascii_lowercase();
    }
    let alike = |c: char| match c {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2032}' | '`' | '\u{b4}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    };
    let plain: String =
        text.chars().map(alike).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(url) = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://")) else {
        return plain.strip_prefix("www.").unwrap_or(&plain).trim_end_matches('/').to_owned();
    };
    let url = url.split(['?', '#']).next().unwrap_or(url);
    url.strip_prefix("www.").unwrap_or(url).trim_end_matches('/').to_owned()
}

/// Whether a text has the form of OnceHub's ids, so that it may be an id that no list shows: deleted, or newer than the
/// list.
pub fn looks_like_an_id(text: &str) -> bool {
    text.len() >= 6
        && text.contains('-')
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// Returns the name that was most likely meant, if one is close: similar in spelling, or sharing words.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect::<Vec<_>>();
    let mut known = known;
    if name == "id" {
        return known.find(|candidate| candidate.ends_with("_id"));
    }
    let asked = words(name);
    let likeness = |candidate: &str| {
        let theirs = words(candidate);
        let shared = asked.iter().filter(|word| word.len() > 2 && theirs.contains(word)).count();
        #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
        let by_words = shared as f64 / asked.len().max(theirs.len()).max(1) as f64;
        // Every word asked for is in the name: "support" in "Client support".
        let is_part = asked.iter().any(|word| word.len() > 2) && asked.iter().all(|word| theirs.contains(word));
        let by_words = if is_part { by_words.max(0.61) } else { by_words };
        by_words.max(strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase()) - 0.1)
    };
    known
        .map(|candidate| (candidate, likeness(candidate)))
        .filter(|(_, likeness)| *likeness > 0.6)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(candidate, _)| candidate)
}

/// Formats a number with thousands separators.
pub fn thousands(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", thousands(number / 1000), number % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_whatever_their_case_accents_and_spaces() {
        assert_eq!(fold("  Zoë   MÜLLER\u{200b} "), fold("zoe muller"));
        assert_eq!(fold("Sarah O\u{2019}Brien\u{2010}Lee"), fold("sarah o'brien-lee"));
        assert_eq!(fold("https://go.example/Dana/"), fold("go.example/dana"));
        assert_eq!(fold("علی\u{200c}رضا ❤\u{fe0f}"), fold("علیرضا ❤"), "joiners and selectors, too");
        assert_ne!(fold("Dana Lee"), fold("Dana Li"));
        assert_eq!(fold("Team @ Müller"), fold("team @ muller"));
    }

    #[test]
    fn an_address_is_nobody_elses() {
        let address = "dana@northlight.example";
        assert_eq!(fold(" Dana@NorthLight.example "), fold(address));
        for other in [
            "www.dana@northlight.example", "dána@northlight.example", "dana@nörthlight.example",
            "dana@northlight.example/", "\u{212a}dana@northlight.example",
        ] {
            assert_ne!(fold(other), fold(address), "{other}");
        }
    }

    #[test]
    fn an_id_is_known_by_its_form_never_by_its_prefix() {
        for id in ["BKNG-22RN37EED5WS", "XY-123456", "ABCDEF-GH"] {
            assert!(looks_like_an_id(id), "{id}");
        }
        for name in ["Dana Lee", "dana@example.com", "Intro-call", "VIP", "Q1-2"] {
            assert!(!looks_like_an_id(name), "{name}");
        }
    }
}
