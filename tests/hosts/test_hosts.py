"""What `oncehub-mcp install` writes, read by the hosts it is written for."""

import json

import pytest

from hosts import Codex, Conversation, Machine
from sessions import BINARY

ACCOUNT = "margaret@northlight.example"
HERE = {"other": False, "oncehub": True}
GONE = {"other": False}


def way(name, account, hosted):
    """How the host is to reach the server: what is said to the installation, and the key that its shell has."""
    key = {"ONCEHUB_API_KEY": account["ONCEHUB_API_KEY"]}
    real = [f"--api-url={account['ONCEHUB_API_URL']}"]
    return {
        "simulated": (["--sandbox"], {}),
        "key in a file": (real, key),
        "key in the entry": ([*real, "--key", "env"], key),
        "address": (["--http", f"{hosted.url}/mcp"], key),
    }[name]


@pytest.mark.parametrize("name", ["simulated", "key in a file", "key in the entry", "address"])
def test_a_host_connects_until_it_is_told_otherwise(host, account, hosted, name):
    install, key = way(name, account, hosted)
    install = ["install", host.id, "--yes", *install]
    said = host.machine.oncehub_mcp(*install, **key)
    assert "offers 45 tools" in said and ACCOUNT in said and "does not seem to be installed" not in said
    written = host.path.read_bytes()
    assert (account["ONCEHUB_API_KEY"].encode() in written) == (name in ("key in the entry", "address"))

    assert "already up to date" in host.machine.oncehub_mcp(*install, **key)
    assert host.path.read_bytes() == written

    # The key is where the entry says, not in the shell of the person who starts the host.
    assert host.listed() == HERE
    assert "registered and works" in line(host, host.machine.oncehub_mcp("install", "--list"))
    # Some rewrite their file whenever they start.
    assert "already up to date" in host.machine.oncehub_mcp(*install, **key)

    kept = host.path.read_bytes() == written
    host.machine.oncehub_mcp("uninstall", host.id, "--yes")
    if kept:
        assert host.path.read_text(encoding="utf-8") == host.theirs
    assert host.listed() == GONE


@pytest.mark.parametrize("name", ["simulated", "key in a file", "key in the entry", "address"])
def test_codex_calls_a_tool(tmp_path, account, hosted, name):
    host = Codex(Machine(tmp_path))
    install, key = way(name, account, hosted)
    # Without a file it makes one.
    host.machine.oncehub_mcp("install", host.id, "--yes", *install, **key)
    with Conversation(host) as conversation:
        [status] = conversation.ask("mcpServerStatus/list")["data"]
        assert (status["name"], len(status["tools"]), status["toolsError"]) == ("oncehub", 45, None)
        thread = conversation.ask("thread/start", ephemeral=True)["thread"]["id"]
        call = {"server": "oncehub", "tool": "test_connection", "arguments": {}}
        result = conversation.ask("mcpServer/tool/call", threadId=thread, **call)
    assert result["structuredContent"]["account"] == ACCOUNT


@pytest.mark.parametrize("name", ["simulated", "address"])
def test_a_project_is_listed_and_connected_once_it_is_trusted(host, account, hosted, name):
    install, key = way(name, account, hosted)
    host.write(host.theirs_of_project, host.project_path)
    mine = host.path.read_bytes()
    host.machine.oncehub_mcp("install", host.id, "--project", "--yes", *install, **key)
    assert host.path.read_bytes() == mine
    if host.id == "claude-code":
        assert host.listed() == {"other": False, "oncehub": False}
    host.trust()
    assert host.listed() == HERE
    host.machine.oncehub_mcp("uninstall", host.id, "--project", "--yes")
    assert host.project_path.read_text(encoding="utf-8") == host.theirs_of_project
    assert host.listed() == GONE


