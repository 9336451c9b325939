//! What the provider answers, what is believed of it, and what a person is told who is not let in.

use serde_json::{Value, json};
use url::Url;

use super::provider::{CLIENT, Fault, Provider};
use super::{Back, Company, REDIRECT, command, dana, rules_for_all};
use crate::http::sign_in::{Desk, access, asking, but, query};
use crate::http::{Server, upstream};

#[tokio::test]
async fn who_is_not_let_in_learns_why_and_what_to_do() {
    let rules = json!([
        {"domain": "northlight.example", "key": "company"},
        {"group": "sales", "key": "company"},
        {"subject": "u-odd", "key": "company", "user": "nobody@northlight.example"},
    ]);
    let company = Company::open(&rules).await;
    let client = company.desk.client(REDIRECT).await;
    for (claims, shown) in [
        (
            json!({"sub": "u-1", "email": "dana@northlight.example", "email_verified": false}),
            ["has not verified", "dana@northlight.example", "u-1"],
        ),
        (
            json!({"sub": "u-2", "email": "dana@northlight.example"}),
            ["has not verified", "dana@northlight.example", "u-2"],
        ),
        (
            json!({"sub": "u-3", "email": "dana@evil.example", "email_verified": true}),
            ["not open to you", "dana@evil.example", "u-3"],
        ),
        (json!({"sub": "u-4", "groups": ["sales"]}), ["names no address", "u-4", "operator"]),
        (json!({"sub": "u-odd"}), ["in OnceHub, but that did not work", "nobody@northlight.example", "operator"]),
        (json!({"sub": "<b>u-5</b>"}), ["&lt;b&gt;u-5&lt;/b&gt;", "not open to you", "operator"]),
    ] {
        let told = company.told(&client, claims).await;
        assert!(told.status >= 400 && !told.html.contains("{{"), "{}", told.html);
        for text in shown {
            assert!(told.html.contains(text), "{text}: {}", told.html);
        }
        // They may go back to the app, which is told that it was for nothing.
        assert!(told.html.contains("error=access_denied"), "{}", told.html);
    }
    // So does the operator whom they ask.
    let log = company.desk.server.stop();
    for why in
        ["no verified address", "their address is not verified", "no rule lets them in", "OnceHub does not serve"]
    {
        assert!(log.contains(why), "{why}: {log}");
    }
    assert!(!log.contains("@northlight.example"), "a colleague's address: {log}");
}

#[tokio::test]
async fn what_the_provider_says_is_believed_only_if_it_is_the_providers_answer_to_this() {
    let company = Company::open(&rules_for_all()).await;
    let client = company.desk.client(REDIRECT).await;
    let issuer = company.provider.issuer();
    let claims = |changed: Value| Fault::Claims(changed);
    let failing = |path: &'static str, status: u16, body: &str| Fault::Answer(path, status, body.to_owned());
    let huge = " ".repeat(300 << 10);
    for (fault, expected) in [
        (claims(json!({"iss": "https://evil.example"})), "(iss)"),
        (claims(json!({"iss": [issuer, "https://evil.example"]})), "cannot be read"),
        (claims(json!({"aud": "another"})), "(aud)"),
        (claims(json!({"aud": null})), "lacks exp, iss, aud or sub"),
        (claims(json!({"aud": [CLIENT, "another"]})), "(azp)"),
        (claims(json!({"azp": "another"})), "(azp)"),
        (claims(json!({"exp": 1_700_000_000})), "(exp)"),
        (claims(json!({"exp": null})), "lacks exp, iss, aud or sub"),
        (claims(json!({"nbf": 9_999_999_999_u64})), "(nbf)"),
        (claims(json!({"nonce": "another"})), "(nonce)"),
        (claims(json!({"nonce": null})), "(nonce)"),
        (claims(json!({"sub": null})), "lacks exp, iss, aud or sub"),
        (claims(json!({"sub": ""})), "(sub)"),
        (Fault::OtherKey, "signature"),
        (Fault::Secret, "signed in a way that anybody could have"),
        (Fault::Header(json!({"alg": "none"})), "signed in an unknown way"),
        (Fault::Header(json!({"alg": "HS256", "kid": "k-1"})), "signed in a way that anybody could have"),
        (Fault::Header(json!({"alg": "RS256", "kid": "k-1"})), "a key that the provider does not show"),
        (Fault::Header(json!({"alg": "EdDSA", "kid": "k-2"})), "a key that the provider does not show"),
        (failing("/token", 400, "{\"error\": \"invalid_client\"}"), "invalid_client"),
        (failing("/token", 400, "{\"error\": \"<b>\\nx\"}"), "it refuses: bx"),
        (failing("/token", 302, ""), "moved elsewhere"),
        (failing("/token", 503, ""), "does not answer"),
        (failing("/token", 200, "{}"), "cannot be read"),
        (failing("/token", 200, &huge), "too large"),
    ] {
        company.provider.set(fault.clone());
        let told = company.told(&client, dana()).await;
        assert!(told.status == 502 && told.html.contains(expected), "{fault:?}: {}", told.html);
        assert!(told.html.contains("error=access_denied") && told.html.contains("Northlight ID"), "{}", told.html);
    }
    assert!(company.desk.upstream.requests().is_empty(), "OnceHub was not asked");
    // Keys that are not known are not looked for again and again.
    let looked = company.provider.state.lock().unwrap().asked.iter().filter(|path| *path == "/jwks").count();
    assert_eq!(looked, 1);
    company.provider.set(claims(json!({"aud": [CLIENT, "another"], "azp": CLIENT})));
    assert!(company.told(&client, dana()).await.html.contains("Is this you?"));
}

