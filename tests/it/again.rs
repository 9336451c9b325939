//! `oncehub-mcp install` where there is an entry already, with a server's token, and what it leaves behind; and `check`,
//! which judges what is used.

use std::io::Write as _;
use std::process::{Output, Stdio};

use oncehub_mcp::sandbox::{self, Sandbox};
use serde_json::Value;

use super::agents::background;
use super::http::{Server, TOKEN, in_front_of, upstream};
use super::install::{Home, about, check, said};

pub(super) const FILE: &str = ".cursor/mcp.json";

/// The entry in Cursor's file.
pub(super) fn entry(home: &Home, name: &str) -> Value {
    let file: Value = serde_json::from_str(&home.read(FILE)).unwrap();
    file["mcpServers"][name].clone()
}

pub(super) fn run(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = home.run(arguments, variables);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

#[cfg(unix)]
fn mode(home: &Home, file: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(home.path(file)).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn open_to_others(home: &Home, file: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(home.path(file), std::fs::Permissions::from_mode(0o644)).unwrap();
}

/// The copies beside Cursor's file.
pub(super) fn copies(home: &Home) -> Vec<String> {
    let names = std::fs::read_dir(home.path(".cursor")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.contains(".bak"));
    names.sort();
    names
}

#[test]
fn the_command_that_check_prints_keeps_settings_and_key() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let home = Home::new();
    let url = format!("--api-url={}", sandbox.url());
    let key = [("ONCEHUB_API_KEY", sandbox::KEY)];
    let user = "--user=dana@northlight.example";
    let first = ["install", "cursor", "--name", "mine", "--key", "env", "--read-only", "--toolsets=core", "--yes"];
    run(&home, &[&first[..], &[&url, user]].concat(), &key);
    let whole = entry(&home, "mine");
    assert_eq!(whole["env"]["ONCEHUB_API_KEY"], sandbox::KEY);
    // Somebody else's file lies where a new entry's key would be, and another key is in the shell.
    home.write(".config/oncehub-mcp/mine.key", "somebody-elses-key\n");
    let moved = home.read(FILE).replace(super::agents::PROGRAM, "/opt/oncehub-mcp");
    home.write(FILE, &moved);
    let (code, findings) = check(&home, &["--sandbox"], &[]);
    assert_eq!(code, Some(1), "whatever its name: {findings:?}");
    let checked = said(&home.run(&["--sandbox", "check", "--name", "mine"], &[]));
    let hint =
        checked.lines().find_map(|line| line.trim().strip_prefix("hint: oncehub-mcp ")?.split(" rewrites").next());
    let hint: Vec<&str> = hint.unwrap_or_else(|| panic!("{checked}")).split(' ').collect();
    assert_eq!(hint, ["install", "cursor", "--name", "mine"]);
    let text = run(&home, &[&hint[..], &["--yes"]].concat(), &[("ONCEHUB_API_KEY", "another-key-0123")]);
    assert!(
        text.contains("its key, --api-url, --user, --read-only, --toolsets, --time-zone.")
            && text.contains("its own (--key replaces it)"),
        "{text}"
    );
    assert_eq!(entry(&home, "mine"), whole);
    assert!(!text.contains(sandbox::KEY), "{text}");
    // A setting that is given replaces that one, where it stands.
    let text = run(&home, &[&hint[..], &["--yes", "--toolsets", "users", "--confirm=always"]].concat(), &[]);
    let args: Vec<String> = serde_json::from_value(entry(&home, "mine")["args"].clone()).unwrap();
    let zone = "--time-zone=Europe/Berlin";
    assert_eq!(args, [&url, user, "--read-only", "--toolsets=users", zone, "--confirm=always"], "{text}");
    assert!(text.contains("! It offers more tools: "), "{text}");
    // A safety goes only by its flag, and that is said.
    let text = run(&home, &[&hint[..], &["--yes", "--read-only=false", "--confirm=auto"]].concat(), &[]);
    assert!(text.contains("! It takes --read-only away") && text.contains("! It asks people less"), "{text}");
    let text = run(&home, &[&hint[..], &["--yes", "--toolsets=users", "--user=lee@northlight.example"]].concat(), &[]);
    assert!(!text.contains("! ") && text.contains("-      \"args\""), "{text}");
    // A key goes by its flag, too: into the file, which has somebody else's.
    run(&home, &[&hint[..], &["--yes", "--key", "file"]].concat(), &key);
    let written = entry(&home, "mine");
    assert!(written["env"]["ONCEHUB_API_KEY"].is_null() && written["env"]["ONCEHUB_API_KEY_FILE"].is_string());
    assert_eq!(home.read(".config/oncehub-mcp/mine.key").trim(), sandbox::KEY);
}

#[test]
fn what_is_no_setting_of_this_program_is_not_kept_and_not_shown() {
    let home = Home::new();
    let with = |command: &str| {
        format!(
            r#"{{"mcpServers": {{"oncehub": {{"command": "{command}", "args": ["--sandbox", "--api-key=s3cret", "s3cret", "--dry-run"]}}}}}}"#
        )
    };
    home.write(FILE, &with("/opt/oncehub-mcp"));
    let text = run(&home, &["install", "cursor", "--yes"], &[]);
    assert_eq!(entry(&home, "oncehub")["args"], serde_json::json!(["--sandbox", "--dry-run"]));
    assert!(text.contains("Not kept: --api-key among its arguments") && text.contains("simulated account"), "{text}");
    home.write(FILE, &with("/usr/bin/docker"));
    let text = run(&home, &["install", "cursor", "--sandbox", "--yes"], &[]);
    assert!(text.contains("starts docker with --sandbox, --api-key, --dry-run, not this program"), "{text}");
    assert!(!entry(&home, "oncehub")["args"].to_string().contains("dry-run"), "{text}");
    // Of a project's file, which may be a stranger's, only what allows less is kept.
    let stranger = r#"{"mcpServers": {"oncehub": {"command": "oncehub-mcp", "args": ["--api-url=http://127.0.0.1:9", "--read-only", "--confirm=never"], "env": {"ONCEHUB_API_KEY": "s3cret"}}}}"#;
    home.write(".mcp.json", stranger);
    run(&home, &["install", "claude-code", "--project", "--sandbox", "--yes"], &[]);
    let file: Value = serde_json::from_str(&home.read(".mcp.json")).unwrap();
    assert_eq!(file["mcpServers"]["oncehub"]["args"], serde_json::json!(["--read-only", "--sandbox"]), "{file}");
    assert!(file["mcpServers"]["oncehub"]["env"].is_null(), "{file}");
}

#[test]
fn to_show_a_change_only_is_not_the_servers_rehearsal() {
    let home = Home::new();
    let shown = run(&home, &["install", "cursor", "--sandbox", "--dry-run"], &[]);
    assert!(shown.contains("Nothing was written") && !shown.contains("\"--dry-run\""), "{shown}");
    assert!(run(&home, &["--dry-run", "install", "cursor", "--sandbox"], &[]).contains("Nothing was written"));
    assert!(!home.path(FILE).exists());
    // The server's setting in this shell is neither.
    let text = run(&home, &["install", "cursor", "--sandbox", "--yes"], &[("ONCEHUB_MCP_DRY_RUN", "1")]);
    assert!(text.contains("ONCEHUB_MCP_DRY_RUN (--entry-dry-run adds it)") && text.contains("Wrote"), "{text}");
    let args = || entry(&home, "oncehub")["args"].to_string();
    assert!(!args().contains("dry-run"));
    run(&home, &["install", "cursor", "--entry-dry-run", "--yes"], &[]);
    assert!(args().contains("\"--dry-run\""));
    let text = run(&home, &["install", "cursor", "--entry-dry-run=false", "--yes"], &[]);
    assert!(
        args().contains("\"--dry-run=false\"") && text.contains("! It takes the server's --dry-run away"),
        "{text}"
    );
}

/// Runs a command, with this on its standard input.
fn piped(home: &Home, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = home.command();
    command.args(arguments).envs(variables.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Ignore: it may end without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn a_servers_token_is_tried_there_and_goes_nowhere_else() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let shared = runtime.block_on(async {
        Server::with(&sandbox, |command| {
            command.env("ONCEHUB_API_KEY", sandbox::KEY).env("ONCEHUB_MCP_TOKEN", TOKEN).arg("--shared-key")
        })
    });
    let (home, url) = (Home::new(), format!("{}/mcp", shared.url));
    // A key that is in the shell for something else is not taken for what this server wants.
    let key = [("ONCEHUB_API_KEY", "sk-of-somebody-0123"), ("ONCEHUB_API_URL", &*sandbox.url())];
    let refused = home.run(&["install", "cursor", "--http", &url, "--yes"], &key);
    let text = said(&refused);
    assert!(refused.status.code() == Some(2) && text.contains("takes a token of its own, not a OnceHub key"), "{text}");
    let wrong = piped(&home, &["install", "cursor", "--http", &url, "--token", "--yes"], "not-the-right-token\n", &key);
    let text = said(&wrong);
    assert!(
        wrong.status.code() == Some(2) && text.contains("Authorization does not carry this server's token"),
        "{text}"
    );
    assert!(!text.contains("not-the-right-token") && !home.path(FILE).exists(), "{text}");
    // The bare address is completed.
    let input = format!("{TOKEN}\n");
    let text = said(&piped(&home, &["install", "cursor", "--http", &shared.url, "--token", "--yes"], &input, &key));
    assert!(text.contains(&format!("The address is completed: {url}")) && text.contains("Tried the entry"), "{text}");
    assert!(text.contains("\"Authorization\": \"…\"") && !text.contains(TOKEN), "{text}");
    let written = entry(&home, "oncehub");
    assert_eq!(written["headers"]["Authorization"], format!("Bearer {TOKEN}"));
    assert_eq!((&written["url"], &written["headers"]["API-Key"]), (&Value::from(url.clone()), &Value::Null));
    // It stays where the address stays, also when a setting is added, and from a file it comes as well.
    run(&home, &["install", "cursor", "--read-only", "--yes"], &[]);
    assert_eq!(entry(&home, "oncehub")["headers"]["Authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(entry(&home, "oncehub")["headers"]["X-MCP-Readonly"], "true");
    home.write("token", TOKEN);
    for client in ["codex", "goose"] {
        run(&home, &["install", client, "--http", &url, "--token-file", "token", "--yes"], &[]);
    }
    assert!(home.read(".codex/config.toml").contains(&format!("Authorization = \"Bearer {TOKEN}\"")));
    // A server that takes keys would send it to OnceHub, and is not sent it.
    let own = runtime.block_on(async { Server::start(in_front_of(&sandbox)) });
    let output = piped(&home, &["install", "zed", "--http", &own.url, "--token", "--yes"], &input, &[]);
    assert!(output.status.code() == Some(2) && said(&output).contains("takes OnceHub keys"), "{}", said(&output));
    // Nor is it sent to another server than its own.
    let output = home.run(&["install", "cursor", "--http", &own.url, "--yes"], &[]);
    assert!(output.status.code() == Some(2) && said(&output).contains("there is no key"), "{}", said(&output));
    let sent: Vec<String> = sandbox.requests().into_iter().filter_map(|seen| seen.key).collect();
    assert!(!sent.is_empty() && sent.iter().all(|key| key == sandbox::KEY), "{sent:?}");
    // What the server says is what one reads, also later.
    home.write(FILE, &home.read(FILE).replace(TOKEN, "a-token-of-yesterday"));
    let (code, findings) = check(&home, &["--sandbox"], &[]);
    let client = about(&findings, "client").into_iter().find(|one| one.to_string().contains("Cursor")).unwrap();
    assert_eq!(code, Some(1));
    assert!(client.to_string().contains("refuses: Authorization does not carry this server's token"), "{client}");
    assert!(client["hint"].as_str().unwrap().contains("--token"), "{client}");
}

#[test]
fn a_server_that_wants_nothing_is_sent_nothing() {
    let runtime = background();
    let server = runtime.block_on(async {
        let mut command = super::agents::program();
        command.args(["--sandbox", "http", "--listen", "127.0.0.1:0"]);
        Server::start(command)
    });
    let home = Home::new();
    let text =
        run(&home, &["install", "cursor", "--http", &server.url, "--yes"], &[("ONCEHUB_API_KEY", "sk-0123456789")]);
    assert!(text.contains("takes calls without a key"), "{text}");
    assert!(!home.read(FILE).contains("sk-0123456789"), "{}", home.read(FILE));
}

#[cfg(unix)]
#[test]
fn copies_with_a_key_are_named_private_and_gone_with_the_entry() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let home = Home::new();
    let url = format!("--api-url={}", sandbox.url());
    let key = [("ONCEHUB_API_KEY", sandbox::KEY)];
    home.write(FILE, "{}\n");
    open_to_others(&home, FILE);
    let text = run(&home, &["install", "cursor", "--key", "env", "--yes", &url], &key);
    assert!(text.contains("it is made readable only by you") && mode(&home, FILE) == 0o600, "{text}");
    assert!(!text.contains("which holds the key"), "the first copy holds none: {text}");
    let text = run(&home, &["install", "cursor", "--read-only", "--yes"], &[]);
    assert!(text.contains("which holds the key: uninstall removes it"), "{text}");
    let of_key = copies(&home).into_iter().filter(|name| home.read(&format!(".cursor/{name}")).contains(sandbox::KEY));
    let of_key: Vec<String> = of_key.collect();
    assert_eq!((of_key.len(), copies(&home).len()), (1, 2));
    assert!(copies(&home).iter().all(|name| mode(&home, &format!(".cursor/{name}")) == 0o600));
    // A file that others can read again is closed again, though nothing else has to change.
    open_to_others(&home, FILE);
    let text = run(&home, &["install", "cursor", "--yes"], &[]);
    assert!(text.contains("already up to date") && mode(&home, FILE) == 0o600, "{text}");
    let shown = run(&home, &["uninstall", "cursor", "--dry-run"], &[]);
    assert!(shown.contains(&of_key[0]) && copies(&home).len() == 2, "{shown}");
    let text = run(&home, &["uninstall", "cursor", "--yes"], &[]);
    assert!(text.contains(&of_key[0]), "{text}");
    assert!(copies(&home).is_empty(), "what holds nothing else goes, too: {text}");
    let left = std::fs::read_dir(home.path(".cursor")).unwrap().map(|file| file.unwrap().path());
    assert!(left.into_iter().all(|file| !std::fs::read_to_string(file).unwrap().contains(sandbox::KEY)));
}

#[test]
fn of_a_key_only_who_used_it_is_told() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let home = Home::new();
    let url = format!("--api-url={}", sandbox.url());
    run(&home, &["install", "cursor", "zed", "--yes", &url], &[("ONCEHUB_API_KEY", sandbox::KEY)]);
    run(&home, &["install", "codex", "--sandbox", "--yes"], &[]);
    assert!(!run(&home, &["uninstall", "codex", "--yes"], &[]).contains("key"), "it never used it");
    let text = run(&home, &["uninstall", "cursor", "--yes"], &[]);
    assert!(text.contains("oncehub.key: Zed uses it"), "{text}");
    let text = run(&home, &["uninstall", "zed", "--yes"], &[]);
    assert!(text.contains("oncehub.key: delete it if nothing else uses it"), "{text}");
}

/// What OnceHub has been asked, and with which key.
fn asked(sandbox: &Sandbox) -> Vec<(String, String)> {
    let seen = sandbox.requests().into_iter();
    seen.map(|seen| (format!("{} {}", seen.method, seen.path), seen.key.unwrap_or_default())).collect()
}

#[test]
fn a_shell_without_a_key_is_in_order_where_an_entry_works() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let home = Home::new();
    let url = format!("--api-url={}", sandbox.url());
    let key = [("ONCEHUB_API_KEY", sandbox::KEY)];
    run(&home, &["install", "cursor", "zed", "--yes", "--user=dana@northlight.example", &url], &key);
    let before = asked(&sandbox).len();
    let (code, findings) = check(&home, &[], &[]);
    let text = serde_json::to_string(&findings).unwrap();
    assert_eq!(code, Some(0), "{text}");
    assert!(findings.iter().all(|finding| finding["status"] == "ok"), "{text}");
    for expected in
        ["none in this shell", "Cursor: what follows", "oncehub.key, ends with", &sandbox.url(), "agrees with"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    for (topic, count) in [("account", 1), ("clock", 1), ("plan", 1), ("budget", 2), ("client", 2), ("zone", 0)] {
        assert_eq!(about(&findings, topic).len(), count, "{topic}: {text}");
    }
    // Each entry shows that it works with one request; the key they have in common is judged once, without its text
    // messages, which Cursor's toolset does not read.
    let requests: Vec<String> = asked(&sandbox).into_iter().skip(before).map(|(request, _)| request).collect();
    assert_eq!(requests.iter().filter(|request| request.ends_with("/test")).count(), 3, "{requests:?}");
    assert!(requests.iter().all(|request| !request.contains("sms")), "{requests:?}");
    // The shell's own key is judged, and is the same.
    let (code, findings) = check(&home, &[], &[key[0], ("ONCEHUB_API_URL", &*sandbox.url())]);
    assert_eq!((code, about(&findings, "entry").len(), about(&findings, "account").len()), (Some(0), 0, 1));
    // Another key is another account.
    sandbox.set_keys(&[sandbox::KEY, "another-key-of-ours"]);
    home.write("other", "another-key-of-ours\n");
    run(&home, &["install", "codex", "--yes", "--api-key-file=other", &url], &[]);
    let (code, findings) = check(&home, &[], &[]);
    let warned: Vec<String> = findings.iter().filter(|one| one["status"] != "ok").map(ToString::to_string).collect();
    assert_eq!((code, about(&findings, "account").len(), warned.len()), (Some(0), 2, 1), "{warned:?}");
    assert!(warned[0].contains("oncehub-mcp install codex --name oncehub --user"), "{warned:?}");
    // One that stops working is told with its own trouble.
    sandbox.set_keys(&[sandbox::KEY]);
    let (code, findings) = check(&home, &[], &[]);
    assert_eq!(code, Some(1));
    let bad: Vec<String> = findings.iter().filter(|one| one["status"] == "bad").map(ToString::to_string).collect();
    assert!(
        bad.iter().any(|one| one.contains("Codex CLI")) && bad.iter().all(|one| !one.contains("Cursor")),
        "{bad:?}"
    );
}

#[test]
fn after_a_flawless_start_a_check_is_green() {
    let home = Home::new();
    run(&home, &["install", "claude-desktop", "--sandbox", "--yes"], &[]);
    let (code, findings) = check(&home, &[], &[]);
    assert_eq!(code, Some(0), "{findings:?}");
    assert!(findings.iter().all(|finding| finding["status"] == "ok"), "{findings:?}");
    // An address has an account, too, which its server names.
    let runtime = background();
    let server = runtime.block_on(async {
        let mut command = super::agents::program();
        command.args(["--sandbox", "http", "--listen", "127.0.0.1:0"]);
        Server::start(command)
    });
    let other = Home::new();
    run(&other, &["install", "zed", "--http", &server.url, "--yes"], &[]);
    let (code, findings) = check(&other, &[], &[]);
    assert_eq!(code, Some(0), "{findings:?}");
    assert!(about(&findings, "account")[0].to_string().contains(&format!("Zed's entry, through {}/mcp", server.url)));
    server.stop();
}

#[test]
fn a_setting_is_named_as_it_was_given() {
    let home = Home::new();
    for (arguments, variables, expected) in [
        (
            &["--time-zone=Mars", "tools"][..],
            &[][..],
            "oncehub-mcp: --time-zone: 'Mars' is not an IANA time zone: use a name",
        ),
        (&["tools"], &[("ONCEHUB_MCP_TIME_ZONE", "Mars")], "oncehub-mcp: ONCEHUB_MCP_TIME_ZONE: 'Mars'"),
        (&["tools", "--log=inof"], &[], "oncehub-mcp: --log: 'inof' is not a level"),
        (&["tools"], &[("ONCEHUB_MCP_LOG", "inof")], "oncehub-mcp: ONCEHUB_MCP_LOG: 'inof' is not a level"),
        (&["stdio"], &[("RUST_LOG", "a=b=c")], "oncehub-mcp: RUST_LOG: "),
        (&["tools", "--log-format=xml"], &[], "--log-format: 'xml' is not one of text, json"),
        (&["tools", "--env-file", "nowhere"], &[], "oncehub-mcp: --env-file: nowhere cannot be read"),
        (&["tools"], &[("ONCEHUB_MCP_ENV_FILE", "nowhere")], "oncehub-mcp: ONCEHUB_MCP_ENV_FILE: nowhere cannot"),
        (&["tools"], &[("ONCEHUB_MCP_READ_ONLY", "maybe")], "value 'maybe' for 'ONCEHUB_MCP_READ_ONLY'"),
        (&["tools", "--read-only=maybe"], &[], "value 'maybe' for '--read-only"),
        (&["http"], &[("ONCEHUB_MCP_LISTEN", "x")], "value 'x' for 'ONCEHUB_MCP_LISTEN'"),
        (&["http", "--behind-proxy", "--sandbox"], &[], "oncehub-mcp: --sandbox: others can reach this server"),
        (
            &["http", "--behind-proxy"],
            &[("ONCEHUB_MCP_SANDBOX", "1")],
            "oncehub-mcp: ONCEHUB_MCP_SANDBOX: others can reach this server",
        ),
        (
            &["http", "--behind-proxy"],
            &[("ONCEHUB_MCP_SHARED_KEY", "1"), ("ONCEHUB_API_KEY", "k-0123456789")],
            "oncehub-mcp: ONCEHUB_MCP_SHARED_KEY: others can reach this server",
        ),
        (&["http", "--token-file", "nowhere"], &[], "oncehub-mcp: --token-file: "),
        (&["http"], &[("ONCEHUB_MCP_TOKEN_FILE", "nowhere")], "oncehub-mcp: ONCEHUB_MCP_TOKEN_FILE: "),
        (&["http"], &[("ONCEHUB_MCP_PUBLIC_URL", "mcp.example.com")], "ONCEHUB_MCP_PUBLIC_URL: 'mcp.example.com' is"),
        (
            &["http", "--public-url", "mcp.example.com"],
            &[],
            "--public-url: 'mcp.example.com' is neither https nor http: write it like https://mcp.example.com",
        ),
        (&["http", "--allow-host", "https://a.example"], &[], "oncehub-mcp: --allow-host: "),
        (&["install", "zed", "--http", "127.0.0.1:8000"], &[], "http://127.0.0.1:8000/mcp"),
        (&["install", "zed", "--http", "localhost:8000"], &[], "http://127.0.0.1:8000/mcp"),
        (&["tools", "--timeout", "x"], &[], "--timeout: 'x' is not a number"),
        (&["tools", "--confirm=no"], &[], "--confirm: 'no' is not one of"),
        (&["tools", "--api-key-file=/no/such"], &[], "--api-key-file: the key file /no/such"),
        (
            &["tools", "--keychain=x"],
            &[("ONCEHUB_API_KEY", "sk-0123456789")],
            "both ONCEHUB_API_KEY and --keychain are",
        ),
    ] {
        let output = home.run(arguments, variables);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
    }
}

#[test]
fn another_key_takes_no_ones_place_before_it_works_nor_without_a_word() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let home = Home::new();
    let url = format!("--api-url={}", sandbox.url());
    run(&home, &["install", "zed", "--yes", &url], &[("ONCEHUB_API_KEY", sandbox::KEY)]);
    let kept = home.read(".config/oncehub-mcp/oncehub.key");
    let wrong = [("ONCEHUB_API_KEY", "another-key-that-oncehub-does-not-know")];
    let refused = home.run(&["install", "cursor", "--yes", &url], &wrong);
    let why = "oncehub.key, which Zed uses, holds another key than this shell: --name NAME keeps both, --key file replaces it";
    assert!(!refused.status.success() && said(&refused).contains(why), "{}", said(&refused));
    let refused = home.run(&["install", "cursor", "--key", "file", "--yes", &url], &wrong);
    assert!(!refused.status.success());
    assert!(said(&refused).contains("OnceHub rejects this shell's key"), "{}", said(&refused));
    assert_eq!(home.read(".config/oncehub-mcp/oncehub.key"), kept);
    assert!(!home.path(FILE).exists());
    // Where nothing is written, it is said all the same.
    let shown = run(&home, &["install", "cursor", "--key", "file", "--dry-run", &url], &wrong);
    assert!(shown.contains("oncehub.key, which Zed uses, is replaced"), "{shown}");
    // One that gives way is not lost: OnceHub shows a key once only.
    home.write(".config/oncehub-mcp/oncehub.key", "the-key-of-before\n");
    let text = run(&home, &["install", "zed", "--key", "file", "--yes", &url], &[("ONCEHUB_API_KEY", sandbox::KEY)]);
    assert!(text.contains("the old one goes to") && text.contains("oncehub.key.former"), "{text}");
    assert_eq!(home.read(".config/oncehub-mcp/oncehub.key.former"), "the-key-of-before\n");
    assert_eq!(home.read(".config/oncehub-mcp/oncehub.key"), kept);
}

#[test]
fn the_simulated_accounts_key_is_not_registered_for_the_real_one() {
    let home = Home::new();
    let refused = home.run(&["install", "cursor", "--yes"], &[("ONCEHUB_API_KEY", sandbox::KEY)]);
    assert!(!refused.status.success() && said(&refused).contains("add --sandbox"), "{}", said(&refused));
    assert!(!home.path(FILE).exists());
}

#[test]
fn an_entry_of_another_program_is_replaced_with_a_warning_and_no_promise() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let home = Home::new();
    let url = format!("--api-url={}", sandbox.url());
    let args = ["-u", "KEY", "oncehub-mcp", "--read-only"];
    let foreign = serde_json::json!({"mcpServers": {"oncehub": {"command": "/usr/bin/env", "args": args}}});
    home.write(FILE, &foreign.to_string());
    let text = run(&home, &["install", "cursor", "--yes", &url], &[("ONCEHUB_API_KEY", sandbox::KEY)]);
    assert!(text.contains("! The entry that is there starts env with -u, --read-only, not this program"), "{text}");
    assert!(!text.contains("Kept from"), "{text}");
}

