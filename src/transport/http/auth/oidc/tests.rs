//! What a sign-in is good for, as time and the map go on.

use std::sync::LazyLock;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::store::{InMemory, Owner};
use crate::transport::http::auth::grant::digest;
use crate::transport::http::auth::seal::Seal;
use crate::transport::http::auth::{Policy, Secrets, SignIn};

const ISSUER: &str = "https://login.example.com";

fn settings(folder: &TempDir) -> ProviderSettings {
    let [map, key, secret] = ["map", "key", "secret"].map(|name| folder.path().join(name));
    std::fs::write(&key, "a-key").unwrap();
    std::fs::write(&secret, "a-secret\n").unwrap();
    let rules = json!([{"subject": "u-1", "key": "all", "user": "dana@northlight.example"}]);
    std::fs::write(&map, json!({"keys": {"all": {"file": key}}, "rules": rules}).to_string()).unwrap();
    ProviderSettings {
        issuer: ISSUER.into(),
        name: None,
        client: "mcp".into(),
        secret: ClientSecret::of_file(&secret).unwrap(),
        scopes: "openid".into(),
        map: Map::of_file(&map, |text| Ok(text.trim())).unwrap(),
        stay: Duration::from_hours(24),
    }
}

/// All servers here have one secret.
static SECRETS: LazyLock<Secrets> = LazyLock::new(|| Secrets::drawn().unwrap());

fn auth(provider: Option<ProviderSettings>) -> Auth {
    let (issuer, secrets) = ("https://mcp.example.com".into(), SECRETS.clone());
    let (policy, clients, access) = (Policy::Any, vec![], Duration::from_hours(1));
    let store = Arc::new(InMemory::default());
    Auth::new(SignIn { issuer, secrets, policy, clients, access, provider, store }).unwrap()
}

fn grant(held: Held, made: u64) -> Grant {
    let owner = Seal::new(SECRETS.clone(), "").owners(&held.shown()).remove(0);
    let (id, client, app) = ("g-1".into(), "a-client".into(), "App".into());
    Grant { id, owner, held, me: None, zone: None, read_only: false, client, app, made }
}

fn person(issuer: &str, subject: &str) -> Held {
    let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
    let asked = digest("email_verified\ngroups");
    Held::Person(Person { issuer, subject, email: None, groups: vec![], passed: asked.clone(), asked })
}

#[test]
fn a_sign_in_is_good_at_its_provider_for_a_while_and_in_its_mode_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (by_provider, by_key) = (auth(Some(settings(&folder))), auth(None));
    let day = 24 * 60 * 60;
    let (_, agreed) = by_provider.opened(grant(person(ISSUER, "u-1"), now() - day + 60)).unwrap();
    assert_eq!((agreed.me.as_deref(), agreed.read_only), (Some("dana@northlight.example"), true));
    for (held, made, expected) in [
        (person(ISSUER, "u-1"), now() - day, "has to say again who you are"),
        (person(ISSUER, "u-2"), now(), "does not let you in"),
        (person("https://other.example.com", "u-1"), now(), "does not let you in"),
        (Held::Key("a-key".into()), now(), "in another way"),
    ] {
        let told = by_provider.opened(grant(held.clone(), made)).unwrap_err();
        assert!(told.contains(expected), "{held:?}: {told}");
    }
    let by_a_key = grant(Held::Key("a-key".into()), now());
    assert!(by_key.opened(by_a_key.clone()).is_ok());
    for owner in [Owner("o-1".into()), grant(Held::Key("another-key".into()), now()).owner] {
        let told = by_key.opened(Grant { owner, ..by_a_key.clone() }).unwrap_err();
        assert!(told.contains("has been replaced since you signed in"), "{told}");
    }
    assert!(by_key.is_recent(0) && by_provider.is_recent(now() - day + 60) && !by_provider.is_recent(now() - day));
    assert!(by_key.opened(grant(person(ISSUER, "u-1"), now())).unwrap_err().contains("in another way"));
}

#[tokio::test]
async fn what_had_to_end_ends_for_good_and_who_is_let_in_again_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, path) = (settings(&folder), folder.path().join("map"));
    let (map, rules) = (settings.map.clone(), std::fs::read_to_string(&path).unwrap());
    let auth = auth(Some(settings));
    let grant = grant(person(ISSUER, "u-1"), now());
    let open = auth.in_use.add(&grant);
    auth.look().await;
    assert!(!open.ended.is_cancelled());
    std::fs::write(&path, rules.replace("u-1", "u-2")).unwrap();
    map.reload();
    auth.look().await;
    assert!(open.ended.is_cancelled());
    std::fs::write(&path, rules).unwrap();
    map.reload();
    assert!(!auth.in_use.add(&grant).ended.is_cancelled() && open.ended.is_cancelled());
}

#[tokio::test]
async fn a_person_is_shown_what_is_good_for_something() {
    let folder = tempfile::tempdir().unwrap();
    let by_provider = auth(Some(settings(&folder)));
    let day = 24 * 60 * 60;
    let recent = grant(person(ISSUER, "u-1"), now() - day + 60);
    let old = Grant { id: "g-2".into(), ..grant(person(ISSUER, "u-1"), now() - day) };
    for grant in [&recent, &old] {
        assert!(by_provider.goes_on(grant).await.unwrap());
    }
    let listed = by_provider.sign_ins_of(&[recent.owner]).await.unwrap();
    assert_eq!(listed.iter().map(|one| &*one.sign_in.id).collect::<Vec<_>>(), ["g-1"]);
}

#[test]
fn a_provider_is_reached_over_https_or_on_this_machine() {
    for good in ["https://login.example.com", "https://login.example.com/tenant/v2.0", "http://127.0.0.1:4000"] {
        assert!(ProviderSettings::check_issuer(good).is_ok(), "{good}");
    }
    for bad in [
        "http://login.example.com", "http://localhost.example.com", "login.example.com", "", "ftp://login.example.com",
        "https://login.example.com?x", "https://login.example.com/#x", "https://me@login.example.com",
        "https://:pw@login.example.com", "https:login.example.com", "https:/login.example.com",
        "HTTPS://login.example.com", " https://login.example.com", "https://login.example.com/\n",
        "https://login.example.com\\tenant",
    ] {
        assert!(ProviderSettings::check_issuer(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_secret_is_in_no_output_and_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    assert!(!format!("{settings:?}").contains("a-secret"));
    std::fs::write(folder.path().join("secret"), "another-secret").unwrap();
    settings.secret.reload();
    assert!(same(&settings.secret.current(), &"another-secret".into()));
    std::fs::write(folder.path().join("secret"), "two\nlines").unwrap();
    let refused = ClientSecret::of_file(&folder.path().join("secret")).unwrap_err();
    assert!(refused.to_string().contains("in one line"), "{refused}");
}
