//! `oncehub-mcp install`, `uninstall` and `check`, as a person runs them in a home of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use oncehub_mcp::sandbox::{self, Sandbox};
use oncehub_mcp::tools::{Catalogue, Selection};
use serde_json::Value;
use tempfile::TempDir;

use super::agents::{background, program};
use super::http::{Server, in_front_of, upstream};
use crate::tools;

/// Somebody's home.
pub(super) struct Home(TempDir);

impl Home {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program, as this person runs it; what it is told comes behind it.
    pub(super) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.command();
        command.args(arguments).envs(variables.iter().copied());
        command.stdin(std::process::Stdio::null()).output().unwrap()
    }

    pub(super) fn command(&self) -> Command {
        let mut command = program();
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("XDG_")
                || name.starts_with("CLAUDE")
                || name.ends_with("_HOME")
                || name.ends_with("_PROXY")
            {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.0.path()).env("TZ", "Europe/Berlin").env("PATH", "/usr/bin:/bin");
        command.current_dir(self.0.path());
        command
    }
}

pub(super) fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

/// How many tools the toolset `core` has.
pub(super) fn core() -> usize {
    Catalogue::new(&Selection { toolsets: vec!["core".into()], ..Selection::default() }).unwrap().list().len()
}

pub(super) fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn from_nothing_to_a_working_entry_and_back() {
    let home = Home::new();
    let before = "{\n  \"mcpServers\": {\n    \"other\": { \"command\": \"other\" } // mine\n  }\n}\n";
    home.write(".cursor/mcp.json", before);

    let everything = ["install", "cursor", "--sandbox", "--read-only", "--toolsets", "all", "--yes"];
    let output = home.run(&everything, &[]);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("+    \"oncehub\": {") && text.contains(&format!("offers {} tools", tools(true))), "{text}");
    let written = home.read(".cursor/mcp.json");
    for part in ["// mine", "--sandbox", "--read-only", "--time-zone=Europe/Berlin", super::agents::PROGRAM] {
        assert!(written.contains(part), "{part}: {written}");
    }
    assert_eq!(files(&home.path(".cursor")), 2, "the file, and a copy of what it was");

    let again = said(&home.run(&everything, &[]));
    assert!(again.contains("already up to date") && !again.contains("Wrote"), "{again}");
    assert_eq!(files(&home.path(".cursor")), 2, "no second copy");

    let list = home.run(&["install", "--list"], &[]);
    let text = said(&list);
    assert!(
        list.status.success()
            && text.contains(&format!("Cursor: registered and works (program), {} tools", tools(true))),
        "{text}"
    );
    assert!(text.contains("Zed: not found"), "{text}");

    let gone = home.run(&["uninstall", "cursor", "--yes"], &[]);
    assert!(gone.status.success(), "{}", said(&gone));
    assert_eq!(home.read(".cursor/mcp.json"), before);
    assert!(said(&home.run(&["uninstall", "cursor", "--yes"], &[])).contains("Cursor has no 'oncehub'"));
}