#[tokio::test]
async fn a_provider_that_cannot_be_used_is_told_before_anybody_is_sent_there() {
    for (fault, expected) in [
        (Fault::Description("issuer", "https://evil.example".into()), "another provider"),
        (Fault::Description("token_endpoint", "http://evil.example/token".into()), "not https"),
        (Fault::Description("authorization_endpoint", "javascript:alert(1)".into()), "not https"),
        (Fault::Answer("/.well-known/openid-configuration", 500, String::new()), "does not answer"),
        (Fault::Answer("/.well-known/openid-configuration", 302, String::new()), "moved elsewhere"),
        (Fault::Answer("/jwks", 200, "[]".into()), "its keys cannot be read"),
    ] {
        let (upstream, provider, folder) = (upstream().await, Provider::start().await, tempfile::tempdir().unwrap());
        provider.set(fault.clone());
        let server = Server::start(command(&upstream, &provider, &folder, &rules_for_all()));
        let desk = Desk { upstream, server };
        let client = desk.client(REDIRECT).await;
        let asked = desk.show(&desk.authorize(&asking(&client, REDIRECT)), None).await;
        let told = desk.send(&asked, &[("access", "read"), ("decision", "next")]).await;
        assert!(told.status == 502 && told.html.contains(expected), "{fault:?}: {}", told.html);
        let log = desk.server.stop();
        assert!(log.contains("nobody can sign in"), "{log}");
    }
}

#[tokio::test]
async fn an_answer_is_good_in_the_browser_that_was_sent_and_once() {
    let company = Company::open(&rules_for_all()).await;
    let client = company.desk.client(REDIRECT).await;
    let refused = async |back: &Back, what: &str| {
        let page = company.arrives(back).await;
        assert!(page.status == 400 && page.html.contains("Start again"), "{what}: {}", page.html);
    };
    let back = company.signed_in(&client, "all", dana()).await;
    let other = company.signed_in(&client, "all", json!({"sub": "u-2"})).await;
    let with = |url: &str, cookies: &str| Back {
        url: Url::parse(url).unwrap(),
        cookies: cookies.to_owned(),
        browser: back.browser.clone(),
    };
    let url = back.url.as_str();
    let (browser, way) = back.cookies.split_once("; ").unwrap();
    refused(&with(url, "x=y"), "no cookies").await;
    refused(&with(url, browser), "without what it was sent with").await;
    refused(&with(url, way), "without the browser's own").await;
    refused(&with(url, &format!("{}; {way}", other.browser)), "another browser's").await;
    refused(&with(url, &other.cookies), "another person's").await;
    let (name, sealed) = way.split_once('=').unwrap();
    let (_, others) = other.cookies.split_once("; ").unwrap().1.split_once('=').unwrap();
    refused(&with(url, &format!("{}; {name}={others}", other.browser)), "another's answer").await;
    refused(&with(url, &format!("{browser}; {name}={}x", &sealed[..sealed.len() - 1])), "changed").await;
    let state = query(&back.url, "state").unwrap();
    refused(&with(&url.replace(&state, &state[1..]), &back.cookies), "another state").await;
    refused(&with(&format!("{url}&state={state}"), &back.cookies), "two states").await;
    refused(&with(&company.desk.at("/callback"), &back.cookies), "nothing at all").await;
    assert!(company.provider.state.lock().unwrap().asked.iter().all(|path| path != "/token"), "no code was tried");
    // Nothing of it has used the answer up.
    assert!(company.arrives(&back).await.html.contains("Is this you?"));
    refused(&back, "a second time").await;
}

