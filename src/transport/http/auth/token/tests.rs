//! Codes and refresh tokens over time: what the clock and the store decide.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;

use super::*;
use crate::store::{GRACE, Listed, Owner, SignIn as Stored, Store};
use crate::transport::http::auth::grant::Held;
use crate::transport::http::auth::seal::Seal;
use crate::transport::http::auth::tests::{SECRETS, auth};

const CLIENT: &str = "the-digest-of-a-clients-id";
const VERIFIED: &str = "0123456789-0123456789-0123456789-0123456789";

fn grant(read_only: bool) -> Grant {
    let (id, client, app) = ("g-1".into(), CLIENT.into(), "App".into());
    let owner = Seal::new(SECRETS.clone(), "").owners(&"k-1".into()).remove(0);
    Grant { id, held: Held::Key("k-1".into()), owner, me: None, zone: None, read_only, client, app, made: now() }
}

fn code(auth: &Auth, grant: Grant, expires: u64) -> String {
    let code = Code { grant, redirect: "https://app.example/cb".into(), challenge: digest(VERIFIED), expires };
    let code = auth.seal.seal(Purpose::Code, &code).unwrap();
    format!("code={code}&redirect_uri=https://app.example/cb&code_verifier={VERIFIED}")
}

type Answer = Result<Value, &'static str>;

async fn traded(auth: &Auth, body: &str) -> Answer {
    let form = Form::read(body.as_bytes()).map_err(|failure| failure.error)?;
    auth.for_code(&form, CLIENT).await.map_err(|failure| failure.error)
}

async fn renewed_if(auth: &Auth, tokens: &Value, more: &str, still_good: Result<(), Failure>) -> Answer {
    let form =
        Form::read(format!("refresh_token={}{more}", tokens["refresh_token"].as_str().unwrap()).as_bytes()).unwrap();
    let renewed = async {
        let refresh = auth.refreshing(&form, CLIENT).await?;
        auth.refreshed(&form, refresh, async { still_good }).await
    };
    renewed.await.map_err(|failure: Failure| failure.error)
}

async fn renewed(auth: &Auth, tokens: &Value) -> Answer {
    renewed_if(auth, tokens, "", Ok(())).await
}

