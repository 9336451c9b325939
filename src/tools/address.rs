//! E-mail addresses and phone numbers, validated before they are sent: OnceHub accepts nearly anything.

use email_address::EmailAddress;

use crate::records::failure::Failure;
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
    let digits = number.strip_prefix('+').unwrap_or_default();
    if (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(number);
    }
    let hint = "give it with + and the country code (E.164), like +12025550195";
    Err(Failure::argument(argument, "is not an international phone number", hint))
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
        for bad in ["12", "+1", "2025550195", "+12025550195123456", "+1202CALLNOW"] {
            assert!(phone("phone", bad).is_err(), "{bad}");
        }
    }
}
