//! E-mail addresses and phone numbers, validated before they are sent: OnceHub accepts nearly anything.

use email_address::EmailAddress;

use crate::records::Failure;
use crate::records::untrusted::{bare, typed};

/// Validates that `text` is a single bare e-mail address, and returns it trimmed.
pub(super) fn email(argument: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if EmailAddress::is_valid(text)
        && bare(text) == text
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"<>,".contains(c))
    {
        return Ok(text.to_owned());
    }
    Err(Failure::argument(argument, "is not an e-mail address", "give one bare address, like ada@example.com"))
}

/// What people put between the digits of a number, once dashes and spaces are plain.
const SEPARATORS: &[char] = &[' ', '.', '-', '(', ')', '[', ']', '/', '\u{b7}', '\u{2022}', '\u{2044}'];

/// Returns a phone number in E.164 form, without `tel:`, spaces, dots, dashes and brackets of any kind.
pub(super) fn phone(argument: &str, text: &str) -> Result<String, Failure> {
    let text = typed(text).replace(' ', "");
    let text = match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest,
        _ => &text,
    };
    let number = text.replace(SEPARATORS, "");
    let has_trunk_zero = number.strip_prefix('+').is_some_and(|digits| trunk_zero(digits).is_some());
    if is_international(&number) && !has_trunk_zero && !text.contains("(0)") {
        return Ok(number);
    }
    let form = "give it with + and the country code (E.164), like +12025550195";
    let hint = match (meant(text, &number), american(&number)) {
        (Some(meant), _) => format!("did you mean {meant}? Call again with it"),
        (None, Some(american)) => format!("{form}; if it is in the US or Canada, it is {american}"),
        (None, None) if number.starts_with("+1") => AMERICAN.to_owned(),
        (None, None) => form.to_owned(),
    };
    Err(Failure::argument(argument, "is not an international phone number", hint))
}

const AMERICAN: &str = "after +1 come ten digits: an area code (2xx to 9xx, never 555), and a number that begins with 2 to \
                        9; do not make one up";

