//! Maps, and the people that they are about.

use std::path::Path;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::transport::http::auth::oidc::person::Recognized;

const ISSUER: &str = "https://login.example.com";

fn read(text: &str) -> Result<&str, String> {
    if text.starts_with('<') { Err("that is a placeholder".into()) } else { Ok(text.trim()) }
}

/// A folder with two keys, and a map of these rules.
fn folder(rules: &Value) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("key-of-{name}\n")).unwrap();
        json!({"file": path})
    };
    let map = json!({"keys": {"sales": at("sales"), "all": at("all")}, "rules": rules});
    (folder, map)
}

fn map_of(folder: &Path, map: &Value) -> Result<Map, BadMap> {
    let path = folder.join("map.json");
    std::fs::write(&path, serde_json::to_string_pretty(map).unwrap()).unwrap();
    Map::of_file(&path, read)
}

fn person(subject: &str, claims: &Value, map: &Map) -> Recognized {
    Recognized::new(ISSUER, subject, claims.as_object().unwrap(), &map.current())
}

/// Who a person with these claims is, and with which key; and whether they may change anything.
fn served(map: &Map, subject: &str, claims: &Value) -> Result<String, NotMapped> {
    let mapped = map.current().of(&person(subject, claims, map).person)?;
    let rights = if mapped.read_only { "reads" } else { "changes" };
    Ok(format!("{} {} {} {rights}", mapped.key.expose_secret(), mapped.me, mapped.zone.unwrap_or_default()))
}

#[test]
fn the_first_rule_about_a_person_counts() {
    let (folder, map) = folder(&json!([
        {"subject": "u-1", "key": "all", "user": "USR-1", "zone": "Europe/London", "access": "all"},
        {"email": "Dana@Northlight.example", "key": "sales", "access": "all"},
        {"email": "left@northlight.example", "access": "none"},
        {"group": "Admins", "key": "all", "access": "all"},
        {"domain": "northlight.example", "key": "sales"},
        {"group": "staff", "key": "sales"},
    ]));
    let map = map_of(folder.path(), &map).unwrap();
    let verified = |email: &str| json!({"email": email, "email_verified": true});
    let served = |subject: &str, claims: Value| served(&map, subject, &claims);
    for (subject, claims, expected) in [
        ("u-1", json!({}), "key-of-all USR-1 Europe/London changes"),
        ("u-2", verified("dana@northlight.example"), "key-of-sales dana@northlight.example  changes"),
        ("u-2", verified("lee@NORTHLIGHT.example"), "key-of-sales lee@NORTHLIGHT.example  reads"),
        (
            "u-2",
            json!({"email": "lee@northlight.example", "email_verified": true, "groups": ["x", "Admins"]}),
            "key-of-all lee@northlight.example  changes",
        ),
        (
            "u-2",
            json!({"email": "x@y.example", "email_verified": "true", "groups": "staff"}),
            "key-of-sales x@y.example  reads",
        ),
    ] {
        assert_eq!(served(subject, claims.clone()), Ok(expected.to_owned()), "{claims}");
    }
    for (claims, expected) in [
        (json!({}), NotMapped::Nobody),
        (verified("left@northlight.example"), NotMapped::Nobody),
        (verified("x@evil-northlight.example"), NotMapped::Nobody),
        (verified("x@northlight.example.evil.example"), NotMapped::Nobody),
        (verified("northlight.example"), NotMapped::Nobody),
        (verified("dana@northlight.example@evil.example"), NotMapped::Nobody),
        (verified("dana@northlight.example."), NotMapped::Nobody),
        (verified("dana@n\u{43e}rthlight.example"), NotMapped::Nobody),
        (verified("dana@northlight.example\u{200b}"), NotMapped::Nobody),
        (verified("dana@\u{212a}.example"), NotMapped::Nobody),
        // Nobody has verified these.
        (json!({"email": "dana@northlight.example"}), NotMapped::Nobody),
        (json!({"email": "dana@northlight.example", "email_verified": false}), NotMapped::Nobody),
        (json!({"email": "dana@northlight.example", "email_verified": "false"}), NotMapped::Nobody),
        (json!({"email": "dana@northlight.example", "email_verified": ["true"]}), NotMapped::Nobody),
        (json!({"email": ["dana@northlight.example"], "email_verified": true}), NotMapped::Nobody),
        // Groups are written as they are.
        (json!({"email": "x@y.example", "email_verified": true, "groups": ["admins"]}), NotMapped::Nobody),
        (json!({"groups": ["staff"]}), NotMapped::NoAddress),
        (json!({"groups": ["staff"], "email": "x@y.example"}), NotMapped::NoAddress),
    ] {
        assert_eq!(served("u-2", claims.clone()), Err(expected), "{claims}");
    }
    assert_eq!(served("U-1", json!({})), Err(NotMapped::Nobody), "ids are written as they are");
}