def test_the_folder_that_the_host_is_told_of_is_taken(host, tmp_path):
    variable, file = host.moved
    elsewhere = tmp_path / "elsewhere"
    host.write(host.theirs, elsewhere / file)
    host.machine.oncehub_mcp("install", host.id, "--sandbox", "--yes", **{variable: str(elsewhere)})
    assert host.path.read_text(encoding="utf-8") == host.theirs
    assert host.listed(**{variable: str(elsewhere)}) == HERE


def test_an_entry_that_the_host_has_written_is_understood_and_replaced(host, account, hosted):
    # A program that is not there, and an address that nobody is let in to without a key.
    for add in (host.add_program, [*host.add_address, f"{hosted.url}/mcp"]):
        host.run(*add)
        said = line(host, host.machine.oncehub_mcp("install", "--list", code=1))
        assert "does not work" in said and "neither" not in said, said
        for name in ("simulated", "address"):
            install, key = way(name, account, hosted)
            host.machine.oncehub_mcp("install", host.id, "--yes", *install, **key)
            assert host.listed() == HERE
        host.run(*host.remove)
        assert "installed, not registered" in line(host, host.machine.oncehub_mcp("install", "--list"))


def test_a_program_in_place_of_an_address_leaves_nothing_that_codex_refuses(tmp_path, account, hosted):
    """It refuses its whole file when one entry has fields of both."""
    host = Codex(Machine(tmp_path))
    address = f"""[mcp_servers.oncehub]
url = "{hosted.url}/mcp"
bearer_token_env_var = "TOKEN"
env_http_headers = {{ "API-Key" = "TOKEN" }}
tool_timeout_sec = 90
"""
    program = '[mcp_servers.oncehub]\ncommand = "x"\nenv_vars = ["LANG"]\ncwd = "/"\ntool_timeout_sec = 90\n'
    for old, name in [(address, "simulated"), (program, "address")]:
        install, key = way(name, account, hosted)
        host.write(old)
        host.machine.oncehub_mcp("install", host.id, "--yes", *install, **key)
        assert host.listed() == {"oncehub": True}
        # What says nothing of how it is reached is the person's.
        assert "tool_timeout_sec = 90" in host.path.read_text(encoding="utf-8")


def test_what_has_been_switched_off_stays_so_and_that_is_said(tmp_path):
    host = Codex(Machine(tmp_path))
    host.write('[mcp_servers.oncehub]\nenabled = false\ncommand = "x"\n')
    said = host.machine.oncehub_mcp("install", host.id, "--sandbox", "--yes")
    assert "Codex CLI has it switched off" in said
    [listed] = json.loads(host.run("mcp", "list", "--json").stdout)
    assert listed["enabled"] is False


@pytest.mark.parametrize("name", ["simulated", "address"])
def test_what_is_printed_can_be_pasted_and_what_is_left_of_it_be_read(host, hosted, name):
    words = {"simulated": ["--sandbox"], "address": ["--http", f"{hosted.url}/mcp"]}[name]
    # Who has no key yet puts it in by hand.
    block = host.machine.oncehub_mcp("install", host.id, "--print", *words)
    host.write(block.replace("your-api-key", hosted.key))
    assert host.listed() == {"oncehub": True}
    host.machine.oncehub_mcp("uninstall", host.id, "--yes")
    assert host.listed() == {}


def test_a_name_of_ones_own(host):
    host.machine.oncehub_mcp("install", host.id, "--sandbox", "--name", "once-hub2", "--yes")
    assert host.listed() == {"other": False, "once-hub2": True}


def test_a_broken_file_is_left_as_it_is(host):
    host.write(host.theirs + "{{")
    said = host.machine.run(BINARY, "install", host.id, "--sandbox", "--yes", code=2)
    assert f"{host.path} is left unchanged: it is not valid" in said.stderr
    assert host.path.read_text(encoding="utf-8") == host.theirs + "{{"
    assert [host.path] == list(host.path.parent.glob(f"*{host.path.name}*"))


def line(host, said):
    """What a list of clients says of a host."""
    [line] = [line for line in said.splitlines() if line.startswith(f"{host.id} ")]
    return line
