//! Whatever is sealed, changed in many ways: nothing of it is taken for what it is not, and the server goes on.

use fastrand::Rng;
use futures::stream::{self, StreamExt as _};
use oncehub_mcp::sandbox;
use serde_json::Value;

use super::{Desk, Page, access, asking, but, query, renewing, trading};
use crate::cases;

const REDIRECT: &str = "https://app.example/cb";

/// What the texts of each purpose begin with.
const PREFIXES: [&str; 9] = [
    "oncehub_client_", "oncehub_asking_", "oncehub_confirming_", "oncehub_going_", "oncehub_looking_",
    "oncehub_present_", "oncehub_code_", "oncehub_access_", "oncehub_refresh_",
];

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// One of the texts, changed in one way, or several.
fn mutated(texts: &[String], random: &mut Rng) -> String {
    let mut text = random.choice(texts).unwrap().clone().into_bytes();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(0..text.len().max(1)).min(text.len().saturating_sub(1));
        let letter = *random.choice(LETTERS).unwrap();
        match random.u8(0..9) {
            0 => text[at] = letter,
            1 => text.insert(at, letter),
            2 if text.len() > 1 => drop(text.remove(at)),
            3 => text.truncate(at.max(1)),
            4 => text.extend_from_within(at..),
            5 => {
                let other = random.usize(0..text.len());
                text.swap(at, other);
            }
            6 => {
                let other = random.choice(texts).unwrap().as_bytes();
                let cut = at.min(other.len());
                text.splice(cut.min(text.len()).., other[cut..].iter().copied());
            }
            7 => {
                let as_text = String::from_utf8(text).unwrap();
                let rest = as_text.splitn(3, '_').nth(2).unwrap_or_default();
                text = format!("{}{rest}", random.choice(&PREFIXES).unwrap()).into_bytes();
            }
            _ => text = (0..random.usize(1..400)).map(|_| *random.choice(LETTERS).unwrap()).collect(),
        }
    }
    String::from_utf8(text).unwrap()
}

/// What there is to change.
struct Sealed {
    client: String,
    code: String,
    tokens: Value,
    asked: Page,
    account: Page,
    looked: Page,
    list: Page,
}

impl Sealed {
    async fn of(desk: &Desk) -> Self {
        let client = desk.client(REDIRECT).await;
        let url = desk.authorize(&asking(&client, REDIRECT));
        let tokens = desk.tokens(&client, REDIRECT, "all").await;
        let code = query(&desk.agree(&url, sandbox::KEY, "all").await, "code").unwrap();
        let asked = desk.show(&url, None).await;
        let account = desk.send(&asked, &[("key", sandbox::KEY), ("access", "all")]).await;
        let looked = desk.look(account.cookie.as_deref()).await;
        let list = desk.press(&looked, &[("key", sandbox::KEY)]).await;
        Self { client, code, tokens, asked, account, looked, list }
    }

    fn texts(&self) -> Vec<String> {
        let refresh = self.tokens["refresh_token"].as_str().unwrap();
        let texts = [&self.client, &self.code, access(&self.tokens), refresh];
        texts.into_iter().map(str::to_owned).chain(self.forms()).collect()
    }

    fn forms(&self) -> [String; 4] {
        [&self.asked, &self.account, &self.looked, &self.list].map(Page::form)
    }

    /// The status with which a text is refused wherever it may be used.
    async fn refused(&self, desk: &Desk, number: usize, text: &str) -> u16 {
        match number % 7 {
            0 => desk.token(&but(&trading(&self.client, REDIRECT, &self.code), "code", text)).await.0,
            1 => desk.token(&but(&renewing(&self.client, &self.tokens), "refresh_token", text)).await.0,
            2 => desk.lists(text).await.status().as_u16(),
            3 => desk.show(&desk.authorize(&asking(text, REDIRECT)), None).await.status,
            4 => desk.token(&but(&trading(&self.client, REDIRECT, &self.code), "client_id", text)).await.0,
            at => {
                let form = [("form", text), ("key", sandbox::KEY), ("decision", "yes"), ("access", "all")];
                let all = [("form", text), ("key", sandbox::KEY), ("decision", "all")];
                let (path, form) = if at == 5 { ("/authorize", &form[..]) } else { ("/sign-ins", &all[..]) };
                let sent = super::form(desk.server.client.post(desk.at(path)), form);
                let sent =
                    sent.header("origin", &desk.server.url).header("cookie", self.account.cookie.as_deref().unwrap());
                sent.send().await.unwrap().status().as_u16()
            }
        }
    }
}

/// How many are tried on what was handed out together: a code is good for a minute.
const TOGETHER: usize = 2_000;
/// How many are tried so while somebody waits for it.
const FEW: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_changed_is_taken() {
    let desk = Desk::open().await;
    let mut random = Rng::with_seed(7);
    let together = cases(FEW, TOGETHER);
    for _ in 0..cases(FEW, 100_000) / together {
        let sealed = Sealed::of(&desk).await;
        let texts = sealed.texts();
        let before = desk.upstream.requests().len();
        let all = (0..together).map(|number| (number, mutated(&texts, &mut random)));
        // Some changes undo each other, and some put one text whole in another's place: that is tried elsewhere.
        let changed: Vec<_> = all.filter(|(_, text)| !texts.contains(text)).collect();
        assert!(changed.len() > together * 9 / 10);
        stream::iter(changed)
            .for_each_concurrent(16, async |(number, text)| {
                let status = sealed.refused(&desk, number, &text).await;
                assert!((400..500).contains(&status), "{status}: case {number}, {text}");
            })
            .await;
        assert_eq!(desk.upstream.requests().len(), before, "OnceHub was asked nothing");
        // All that was changed is still good as it was.
        assert_eq!(desk.lists(access(&sealed.tokens)).await.status(), 200);
        assert_eq!(desk.token(&trading(&sealed.client, REDIRECT, &sealed.code)).await.0, 200);
        assert_eq!(desk.token(&renewing(&sealed.client, &sealed.tokens)).await.0, 200);
    }
    let log = desk.server.stop();
    assert!(!log.contains("panicked"), "{log}");
}