#[test]
fn a_client_that_takes_few_tools_gets_core_unless_somebody_says_otherwise() {
    let core = core();
    let home = Home::new();
    let install = |more: &[&str]| {
        let output = home.run(&[&["install", "--sandbox", "--yes"], more].concat(), &[]);
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let written = |args: &str| {
        let file = home.read(".cursor/mcp.json");
        assert!(file.contains(args), "{args}: {file}");
    };
    let note = format!(
        "Cursor takes about 40 tools of all servers together: this entry offers the toolset core, {core} tools"
    );
    // Another client is registered with all tools by the same command, and both entries are tried.
    let text = install(&["cursor", "zed"]);
    assert!(text.contains(&note) && text.contains("--toolsets all offers every one"), "{text}");
    let offers = [core, tools(false)].map(|tools| format!("offers {tools} tools"));
    assert!(offers.iter().all(|offer| text.contains(offer)), "{text}");
    written("\"--toolsets=core\"");
    assert!(!home.read(".config/zed/settings.json").contains("toolsets"));
    // Again, it is as it was; and so is what the person has chosen since.
    assert!(install(&["cursor"]).contains("already up to date"));
    let text = install(&["cursor", "--toolsets", "bookings,users"]);
    assert!(!text.contains(&note), "{text}");
    written("\"--toolsets=bookings,users\"");
    let text = install(&["cursor", "--read-only"]);
    assert!(!text.contains(&note), "{text}");
    written("\"--sandbox\", \"--time-zone=Europe/Berlin\", \"--toolsets=bookings,users\", \"--read-only\"");
    install(&["cursor", "--toolsets", "all"]);
    install(&["cursor"]);
    written("\"--toolsets=all\"");
    // An entry of before there was a choice goes on without one.
    let file = home.read(".cursor/mcp.json").replace(", \"--toolsets=all\"", "");
    home.write(".cursor/mcp.json", &file);
    let text = install(&["cursor"]);
    assert!(text.contains("already up to date") && !text.contains(&note), "{text}");
    // A project's file may be a stranger's.
    let project = install(&["cursor", "--project", "--name", "other"]);
    assert!(project.contains(&note), "{project}");
    // An address is told by a header, and what is only printed says so, too.
    let printed = home.run(&["install", "cursor", "--http", "https://x.example/mcp", "--key", "none", "--print"], &[]);
    assert!(
        said(&printed).contains("\"X-MCP-Toolsets\": \"core\"") && said(&printed).contains(&note),
        "{}",
        said(&printed)
    );
}

#[test]
fn the_key_goes_where_it_was_told_to_and_is_never_shown() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let (key, url) = (sandbox::KEY, format!("--api-url={}", sandbox.url()));
    let given = [("ONCEHUB_API_KEY", key), ("ONCEHUB_MCP_TIMEOUT", "9")];
    let home = Home::new();
    let output = home.run(&["install", "codex", "claude-code", "--yes", &url], &given);
    let text = said(&output);
    assert!(text.contains("Not in the entry: this shell's ONCEHUB_MCP_TIMEOUT (--timeout adds it)"), "{text}");
    assert!(output.status.success() && text.contains(&format!("offers {} tools", tools(false))), "{text}");
    assert!(text.contains("readable only by you") && !text.contains(key), "{text}");
    let file = home.path(".config/oncehub-mcp/oncehub.key");
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), key);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    for name in [".codex/config.toml", ".claude.json"] {
        let text = home.read(name);
        assert!(text.contains("ONCEHUB_API_KEY_FILE") && text.contains("oncehub.key") && !text.contains(key), "{text}");
    }
    // The one that is there is used, and nobody is asked again.
    let again = home.run(&["install", "zed", "--yes", &url], &[]);
    assert!(home.read(".config/zed/settings.json").contains("oncehub.key"), "{}", said(&again));

    let output = home.run(&["install", "zed", "--key", "env", "--yes", &url], &given);
    let text = said(&output);
    assert!(text.contains("\"ONCEHUB_API_KEY\": \"…\"") && !text.contains(key), "{text}");
    let written = home.read(".config/zed/settings.json");
    assert!(written.contains(key) && !written.contains("ONCEHUB_API_KEY_FILE"), "{written}");
}