#[tokio::test]
async fn an_answer_says_whom_it_is_from_and_whether_the_person_was_let_through() {
    let company = Company::open(&rules_for_all()).await;
    let client = company.desk.client(REDIRECT).await;
    for (change, status, expected) in [
        (&[("iss", "https://evil.example")][..], 502, "(iss)"),
        (&[("iss", "")], 502, "(iss)"),
        (&[("code", "")], 502, "has no code"),
        (&[("code", ""), ("error", "access_denied")], 403, "did not sign you in"),
        (&[("code", ""), ("error", "server_error<b>")], 502, "it refuses: server_errorb."),
    ] {
        let back = company.signed_in(&client, "all", dana()).await;
        let all: Vec<(String, String)> = back.url.query_pairs().into_owned().collect();
        let mut pairs: Vec<(&str, &str)> = all.iter().map(|(name, value)| (&**name, &**value)).collect();
        for (name, value) in change {
            pairs = but(&pairs, name, value);
        }
        let mut url = back.url.clone();
        url.query_pairs_mut().clear().extend_pairs(pairs);
        let told = company.arrives(&Back { url, ..back }).await;
        assert!(told.status == status && told.html.contains(expected), "{change:?}: {}", told.html);
        assert!(told.html.contains("Northlight ID"), "{}", told.html);
    }
    // A person who cancels here is sent back without having been there.
    let asked = company.desk.show(&company.desk.authorize(&asking(&client, REDIRECT)), None).await;
    let back = company.desk.send(&asked, &[("decision", "no")]).await.left();
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    let you = company.told(&client, dana()).await;
    let back = company.desk.send(&you, &[("decision", "no")]).await.left();
    assert_eq!((query(&back, "error").as_deref(), query(&back, "code")), (Some("access_denied"), None));
}

#[tokio::test]
async fn made_up_answers_are_tried_ten_times() {
    let company = Company::open(&rules_for_all()).await;
    let client = company.desk.client(REDIRECT).await;
    let made_up = async || {
        let back = company.signed_in(&client, "all", dana()).await;
        let url = Url::parse(&back.url.as_str().replace("c0de", "made-up")).unwrap();
        company.arrives(&Back { url, ..back }).await.status
    };
    for _ in 0..10 {
        assert_eq!(made_up().await, 502);
    }
    assert_eq!(made_up().await, 429);
    let tried = company.provider.state.lock().unwrap().asked.iter().filter(|path| *path == "/token").count();
    assert_eq!(tried, 10);
}

#[tokio::test]
async fn a_secret_that_the_provider_does_not_know_holds_nobody_up() {
    let company = Company::open(&rules_for_all()).await;
    let client = company.desk.client(REDIRECT).await;
    company.provider.set(Fault::Answer("/token", 401, "{\"error\": \"invalid_client\"}".into()));
    for _ in 0..12 {
        let told = company.told(&client, dana()).await;
        assert!(told.status == 502 && told.html.contains("invalid_client"), "{}", told.html);
    }
    company.provider.set(Fault::None);
    assert!(company.told(&client, dana()).await.html.contains("Is this you?"));
}

#[tokio::test]
async fn an_answer_that_is_not_the_browsers_takes_nothing_from_it() {
    let company = Company::open(&rules_for_all()).await;
    let desk = &company.desk;
    let client = desk.client(REDIRECT).await;
    let back = company.signed_in(&client, "all", dana()).await;
    // What somebody else has it open changes no cookie but that of a way that there is not.
    for query in ["state=abcdefgh-and-more&code=x", "state=a;b=c%0d%0ax:y&code=x", "state=&error=access_denied", ""] {
        let url = format!("{}?{query}", desk.at("/callback"));
        let response = desk.server.client.get(&url).header("cookie", &back.cookies).send().await.unwrap();
        assert_eq!(response.status(), 400, "{query}");
        let set: Vec<_> = response.headers().get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
        let [set] = set[..] else { panic!("{set:?}") };
        let name = set.split('=').next().unwrap();
        let is_theirs = back.cookies.split("; ").any(|cookie| cookie.starts_with(&format!("{name}=")));
        assert!(name.starts_with("oncehub-way-") && name.len() <= 20 && !is_theirs, "{set}");
        assert!(set.ends_with("Max-Age=0; HttpOnly; SameSite=Lax"), "{set}");
    }
    for method in [reqwest::Method::POST, reqwest::Method::PUT] {
        let request = desk.server.client.request(method, back.url.clone()).header("cookie", &back.cookies);
        assert_eq!(request.send().await.unwrap().status(), 405);
    }
    assert!(company.arrives(&back).await.html.contains("Is this you?"));
}

#[tokio::test]
async fn who_is_in_more_groups_than_a_token_holds_learns_it_at_once() {
    let groups: Vec<String> = (0..200).map(|number| format!("{number:036}")).collect();
    let mut rules = rules_for_all();
    rules.as_array_mut().unwrap().extend(groups.iter().map(|group| json!({"group": group, "key": "company"})));
    let company = Company::open(&rules).await;
    let client = company.desk.client(REDIRECT).await;
    let mut claims = dana();
    claims["groups"] = json!(groups);
    let told = company.told(&client, claims.clone()).await;
    assert!(told.status == 403 && told.html.contains("too many groups"), "{}", told.html);
    claims["groups"] = json!(groups[..60]);
    let tokens = company.tokens(&client, "all", claims).await;
    assert_eq!(company.desk.lists(access(&tokens)).await.status(), 200);
}
