//! E-mail addresses and phone numbers, validated before they are sent: OnceHub accepts nearly anything.

use email_address::EmailAddress;

use crate::records::Failure;
use crate::records::untrusted::bare;

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

/// Returns a phone number in E.164 form, without spaces, dots, dashes and brackets.
pub(super) fn phone(argument: &str, text: &str) -> Result<String, Failure> {
    let number: String = text.chars().filter(|c| !" .-()/\u{a0}".contains(*c)).collect();
    if is_international(&number) && !text.contains("(0)") {
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

/// Returns the number that can only be meant: without the (0) that is dialled within a country, or with + for 00.
fn meant(text: &str, number: &str) -> Option<String> {
    let meant = if text.contains("(0)") {
        // In Italy and the states within it the zero belongs to the number.
        let keeps_it = ["+39", "+378", "+379"].iter().any(|country| number.starts_with(country));
        let (country, rest) = text.split_once("(0)").filter(|_| !keeps_it)?;
        format!("{country}{rest}").chars().filter(|c| *c == '+' || c.is_ascii_digit()).collect()
    } else {
        format!("+{}", number.strip_prefix("00")?)
    };
    is_international(&meant).then_some(meant)
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
        for bad in [
            "12", "+1", "2025550195", "+12025550195123456", "+1202CALLNOW", "+15551234567", "+1 202 555",
            "+1 102 555 0195", "+0491234567", "+1 415 555 2671 x5",
        ] {
            assert!(phone("phone", bad).is_err(), "{bad}");
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
            ("+39 (0)6 1234567", "give it with + and the country code (E.164), like +12025550195"),
            ("+15551234567", "do not make one up"),
            ("030 123456", "give it with + and the country code (E.164), like +12025550195"),
        ] {
            let refused = phone("phone", text).unwrap_err();
            assert!(refused.hint.ends_with(hint), "{text}: {}", refused.hint);
        }
    }
}