/// Whether a number has the form of E.164. Those of North America have ten digits after the +1, and no area is 555.
fn is_international(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+').filter(|digits| is_digits(digits)) else { return false };
    match digits.strip_prefix('1') {
        Some(local) => is_american(local),
        None => (7..=15).contains(&digits.len()) && !digits.starts_with('0'),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether these are the ten digits of a number in North America.
fn is_american(local: &str) -> bool {
    let is_office = |at: usize| local.as_bytes().get(at).is_some_and(|byte| (b'2'..=b'9').contains(byte));
    local.len() == 10 && is_digits(local) && is_office(0) && is_office(3) && !local.starts_with("555")
}

/// The countries in which a 0 precedes the number when it is dialled from within, and only then: those whose national
/// prefix is 0 in the metadata of libphonenumber, but for Rwanda, where some numbers begin with a zero that stays.
const TRUNK_ZERO: &[&str] = &[
    "20", "27", "31", "32", "33", "40", "41", "43", "44", "46", "49", "51", "53", "54", "55", "57", "58", "60", "61",
    "62", "63", "64", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98", "211", "212", "213",
    "218", "231", "232", "233", "234", "243", "249", "251", "252", "254", "255", "256", "260", "261", "262", "263",
    "264", "265", "291", "353", "355", "358", "359", "370", "373", "374", "377", "380", "381", "382", "383", "385",
    "386", "387", "389", "421", "423", "508", "590", "591", "593", "594", "595", "596", "598", "686", "850", "855",
    "856", "880", "886", "961", "962", "963", "964", "966", "967", "970", "971", "972", "976", "977", "994", "995",
    "996",
];

/// Returns the country code and what follows the zero after it, of a country in which that zero is not dialled from
/// abroad. The only numbers there that begin with a zero begin with two: free ones, which are dialled from within.
fn trunk_zero(digits: &str) -> Option<(&str, &str)> {
    TRUNK_ZERO.iter().find_map(|code| Some((*code, digits.strip_prefix(code)?.strip_prefix('0')?)))
}

/// Returns the number that can only be meant: with + for 00, and without the zero that is dialled within a country.
fn meant(text: &str, number: &str) -> Option<String> {
    let digits = number.strip_prefix('+').or_else(|| number.strip_prefix("00"))?;
    let meant = match (trunk_zero(digits), text.split_once("(0)")) {
        (Some((code, rest)), _) => Some(format!("+{code}{rest}")).filter(|_| !rest.starts_with('0')),
        (None, None) => Some(format!("+{digits}")),
        (None, Some((country, rest))) => {
            // In Italy the zero belongs to the numbers of places. Those of mobile phones begin with 3, and those of
            // services with 1 or 8, as do some places: which of them is meant is not known.
            let is_italian = matches!(country.replace(SEPARATORS, "").as_str(), "+39" | "0039");
            let is_place = !rest.replace(SEPARATORS, "").starts_with(['0', '1', '3', '8']);
            (is_italian && is_place).then(|| format!("+{digits}"))
        }
    };
    meant.filter(|meant| is_international(meant))
}

/// Returns the number that these digits are in North America.
fn american(number: &str) -> Option<String> {
    let local = number.strip_prefix('1').unwrap_or(number);
    is_american(local).then(|| format!("+1{local}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bare_address_is_an_address() {
        for good in ["ada@example.com", " ada+x@example.co.uk ", "josé@example.com"] {
            assert_eq!(email("email", good).unwrap(), good.trim());
        }
        for bad in [
            "", "notmail", "a@", "@x.example", "a b@x.example", "a@x.example, b@x.example", "Bo <b@x.example>",
            "a@x\r\nBcc: q@x", "a\u{202e}@x.example", "a\u{200b}@x.example",
        ] {
            assert!(email("email", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_is_international() {
        assert_eq!(phone("phone", "+1 (202) 555-0195").unwrap(), "+12025550195");
        assert_eq!(phone("phone", "+49 30 / 123456").unwrap(), "+4930123456");
        // Where a zero belongs to the number, or comes later in it.
        assert_eq!(phone("phone", "+39 06 1234567").unwrap(), "+39061234567");
        assert_eq!(phone("phone", "+225 07 12345678").unwrap(), "+2250712345678");
        assert_eq!(phone("phone", "+250 06 123 456").unwrap(), "+25006123456");
        assert_eq!(phone("phone", "+380 44 123 4567").unwrap(), "+380441234567");
        for bad in [
            "12", "+1", "2025550195", "+12025550195123456", "+1202CALLNOW", "+15551234567", "+1 202 555",
            "+1 102 555 0195", "+0491234567", "+1 415 555 2671 x5",
        ] {
            assert!(phone("phone", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_is_taken_whatever_separates_its_digits() {
        let odd = "\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{301c}\u{30fc}\u{ff0d}\u{a0}\u{2007}\u{2009}\
                   \u{202f}\u{3000}\t\u{200b}\u{200e}\u{200f}\u{feff}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
                   \u{2066}\u{2067}\u{2068}\u{2069}.-/()[]";
        for separator in odd.chars() {
            let text = format!("{separator}+49{separator}30{separator}123456{separator}");
            assert_eq!(phone("phone", &text).unwrap(), "+4930123456", "{separator:?}");
        }
        for text in
            ["tel:+49-30-123456", "TEL: +49 30 123456", "＋４９ ３０ １２３４５６", "\u{202a}+49 30 123456\u{202c}"]
        {
            assert_eq!(phone("phone", text).unwrap(), "+4930123456", "{text}");
        }
    }

    #[test]
    fn a_number_of_another_form_is_refused_with_the_international_one_as_far_as_it_is_known() {
        for (text, hint) in [
            ("+49 (0)30 123456", "did you mean +4930123456? Call again with it"),
            ("+44 (0) 20 7946 0018", "did you mean +442079460018? Call again with it"),
            ("0049 30 123456", "did you mean +4930123456? Call again with it"),
            ("(415) 555-2671", "; if it is in the US or Canada, it is +14155552671"),
            ("1 415 555 2671", "; if it is in the US or Canada, it is +14155552671"),
            ("+39 (0)6 1234567", "did you mean +39061234567? Call again with it"),
            ("0044 (0)20 7946 0018", "did you mean +442079460018? Call again with it"),
            ("00 39 (0) 6 1234567", "did you mean +39061234567? Call again with it"),
            ("+49\u{2011}（0）30\u{a0}123456", "did you mean +4930123456? Call again with it"),
            // The same zero without brackets of its own.
            ("+44 020 7946 0018", "did you mean +442079460018? Call again with it"),
            ("+44 (020) 7946 0018", "did you mean +442079460018? Call again with it"),
            ("+44 0 20 7946 0018", "did you mean +442079460018? Call again with it"),
            ("0044 020 7946 0018", "did you mean +442079460018? Call again with it"),
            ("+49 030 123456", "did you mean +4930123456? Call again with it"),
            ("+81 (03) 1234-5678", "did you mean +81312345678? Call again with it"),
            ("+55 (011) 91234-5678", "did you mean +5511912345678? Call again with it"),
            // One zero too many, or one that Italian services do not have.
            ("+44 (0)020 7946 0018", "give it with + and the country code (E.164), like +12025550195"),
            ("+44 00 20 7946 0018", "give it with + and the country code (E.164), like +12025550195"),
            ("+39 (0)06 1234567", "give it with + and the country code (E.164), like +12025550195"),
            ("+39 (0)800 123456", "give it with + and the country code (E.164), like +12025550195"),
            ("+39 (0)199 123456", "give it with + and the country code (E.164), like +12025550195"),
            ("+39 06 (0)1234567", "give it with + and the country code (E.164), like +12025550195"),
            // Whose numbers have no such zero, or one that stays, or are mobile ones.
            ("+34 (0)91 1234567", "give it with + and the country code (E.164), like +12025550195"),
            ("+225 (0)7 12345678", "give it with + and the country code (E.164), like +12025550195"),
            ("+39 (0)347 1234567", "give it with + and the country code (E.164), like +12025550195"),
            ("+378 (0)549 123456", "give it with + and the country code (E.164), like +12025550195"),
            ("+15551234567", "do not make one up"),
            ("030 123456", "give it with + and the country code (E.164), like +12025550195"),
        ] {
            let refused = phone("phone", text).unwrap_err();
            assert!(refused.hint.ends_with(hint), "{text}: {}", refused.hint);
        }
    }
}
