//! The account that a key belongs to.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Object};

/// `GET /test`: whether the key is valid, and for which account. Operation `validate-api-key`.
#[derive(Debug, Serialize)]
pub struct Test {}

impl Endpoint for Test {
    type Response = Object;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["test"]
    }
}
