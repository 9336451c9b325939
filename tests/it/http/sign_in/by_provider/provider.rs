//! An identity provider over HTTP, with keys of its own. It shares no code with the server that asks it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The server's id and its secret there: with what has to be encoded before it is sent.
pub(super) const CLIENT: &str = "oncehub:mcp";
pub(super) const SECRET: &str = "s3cret-of-the-server+at/the provider";

pub(super) struct Provider {
    server: MockServer,
    pub(super) state: Arc<Mutex<State>>,
}

/// What the provider does, and what it was asked.
pub(super) struct State {
    issuer: String,
    key: KeyPair,
    /// The codes that it has handed out, with what they were asked for.
    codes: HashMap<String, Code>,
    handed_out: usize,
    /// What is wrong with it.
    pub(super) fault: Fault,
    /// How it has a client show its secret.
    pub(super) methods: Value,
    /// The claims that it leaves out of its token: it says them when it is asked.
    pub(super) held_back: Vec<String>,
    /// The paths that it was asked for.
    pub(super) asked: Vec<String>,
    /// All that it has handed out: nobody else may repeat it.
    pub(super) secrets: Vec<String>,
}

struct Code {
    nonce: String,
    challenge: String,
    redirect: String,
    claims: Value,
}

/// What may be wrong with an identity provider.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    None,
    /// Its token says something else.
    Claims(Value),
    /// Its token has another header, and no signature that can be checked.
    Header(Value),
    /// Its token is signed by somebody else.
    OtherKey,
    /// Its token is signed with the server's own secret.
    Secret,
    /// Its answer to this path is this.
    Answer(&'static str, u16, String),
    /// It says that it is at another address.
    Description(&'static str, String),
    /// What it says of the person when it is asked is about another one.
    OtherPerson,
    /// When it is asked, it says that it has verified no address.
    Unverified,
}

impl Provider {
    pub(super) async fn start() -> Self {
        let server = MockServer::start().await;
        let state = State {
            issuer: server.uri(),
            key: KeyPair::generate_for(&PKCS_ED25519).unwrap(),
            codes: HashMap::new(),
            handed_out: 0,
            fault: Fault::None,
            methods: json!(["client_secret_basic", "client_secret_post"]),
            held_back: vec![],
            asked: vec![],
            secrets: vec![],
        };
        let state = Arc::new(Mutex::new(state));
        Mock::given(any()).respond_with(Answering(Arc::clone(&state))).mount(&server).await;
        Self { server, state }
    }

    pub(super) fn issuer(&self) -> String {
        self.server.uri()
    }

    pub(super) fn set(&self, fault: Fault) {
        self.state.lock().unwrap().fault = fault;
    }

    /// Signs a person with these claims in; the address that their browser is sent back to.
    pub(super) fn signs_in(&self, asked: &Url, claims: Value) -> Url {
        let mut state = self.state.lock().unwrap();
        let get = |name: &str| asked.query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned();
        assert_eq!((get("response_type"), get("client_id")), ("code".to_owned(), CLIENT.to_owned()));
        assert_eq!(get("code_challenge_method"), "S256");
        state.handed_out += 1;
        let code = format!("c0de-of-the-provider-{}", state.handed_out);
        let asked_for =
            Code { nonce: get("nonce"), challenge: get("code_challenge"), redirect: get("redirect_uri"), claims };
        state.codes.insert(code.clone(), asked_for);
        state.secrets.extend([code.clone(), get("nonce"), get("state")]);
        let (state_of_client, issuer) = (get("state"), state.issuer.clone());
        let pairs = [("code", code), ("state", state_of_client), ("iss", issuer)];
        Url::parse_with_params(&get("redirect_uri"), pairs).unwrap()
    }
}

struct Answering(Arc<Mutex<State>>);

impl Respond for Answering {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        let path = request.url.path().to_owned();
        state.asked.push(path.clone());
        if let Fault::Answer(at, status, body) = &state.fault
            && *at == path
        {
            let answer = ResponseTemplate::new(*status).set_body_raw(body.clone(), "application/json");
            return answer.insert_header("location", format!("{}/jwks", state.issuer));
        }
        let told = match &*path {
            "/.well-known/openid-configuration" => Ok(state.description()),
            "/jwks" => Ok(json!({"keys": [
                {"kty": "EC", "crv": "unheard-of", "kid": "odd"},
                {"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "k-1", "x": encoded(state.key.der_bytes())},
            ]})),
            "/token" => state.tokens(request),
            "/me" => state.person(request),
            _ => Err("not_found"),
        };
        match told {
            Ok(told) => ResponseTemplate::new(200).set_body_json(told),
            Err(error) => ResponseTemplate::new(400).set_body_json(json!({"error": error})),
        }
    }
}

impl State {
    fn description(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut told = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/auth?tenant=1"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
            "userinfo_endpoint": at("/me"),
            "token_endpoint_auth_methods_supported": self.methods,
            "authorization_response_iss_parameter_supported": true,
        });
        if let Fault::Description(name, value) = &self.fault {
            told[*name] = json!(value);
        }
        told
    }

    fn tokens(&mut self, request: &Request) -> Result<Value, &'static str> {
        let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let basic = request.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let shown = match basic {
            Some(basic) => {
                let text = STANDARD.decode(basic.strip_prefix("Basic ").unwrap()).unwrap();
                let text = String::from_utf8(text).unwrap();
                let (id, secret) = text.split_once(':').unwrap();
                let decoded = |text: &str| {
                    url::form_urlencoded::parse(format!("x={text}").as_bytes()).next().unwrap().1.into_owned()
                };
                (decoded(id), decoded(secret))
            }
            None => (get("client_id").to_owned(), get("client_secret").to_owned()),
        };
        if shown != (CLIENT.to_owned(), SECRET.to_owned()) {
            return Err("invalid_client");
        }
        let code = self.codes.remove(get("code")).ok_or("invalid_grant")?;
        let verifier = get("code_verifier").to_owned();
        let is_same = encoded(Sha256::digest(&verifier)) == code.challenge && verifier.len() >= 43;
        if !is_same || code.redirect != get("redirect_uri") {
            return Err("invalid_grant");
        }
        let mut claims = code.claims.clone();
        let now = seconds_now();
        for (name, value) in [
            ("iss", json!(self.issuer)),
            ("aud", json!(CLIENT)),
            ("exp", json!(now + 300)),
            ("iat", json!(now)),
            ("nonce", json!(code.nonce)),
        ] {
            claims[name] = value;
        }
        if let Fault::Claims(changed) = &self.fault {
            for (name, value) in changed.as_object().unwrap() {
                claims[name] = value.clone();
            }
        }
        let claims: serde_json::Map<String, Value> = claims.as_object().unwrap().clone();
        let claims: serde_json::Map<String, Value> =
            claims.into_iter().filter(|(name, value)| !value.is_null() && !self.held_back.contains(name)).collect();
        let token = self.signed(&Value::Object(claims));
        let access = format!("{}{}", "t0ken-of-the-provider-", URL_SAFE_NO_PAD.encode(code.claims.to_string()));
        self.secrets.extend([verifier, token.clone(), access.clone()]);
        Ok(json!({"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": token}))
    }

    fn person(&self, request: &Request) -> Result<Value, &'static str> {
        let bearer = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let claims = bearer.strip_prefix("Bearer t0ken-of-the-provider-").ok_or("invalid_token")?;
        let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        match self.fault {
            Fault::OtherPerson => claims["sub"] = json!("another"),
            Fault::Unverified => claims["email_verified"] = json!(false),
            _ => {}
        }
        Ok(claims)
    }

    fn signed(&self, claims: &Value) -> String {
        let header = match &self.fault {
            Fault::Header(header) => header.clone(),
            Fault::Secret => json!({"alg": "HS256", "kid": "k-1"}),
            _ => json!({"alg": "EdDSA", "kid": "k-1", "typ": "JWT"}),
        };
        let message = format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
        let signature = match &self.fault {
            Fault::OtherKey => KeyPair::generate_for(&PKCS_ED25519).unwrap().sign(message.as_bytes()).unwrap(),
            Fault::Secret => hmac_sha256(SECRET.as_bytes(), message.as_bytes()),
            Fault::Header(header) if header["alg"] == "none" => vec![],
            _ => self.key.sign(message.as_bytes()).unwrap(),
        };
        format!("{message}.{}", encoded(&signature))
    }
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut padded = [0_u8; 64];
    padded[..key.len()].copy_from_slice(key);
    let [inner, outer] = [0x36_u8, 0x5c].map(|pad| padded.map(|byte| byte ^ pad));
    let inside = Sha256::new().chain_update(inner).chain_update(message).finalize();
    Sha256::new().chain_update(outer).chain_update(inside).finalize().to_vec()
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn seconds_now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
