//! Settings of sign-in that cannot work, or would not be safe: the program says which, and does not start.

use std::fs;

use oncehub_mcp::sandbox;

use crate::agents::{ended, program};
#[cfg(unix)]
use crate::http::{Server, in_front_of, upstream};

/// Who can read a file: 0o600, its owner.
#[cfg(unix)]
fn readable(file: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn files_with_secrets_that_others_can_read_are_named_at_start() {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let [secret, tokens] = ["secret", "tokens"].map(|name| path(name, "0123456789abcdef0123456789abcdef"));
    let clients = path("clients", "[]");
    let started = |mode: u32| {
        [&secret, &tokens, &clients].into_iter().for_each(|file| readable(file, mode));
        let mut command = in_front_of(&upstream);
        command.args(["--oauth", "keys", "--secret-file", &secret, "--oauth-clients-file", &clients]);
        command.env("ONCEHUB_MCP_TOKEN_FILE", &tokens);
        Server::start(command).stop()
    };
    for (mode, who) in
        [(0o644, "everybody on this machine"), (0o640, "its group"), (0o604, "everybody on this machine")]
    {
        let log = started(mode);
        for (setting, file) in
            [("--secret-file", &secret), ("--oauth-clients-file", &clients), ("ONCEHUB_MCP_TOKEN_FILE", &tokens)]
        {
            let told = format!("{setting}: {who} can read {file}: chmod 600 keeps it to its owner");
            assert!(log.contains(&told), "{told}: {log}");
        }
        assert!(!log.contains("0123456789"), "{log}");
    }
    let log = started(0o600);
    assert!(!log.contains("chmod"), "{log}");
}

const PUBLIC: [&str; 4] = ["--behind-proxy", "--listen", "127.0.0.1:0", "--public-url"];

fn refused(arguments: &[&str]) -> String {
    let mut command = program();
    command.args(["http"]).args(arguments).env("ONCEHUB_API_URL", "http://127.0.0.1:1");
    let (code, printed, said) = ended(command);
    assert!(matches!(code, Some(1 | 2)), "{arguments:?}: {code:?} {said}");
    assert!(printed.is_empty() && !said.contains(sandbox::KEY), "{said}");
    said
}

#[test]
fn what_cannot_work_is_refused_at_start_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = path("secret", "0123456789abcdef0123456789abcdef");
    let (empty, short) = (path("empty", "\n"), path("short", "t00-short"));
    let many = path("many", &"0123456789abcdef0123456789abcdef\n".repeat(11));
    let own = |id: &str, secret: &str, redirect: &str| {
        let client = format!(
            r#"[{{"client_id": "{id}", "client_secret": "{secret}", "client_name": "A", "redirect_uris": ["{redirect}"]}}]"#
        );
        path(id, &client)
    };
    let guessed = own("guessed", "t00-short", "https://a.example/cb");
    let plain = own("plain", "0123456789abcdef", "http://a.example/cb");
    let no_list = path("no-list", "{\"client_secret\": \"t00-short\"}");
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let good = "https://mcp.example.com";
    let public = |url: &'static str| [&PUBLIC[..], &[url]].concat();
    for (more, expected) in [
        (vec!["--oauth", "yes"], "--oauth: 'yes' is not one of off, keys, oidc"),
        (vec!["--oauth", "keys", "--shared-key"], "--oauth keys: people sign in with keys of their own"),
        (vec!["--oauth", "keys", "--oauth-clients", "some"], "--oauth-clients: 'some' is neither any nor known"),
        (vec!["--oauth", "keys", "--oauth-access", "14"], "14"),
        (vec!["--oauth", "keys", "--oauth-access", "43201"], "43201"),
        (vec!["--oauth", "keys", "--behind-proxy"], "--oauth keys: set --public-url to the address"),
        ([&public(good)[..], &["--oauth", "keys"]].concat(), "--oauth keys: set --secret-file"),
        (
            [&public("https://mcp.example.com/oncehub")[..], &["--oauth", "keys", "--secret-file", &secret]].concat(),
            "--public-url https://mcp.example.com/oncehub: apps look for sign-in at a host",
        ),
        (
            [&public("https://mcp.example.com/?x")[..], &["--oauth", "keys", "--secret-file", &secret]].concat(),
            "apps look for sign-in at a host",
        ),
        (
            [&public("https://mcp.example.com/#x")[..], &["--oauth", "keys", "--secret-file", &secret]].concat(),
            "apps look for sign-in at a host",
        ),
        (
            [&public("https://ada:t00-secret@mcp.example.com")[..], &["--oauth", "keys", "--secret-file", &secret]]
                .concat(),
            "it has a name or a password in it, before an @: leave them out",
        ),
        (public("https://ada@mcp.example.com"), "it has a name or a password in it, before an @: leave them out"),
        (public("ftp://ada:t00-secret@mcp.example.com"), "it has a name or a password in it"),
        (public("http://mcp.example.com"), "keys must not travel unencrypted: write https"),
        (public("mcp.example.com"), "is neither https nor http"),
        (vec!["--oauth", "keys", "--secret-file", &missing], "--secret-file"),
        (vec!["--oauth", "keys", "--secret-file", &empty], "is empty"),
        (vec!["--oauth", "keys", "--secret-file", &short], "a secret of 9 characters can be guessed"),
        (vec!["--oauth", "keys", "--secret-file", &many], "there are more than 10 of them"),
        (vec!["--oauth", "keys", "--oauth-clients-file", &missing], "--oauth-clients-file"),
        (vec!["--oauth", "keys", "--oauth-clients-file", &no_list], "it has to be an array of objects"),
        (vec!["--oauth", "keys", "--oauth-clients-file", &guessed], "the secret of 'guessed' can be guessed"),
        (vec!["--oauth", "keys", "--oauth-clients-file", &plain], "'http://a.example/cb' of 'plain' is no address"),
    ] {
        let more = if more.contains(&"--listen") { more } else { [&["--listen", "127.0.0.1:0"][..], &more].concat() };
        let said = refused(&more);
        assert!(said.contains(expected), "{more:?}: {said}");
        assert!(!said.contains("t00-"), "a secret is shown: {said}");
    }
}