fn access(auth: &Auth, tokens: &Value) -> Access {
    auth.seal.open(Purpose::Access, tokens["access_token"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_code_is_good_once_and_who_uses_it_twice_loses_what_it_gave() {
    let auth = auth();
    let sent = code(&auth, grant(false), now() + 60);
    let tokens = traded(&auth, &sent).await.unwrap();
    assert_eq!((&tokens["expires_in"], &tokens["scope"]), (&3600.into(), &"oncehub.read oncehub.write".into()));
    assert!(auth.goes_on(&grant(false)).await.unwrap());
    assert_eq!(traded(&auth, &sent).await, Err("invalid_grant"));
    assert!(!auth.goes_on(&grant(false)).await.unwrap());
    assert_eq!(renewed(&auth, &tokens).await, Err("invalid_grant"));
}

#[tokio::test]
async fn a_code_that_does_not_fit_is_refused_and_stays_good() {
    let auth = auth();
    let sent = code(&auth, grant(false), now() + 60);
    for (bad, expected) in [
        (sent.replace(VERIFIED, &VERIFIED.replace('0', "1")), "invalid_grant"),
        (sent.replace(VERIFIED, ""), "invalid_request"),
        (sent.replace("app.example/cb", "app.example/cb2"), "invalid_grant"),
        (code(&auth, grant(false), now()), "invalid_grant"),
        (code(&auth, Grant { client: "another".into(), ..grant(false) }, now() + 60), "invalid_grant"),
        (code(&auth, Grant { made: now() - grant::LONGEST.as_secs(), ..grant(false) }, now() + 60), "invalid_grant"),
    ] {
        assert_eq!(traded(&auth, &bad).await, Err(expected), "{bad}");
    }
    let auth = self::auth();
    let sent = code(&auth, grant(false), now() + 60);
    assert_eq!(traded(&auth, &sent.replace(VERIFIED, "x")).await, Err("invalid_grant"));
    assert!(traded(&auth, &sent).await.is_ok());
}

#[tokio::test]
async fn several_windows_may_refresh_at_once_and_nobody_later() {
    let auth = auth();
    let tokens = traded(&auth, &code(&auth, grant(false), now() + 60)).await.unwrap();
    let all = join_all((0..5).map(|_| renewed(&auth, &tokens))).await;
    let all: Vec<Value> = all.into_iter().map(Result::unwrap).collect();
    let next = renewed(&auth, &all[4]).await.unwrap();
    assert!(renewed(&auth, &all[0]).await.is_ok(), "another window, in the same minute");
    assert_eq!(access(&auth, &next).grant.id, "g-1", "it is still the same sign-in");
    // One that was used long ago is somebody else's.
    let old = self::auth();
    let tokens = traded(&old, &code(&old, grant(false), now() + 60)).await.unwrap();
    let long_ago = now() - GRACE.as_secs() - 1;
    assert!(old.store.refresh(&grant(false).sign_in(), 0, long_ago).await.unwrap());
    assert_eq!(renewed(&old, &tokens).await, Err("invalid_grant"));
    assert!(!old.goes_on(&grant(false)).await.unwrap(), "for both");
}

#[tokio::test]
async fn nobody_is_signed_out_while_oncehub_is_away_and_all_are_when_the_key_is_gone() {
    let auth = auth();
    let tokens = traded(&auth, &code(&auth, grant(false), now() + 60)).await.unwrap();
    let away = renewed_if(&auth, &tokens, "", Err(Failure::later("away"))).await;
    assert_eq!(away, Err("temporarily_unavailable"));
    assert!(renewed(&auth, &tokens).await.is_ok(), "it has not been used up");
    let gone = renewed_if(&auth, &tokens, "", Err(Failure::invalid_grant(DEAD_KEY))).await;
    assert_eq!(gone, Err("invalid_grant"));
    assert!(renewed(&auth, &tokens).await.is_ok());
}

#[tokio::test]
async fn scopes_may_be_narrowed_and_never_widened() {
    let auth = auth();
    let tokens = traded(&auth, &code(&auth, grant(false), now() + 60)).await.unwrap();
    let narrow = renewed_if(&auth, &tokens, "&scope=oncehub.read", Ok(())).await.unwrap();
    assert!(access(&auth, &narrow).reads && narrow["scope"] == "oncehub.read");
    let wide = renewed_if(&auth, &narrow, "&scope=oncehub.read+oncehub.write", Ok(())).await.unwrap();
    assert!(!access(&auth, &wide).reads, "the person has agreed to it");
    let odd = renewed_if(&auth, &wide, "&scope=openid", Ok(())).await.unwrap();
    assert!(!access(&auth, &odd).reads);
    let auth = self::auth();
    let tokens = traded(&auth, &code(&auth, grant(true), now() + 60)).await.unwrap();
    assert!(access(&auth, &tokens).grant.read_only && tokens["scope"] == "oncehub.read");
    assert_eq!(renewed_if(&auth, &tokens, "&scope=oncehub.write", Ok(())).await, Err("invalid_scope"));
}

#[tokio::test]
async fn a_sign_in_ends_after_half_a_year_however_often_it_is_refreshed() {
    let auth = auth();
    let old = Grant { made: now() + 1000 - grant::LONGEST.as_secs(), ..grant(false) };
    let tokens = traded(&auth, &code(&auth, old.clone(), now() + 60)).await.unwrap();
    assert!(access(&auth, &tokens).expires <= old.ends() && tokens["expires_in"].as_u64().unwrap() <= 1000);
    let refresh: Refresh = auth.seal.open(Purpose::Refresh, tokens["refresh_token"].as_str().unwrap()).unwrap();
    assert_eq!(refresh.expires, old.ends());
}

/// A store that cannot be reached.
#[derive(Debug)]
struct Gone;

#[async_trait]
impl Store for Gone {
    async fn open(&self, _: &Stored, _: u64) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }

    async fn refresh(&self, _: &Stored, _: u64, _: u64) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }

    async fn touch(&self, _: &Stored, _: u64) -> Result<bool, Unavailable> {
        Err(Unavailable)
    }

    async fn standing(&self, _: &[Stored]) -> Result<Vec<Standing>, Unavailable> {
        Err(Unavailable)
    }

    async fn of(&self, _: &[Owner], _: u64) -> Result<Vec<Listed>, Unavailable> {
        Err(Unavailable)
    }

    async fn end(&self, _: &Stored, _: u64) -> Result<(), Unavailable> {
        Err(Unavailable)
    }

    async fn end_all(&self, _: &[Owner], _: u64) -> Result<(), Unavailable> {
        Err(Unavailable)
    }

    fn is_of_process(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn without_its_store_it_hands_out_nothing() {
    let mut auth = auth();
    let tokens = traded(&auth, &code(&auth, grant(false), now() + 60)).await.unwrap();
    auth.store = Arc::new(Gone);
    let other = Grant { id: "g-2".into(), ..grant(false) };
    assert_eq!(traded(&auth, &code(&auth, other, now() + 60)).await, Err("temporarily_unavailable"));
    assert_eq!(renewed(&auth, &tokens).await, Err("temporarily_unavailable"));
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let head = http::Request::get("/mcp").header("authorization", bearer).body(()).unwrap().into_parts().0;
    assert!(format!("{:?}", auth.bearer(&head).await.unwrap_err()).contains("cannot be seen now"));
}

#[tokio::test]
async fn what_is_open_with_a_sign_in_ends_at_once_with_it() {
    for how in ["a code twice", "a refresh token of long ago", "an end"] {
        let auth = auth();
        let sent = code(&auth, grant(false), now() + 60);
        let tokens = traded(&auth, &sent).await.unwrap();
        let open = auth.in_use.add(&grant(false));
        match how {
            "a code twice" => assert_eq!(traded(&auth, &sent).await, Err("invalid_grant")),
            "an end" => auth.end(&grant(false)).await.unwrap(),
            _ => {
                let long_ago = now() - GRACE.as_secs() - 1;
                assert!(auth.store.refresh(&grant(false).sign_in(), 0, long_ago).await.unwrap());
                assert!(!open.ended.is_cancelled());
                assert_eq!(renewed(&auth, &tokens).await, Err("invalid_grant"));
            }
        }
        assert!(open.ended.is_cancelled(), "{how}");
    }
}

#[tokio::test]
async fn an_access_token_is_good_until_it_ends_and_for_no_more_than_its_client_has_asked_for() {
    let auth = auth();
    let taken = async |read_only, reads, expires| {
        let access = Access { grant: grant(read_only), reads, expires };
        let bearer = format!("Bearer {}", auth.seal.seal(Purpose::Access, &access).unwrap());
        let head = http::Request::get("/mcp").header("authorization", bearer).body(()).unwrap().into_parts().0;
        let signed_in = auth.bearer(&head).await.map_err(|refusal| refusal.reason())?;
        Ok(signed_in.unwrap().agreed.read_only)
    };
    for (read_only, reads, expected) in [(false, false, false), (false, true, true), (true, false, true)] {
        assert_eq!(taken(read_only, reads, now() + 60).await, Ok(expected), "{read_only} {reads}");
    }
    let ended: Result<bool, String> = taken(false, false, now()).await;
    assert!(ended.as_ref().is_err_and(|reason| reason.contains("this token has expired")), "{ended:?}");
}
