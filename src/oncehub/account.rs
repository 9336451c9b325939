//! The account that a key belongs to.

use serde::Serialize;

/// `GET /test`: whether the key is valid, and for which account. Operation `validate-api-key`.
#[derive(Clone, Debug, Serialize)]
pub struct Test {}

endpoint!(Test: GET "test" -> Object);

/// Returns the account that the response names: "The API key is valid for account: admin@example.com". Any other
/// wording yields none.
pub fn account_in(message: &str) -> Option<&str> {
    let account = message.strip_prefix("The API key is valid for account: ")?.trim();
    let is_address =
        account.contains('@') && account.len() <= 320 && account.bytes().all(|byte| byte.is_ascii_graphic());
    is_address.then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_in_oncehubs_own_words_alone() {
        let named = |message: &str| account_in(message).map(str::to_owned);
        assert_eq!(named("The API key is valid for account: admin@example.com").as_deref(), Some("admin@example.com"));
        let long = format!("The API key is valid for account: {}@example.com", "x".repeat(400));
        for odd in [
            "",
            "The API key is valid",
            "The API key is valid for account: ",
            "The API key is valid for account: 4711",
            "The API key is valid for account: a@b.example and others",
            "The key is valid for account: admin@example.com",
            "OnceHub says: The API key is valid for account: admin@example.com",
            &long,
        ] {
            assert_eq!(named(odd), None, "{odd}");
        }
    }
}