#[test]
fn only_what_stays_is_called_kept() {
    let home = Home::new();
    let sandboxed = ["install", "cursor", "--sandbox", "--toolsets=core", "--confirm=always", "--yes"];
    run(&home, &sandboxed, &[]);
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let url = format!("--api-url={}", sandbox.url());
    let text = run(&home, &["install", "cursor", "--key", "file", "--yes", &url], &[("ONCEHUB_API_KEY", sandbox::KEY)]);
    let kept = text.lines().find(|line| line.starts_with("Kept from")).unwrap();
    assert!(kept.contains("--toolsets") && kept.contains("--confirm") && !kept.contains("--sandbox"), "{kept}");
}

#[test]
fn tools_that_there_are_not_are_refused_before_anything_is_written() {
    let home = Home::new();
    run(&home, &["install", "cursor", "--sandbox", "--yes"], &[]);
    let before = home.read(FILE);
    let refused = home.run(&["install", "cursor", "--toolsets", "nope", "--yes"], &[]);
    assert!(!refused.status.success() && said(&refused).contains("nope"), "{}", said(&refused));
    assert_eq!(home.read(FILE), before);
}

#[test]
fn a_user_whom_the_account_does_not_have_is_found_by_a_check() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let home = Home::new();
    let url = format!("--api-url={}", sandbox.url());
    let key = [("ONCEHUB_API_KEY", sandbox::KEY)];
    for (user, is_there) in [("dana@northlight.example", true), ("you@example.com", false)] {
        let arguments = ["install", "cursor", &url, "--user", user, "--time-zone=Europe/Berlin", "--yes"];
        home.run(&arguments, &key);
        let checked = home.run(&["check"], &[]);
        assert_eq!(
            (checked.status.success(), said(&checked).contains("bad  me")),
            (is_there, !is_there),
            "{}",
            said(&checked)
        );
    }
}