#[test]
fn what_is_only_looked_at_writes_nothing() {
    let home = Home::new();
    home.write(".config/zed/settings.json", "{}\n");
    let dry = home.run(&["install", "zed", "--dry-run"], &[]);
    let text = said(&dry);
    assert!(
        dry.status.success() && text.contains("+  \"context_servers\"") && text.contains("Nothing was written"),
        "{text}"
    );
    assert_eq!(home.read(".config/zed/settings.json"), "{}\n");
    assert_eq!(files(&home.path(".config")), 1, "no key was kept");

    let key = [("ONCEHUB_API_KEY", "sk-live-0123456789")];
    let print = home.run(&["install", "codex", "--print", "--key", "env"], &key);
    let text = said(&print);
    assert!(!text.contains("sk-live"), "{text}");
    assert!(text.contains("[mcp_servers.oncehub]") && text.contains("ONCEHUB_API_KEY = \"your-api-key\""), "{text}");
    assert!(!home.path(".codex").exists());

    for (arguments, expected) in [
        (&["install", "zed", "--sandbox"][..], "there is no terminal to ask: --yes writes it"),
        (&["install", "zed", "--yes"], "there is no key"),
        (&["install", "netscape", "--yes"], "possible values: claude-desktop, claude-code"),
        (&["install"], "<CLIENT|--list>"),
        (&["install", "zed", "--sandbox", "--yes", "--name", "a b"], "letters, digits and hyphens"),
        (&["install", "windsurf", "--sandbox", "--yes", "--project"], "no configuration file for a project"),
        (&["install", "claude-desktop", "--yes", "--http", "https://x.example/mcp", "--key", "none"], "programs only"),
        (
            &["install", "zed", "--yes", "--http", "http://x.example/mcp", "--key", "none"],
            "must not travel unencrypted",
        ),
        (
            &["install", "zed", "--yes", "--http", "https://x.example/mcp", "--key", "file"],
            "the client sends the key itself",
        ),
        (
            &["install", "zed", "--yes", "--http", "https://x.example/mcp", "--key", "none", "--timeout", "5"],
            "leave it out",
        ),
    ] {
        let output = home.run(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
        assert_eq!(home.read(".config/zed/settings.json"), "{}\n", "{arguments:?}");
    }
}

#[test]
fn a_placeholder_is_not_written_as_a_key() {
    let home = Home::new();
    for keep in ["file", "env"] {
        let output =
            home.run(&["install", "zed", "--yes", "--key", keep], &[("ONCEHUB_API_KEY", "${ONCEHUB_API_KEY}")]);
        assert_eq!(output.status.code(), Some(2), "{keep}: {}", said(&output));
        assert!(said(&output).contains("there is no key, and no terminal"), "{keep}: {}", said(&output));
    }
    assert_eq!(files(home.0.path()), 0);
}

#[test]
fn a_broken_file_is_named_and_left_alone_with_everything_else() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{\n  \"mcpServers\": {,}\n}\n");
    let output = home.run(&["install", "zed", "cursor", "--yes"], &[("ONCEHUB_API_KEY", "sk-live-0123456789")]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("mcp.json is left unchanged") && text.contains("line 2, column 18"), "{text}");
    assert!(!home.path(".config").exists(), "neither the other client's file nor the key was written");
}

#[test]
fn a_project_has_a_file_of_its_own() {
    let home = Home::new();
    let output = home.run(&["install", "vscode", "--project", "--sandbox", "--yes"], &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(home.read(".vscode/mcp.json").contains("\"servers\""));
    assert!(!home.path(".config/Code").exists());
    let text = said(&home.run(&["install", "--list"], &[]));
    assert!(
        text.contains("VS Code (this project): ") && text.contains("not tried: it belongs to the project"),
        "{text}"
    );
    let removed = home.run(&["uninstall", "vscode", "--project", "--yes"], &[]);
    assert!(removed.status.success() && !home.path(".vscode").exists(), "{}", said(&removed));
}

#[test]
fn a_hosted_server_is_registered_with_its_key_and_tried() {
    let runtime = background();
    let sandbox = runtime.block_on(upstream());
    let server = runtime.block_on(async { Server::start(in_front_of(&sandbox)) });
    let url = format!("{}/mcp", server.url);
    let home = Home::new();
    for client in ["gemini-cli", "codex", "goose", "cline"] {
        let arguments = [
            "install", client, "--http", &url, "--toolsets", "core", "--user", "dana@northlight.example",
            "--time-zone", "Europe/Berlin", "--yes",
        ];
        let output = home.run(&arguments, &[("ONCEHUB_API_KEY", sandbox::KEY)]);
        let text = said(&output);
        assert!(output.status.success() && text.contains(&format!("offers {} tools", core())), "{client}: {text}");
        assert!(!text.contains(sandbox::KEY), "{text}");
    }
    let entry = home.read(".gemini/settings.json");
    assert!(
        entry.contains("\"X-MCP-User\": \"dana@northlight.example\"") && entry.contains("Europe/Berlin"),
        "{entry}"
    );
    let text = said(&home.run(&["install", "--list"], &[]));
    assert_eq!(text.matches(&format!("registered and works (address), {} tools", core())).count(), 4, "{text}");
    server.stop();
    let list = home.run(&["install", "--list"], &[]);
    assert_eq!(list.status.code(), Some(1));
    assert_eq!(said(&list).matches("does not work").count(), 4, "{}", said(&list));
}

/// The findings of a check, as a program reads them.
pub(super) fn check(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    read(&home.run(&[arguments, &["check", "--json"]].concat(), variables))
}

/// The findings about the entries of one name.
pub(super) fn check_of(home: &Home, name: &str) -> (Option<i32>, Vec<Value>) {
    read(&home.run(&["check", "--json", "--name", name], &[]))
}

fn read(output: &Output) -> (Option<i32>, Vec<Value>) {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)));
    assert_eq!(report["ok"], output.status.success(), "{report:#}");
    (output.status.code(), report["findings"].as_array().unwrap().clone())
}