#[test]
fn claims_may_have_other_names_and_only_groups_of_the_map_are_kept() {
    let (folder, mut map) = folder(&json!([{"group": "7f3a", "key": "all"}, {"domain": "y.example", "key": "all"}]));
    map["groups_claim"] = json!("roles");
    map["verified_claim"] = json!("xms_edov");
    let map = map_of(folder.path(), &map).unwrap();
    let claims = json!({
        "email": "x@y.example", "xms_edov": 1, "email_verified": false, "groups": ["7f3a"], "roles": ["a", "7f3a"]
    });
    let found = person("u-1", &claims, &map);
    assert_eq!((found.person.email.as_deref(), &found.person.groups[..]), (Some("x@y.example"), &["7f3a".into()][..]));
    assert_eq!(found.unverified, None);
    let found = person("u-1", &json!({"email": "x@y.example", "email_verified": true}), &map);
    assert_eq!((found.person.email, found.unverified.as_deref()), (None, Some("x@y.example")));
}

#[test]
fn a_group_that_was_not_looked_for_may_be_ones_own() {
    let own = json!({"email": "x@y.example", "key": "all", "access": "all"});
    let staff = json!({"group": "staff", "key": "sales"});
    let all = json!({"domain": "y.example", "key": "all", "access": "all"});
    let (folder, map) = folder(&json!([own, staff, all]));
    let watched = map_of(folder.path(), &map).unwrap();
    let person = |email: &str, groups: &[&str]| {
        person("u-1", &json!({"email": email, "email_verified": true, "groups": groups}), &watched).person
    };
    let people = [person("x@y.example", &["contractors"]), person("s@y.example", &["staff", "contractors"])];
    let contractors = json!({"group": "contractors", "access": "none"});
    let lee = json!({"subject": "u-2", "access": "none"});
    for (rules, expected) in [
        (json!([own, staff, all]), [true, true]),
        (json!([staff, all]), [true, true]),
        (json!([lee, own, staff, all]), [true, true]),
        // What is behind the rule that counts makes no difference.
        (json!([own, staff, all, contractors]), [true, true]),
        (json!([contractors, own, staff, all]), [false, false]),
        (json!([own, contractors, staff, all]), [true, false]),
        (json!([staff, contractors, all]), [false, true]),
        (json!([{"group": "others", "key": "all"}, all]), [false, false]),
    ] {
        let mut changed = map.clone();
        changed["rules"] = rules.clone();
        std::fs::write(folder.path().join("map.json"), changed.to_string()).unwrap();
        watched.reload();
        let served = people.each_ref().map(|person| watched.current().of(person).is_ok());
        assert_eq!(served, expected, "{rules}");
    }
    // Nor was an address looked at as it is now.
    let mut changed = map.clone();
    changed["verified_claim"] = json!("xms_edov");
    std::fs::write(folder.path().join("map.json"), changed.to_string()).unwrap();
    watched.reload();
    assert!(people.iter().all(|person| watched.current().of(person).is_err()));
}