pub(super) fn about<'a>(findings: &'a [Value], topic: &str) -> Vec<&'a Value> {
    findings.iter().filter(|finding| finding["topic"] == topic).collect()
}

#[test]
fn a_check_says_where_each_value_came_from_and_shows_four_characters_of_the_key() {
    let runtime = background();
    let sandbox = runtime.block_on(Sandbox::start(sandbox::Settings::default())).unwrap();
    let home = Home::new();
    home.write(".env", "ONCEHUB_MCP_READ_ONLY=true\n");
    let url = sandbox.url();
    let given = [("ONCEHUB_API_KEY", sandbox::KEY), ("ONCEHUB_API_URL", &*url), ("ONCEHUB_MCP_TOOLSETS", "core")];
    let (code, findings) = check(&home, &["--time-zone", "Europe/London"], &given);
    let text = serde_json::to_string(&findings).unwrap();
    assert_eq!(code, Some(0), "{text}");
    for expected in [
        "ONCEHUB_MCP_TIME_ZONE is Europe/London (command line)", "ONCEHUB_MCP_TOOLSETS is core (environment)",
        "ONCEHUB_MCP_READ_ONLY is true (", "from ONCEHUB_API_KEY (environment), ends with", "includes the API",
        "agrees with OnceHub's", "200 requests in 300 s, ",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(text.contains("/.env)") && !text.contains(sandbox::KEY), "{text}");
    assert!(text.contains(&sandbox::KEY[sandbox::KEY.len() - 4..]), "{text}");
}

#[test]
fn a_check_says_in_which_zone_replies_are_where_none_is_set() {
    let home = Home::new();
    for (arguments, status, expected) in [
        (&["--sandbox"][..], "ok", Some("replies show times in America/New_York, the time zone of 'me'")),
        (&["--sandbox", "--user", "lee@northlight.example"], "ok", Some("replies show times in Europe/London, ")),
        (
            &["--sandbox", "--user", "nobody"],
            "warning",
            Some("replies show times in UTC: ONCEHUB_MCP_USER does not name "),
        ),
        (&["--sandbox", "--time-zone", "UTC"], "", None),
    ] {
        let (_, findings) = check(&home, arguments, &[]);
        let told: Vec<(&str, &str)> = about(&findings, "zone")
            .into_iter()
            .map(|told| (told["status"].as_str().unwrap(), told["finding"].as_str().unwrap()))
            .collect();
        match expected {
            Some(expected) => {
                assert!(told.len() == 1 && told[0].0 == status && told[0].1.starts_with(expected), "{told:?}");
            }
            None => assert!(told.is_empty(), "{told:?}"),
        }
    }
}

/// An address at which nobody listens.
const NOBODY: (&str, &str) = ("ONCEHUB_API_URL", "http://127.0.0.1:9");

#[test]
fn a_check_names_the_trouble_and_the_next_step() {
    let home = Home::new();
    for (arguments, variables, topic, expected) in [
        (&[][..], &[NOBODY][..], "key", "not set"),
        (&[], &[NOBODY, ("ONCEHUB_API_KEY", "sk-live-0123456789")], "network", "refused"),
        (
            &[],
            &[("ONCEHUB_API_KEY", "sk-live-0123456789"), ("HTTPS_PROXY", "http://me:hidden-word@127.0.0.1:9")],
            "network",
            "no response through the proxy 127.0.0.1:9",
        ),
        (
            &[],
            &[NOBODY, ("ONCEHUB_API_KEY", "${env:hidden-word}")],
            "key",
            "the placeholder ${env:…}: Claude Code expands ${NAME}, Cursor",
        ),
        (&[], &[NOBODY, ("ONCEHUB_API_KEY", "'<hidden-word>'")], "key", "the placeholder <…>: put a key from OnceHub"),
        (&["--time-zone", "Mars"], &[], "settings", "--time-zone: 'Mars' is not an IANA time zone: use a name"),
    ] {
        let (code, findings) = check(&home, arguments, variables);
        let bad = about(&findings, topic);
        let text = serde_json::to_string(&bad).unwrap();
        assert_eq!(code, Some(1), "{text}");
        assert!(bad.iter().any(|finding| finding["status"] == "bad" && finding["hint"].is_string()), "{text}");
        let all = serde_json::to_string(&findings).unwrap();
        assert!(text.contains(expected) && !all.contains("hidden-word"), "{expected}: {all}");
    }
}

#[test]
fn a_check_tells_a_refused_key_from_a_plan_without_the_api() {
    use oncehub_mcp::sandbox::{Effect, Fault};
    let runtime = background();
    let sandbox = runtime.block_on(Sandbox::start(sandbox::Settings::default())).unwrap();
    let (home, url) = (Home::new(), sandbox.url());
    let (_, findings) = check(&home, &[], &[("ONCEHUB_API_KEY", "sk-live-0123456789"), ("ONCEHUB_API_URL", &url)]);
    assert!(about(&findings, "key").iter().any(|finding| finding["status"] == "bad"), "{findings:?}");
    let no_plan = serde_json::json!({"type": "authentication_error", "message": "The plan has no API."});
    sandbox.fail(Fault::new(Effect::Error(403, no_plan)).on("GET", "/test"));
    let (code, findings) = check(&home, &[], &[("ONCEHUB_API_KEY", sandbox::KEY), ("ONCEHUB_API_URL", &url)]);
    assert_eq!(code, Some(1));
    assert!(about(&findings, "plan").iter().any(|finding| finding["status"] == "bad"), "{findings:?}");
}

#[test]
fn a_check_tries_each_clients_entry_as_the_client_would() {
    let home = Home::new();
    home.run(&["install", "cursor", "zed", "--sandbox", "--yes"], &[]);
    home.write(".codeium/windsurf/mcp_config.json", r#"{"mcpServers": {"oncehub": {"command": "/no/such/program"}}}"#);
    home.write(".gemini/settings.json", r#"{"mcpServers": {"oncehub": {"trust": true}}}"#);
    home.write(".config/zed/settings.json", &home.read(".config/zed/settings.json").replace("--sandbox", "--nonsense"));
    // Works in this shell, and not in the client: that has no key.
    let own = super::agents::PROGRAM;
    home.write(".codex/config.toml", &format!("[mcp_servers.oncehub]\ncommand = {own:?}\nargs = []\n"));
    let (code, findings) = check(&home, &["--sandbox"], &[]);
    assert_eq!(code, Some(1));
    let clients: Vec<String> = about(&findings, "client").iter().map(ToString::to_string).collect();
    let of = |name: &str| clients.iter().find(|text| text.contains(name)).unwrap_or_else(|| panic!("{clients:#?}"));
    assert!(
        of("Cursor").contains("\"ok\"") && of("Cursor").contains(&format!("offers {} tools", core())),
        "{clients:#?}"
    );
    assert!(of("Windsurf").contains("/no/such/program does not start"), "{clients:#?}");
    assert!(of("Gemini").contains("neither a command nor an address"), "{clients:#?}");
    assert!(of("Zed").contains("--nonsense"), "{clients:#?}");
    assert!(of("Codex").contains("but calls fail") && of("Codex").contains("ONCEHUB_API_KEY"), "{clients:#?}");
    assert_eq!(clients.len(), 5);
}