#[test]
fn a_map_that_cannot_be_meant_is_refused_by_what_is_wrong_with_it() {
    let rule = json!({"domain": "y.example", "key": "all"});
    let but = |name: &str, value: Value| {
        let mut rule = rule.clone();
        rule[name] = value;
        json!([rule])
    };
    let told = |rules: Value, change: &dyn Fn(&mut Value)| {
        let (folder, mut map) = folder(&rules);
        change(&mut map);
        map_of(folder.path(), &map).unwrap_err().to_string()
    };
    let kept: &dyn Fn(&mut Value) = &|_| {};
    for (rules, expected) in [
        (json!([]), "'rules' is empty"),
        (json!([{"key": "all"}]), "rules[0]: a rule is about one thing"),
        (but("email", json!("x@y.example")), "rules[0]: a rule is about one thing"),
        (but("domain", json!(" ")), "rules[0]: a rule is about one thing"),
        (but("domain", json!("x@y.example")), "rules[0]: 'domain' is what follows the @"),
        (json!([rule, {"email": "y.example", "key": "all"}]), "rules[1]: 'email' is an address"),
        (but("key", json!("other-s3cret")), "rules[0]: 'key' is the name of one of 'keys'"),
        (but("key", Value::Null), "rules[0]: 'key' is missing"),
        (but("user", json!("")), "rules[0]: 'user' is empty"),
        (but("zone", json!("Berlin")), "rules[0]: 'zone': there is no time zone 'Berlin'"),
        (but("access", json!("write-s3cret")), "at 'rules[0].access'"),
        (but("acces", json!("all")), "at 'rules[0].acces'"),
        (json!({}), "at 'rules'"),
    ] {
        let told = told(rules.clone(), kept);
        assert!(told.contains(expected) && !told.contains("s3cret"), "{rules}: {told}");
    }
    let rules = || json!([rule]);
    for (change, expected) in [
        (&(|map: &mut Value| map["keys"]["all"] = json!("a-s3cret")) as &dyn Fn(&mut Value), "at 'keys.all'"),
        (&|map| map["keys"]["all"] = json!({}), "keys.all: say where it is"),
        (&|map| map["keys"]["all"] = json!({"file": "/nowhere/key"}), "keys.all: the file /nowhere/key cannot be read"),
        (&|map| map["keys"]["all"] = json!({"variable": "NO_SUCH"}), "keys.all: the variable NO_SUCH is not set"),
        (&|map| map["keys"]["all"]["variable"] = json!("PATH"), "keys.all: say where it is"),
        (&|map| map["rule"] = json!([]), "at 'rule'"),
    ] {
        let told = told(rules(), change);
        assert!(told.contains(expected) && !told.contains("s3cret"), "{told}");
    }
    for (text, expected) in [
        ("", "line 1"),
        ("{\n\"keys\": {},\n\"rules\": [}", "line 3"),
        ("{\"keys\": {}, \"rules\": []} x", "line 1, column 27"),
    ] {
        let (folder, _) = folder(&rules());
        let path = folder.path().join("map.json");
        std::fs::write(&path, text).unwrap();
        let told = Map::of_file(&path, read).unwrap_err().to_string();
        assert!(told.contains(expected) && told.contains("no JSON"), "{text}: {told}");
    }
    for key in ["", "two words of a s3cret", "<s3cret>"] {
        let (folder, map) = folder(&rules());
        std::fs::write(folder.path().join("all"), key).unwrap();
        let told = map_of(folder.path(), &map).unwrap_err().to_string();
        assert!(told.contains("keys.all: what is there is no OnceHub key") && !told.contains("s3cret"), "{told}");
    }
}

#[test]
fn what_is_changed_counts_and_what_cannot_be_used_does_not() {
    let (folder, map) = folder(&json!([{"subject": "u-1", "key": "all", "user": "a@y.example"}]));
    let people = map_of(folder.path(), &map).unwrap();
    let now = || served(&people, "u-1", &json!({}));
    let written = |map: &Value| {
        std::fs::write(folder.path().join("map.json"), map.to_string()).unwrap();
        people.reload();
    };
    assert_eq!(now().unwrap(), "key-of-all a@y.example  reads");
    std::fs::write(folder.path().join("all"), "another-key").unwrap();
    people.reload();
    assert_eq!(now().unwrap(), "another-key a@y.example  reads");
    for broken in [json!({}), json!({"keys": {}, "rules": []})] {
        written(&broken);
        assert_eq!(now().unwrap(), "another-key a@y.example  reads", "{broken}");
    }
    let mut more = map.clone();
    more["rules"][0]["access"] = json!("all");
    written(&more);
    assert_eq!(now().unwrap(), "another-key a@y.example  changes");
    more["rules"][0]["subject"] = json!("u-2");
    written(&more);
    assert_eq!(now(), Err(NotMapped::Nobody));
    assert!(!format!("{people:?}").contains("another-key"));
}
