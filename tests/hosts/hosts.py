"""Hosts as a person has them: the programs of their makers, each with a home folder of its own."""

import json
import os
import pathlib
import re
import subprocess
import threading

from sessions import BINARY

PROGRAMS = pathlib.Path(__file__).parent / "node_modules" / ".bin"
OTHER = "/nowhere/other"


class Machine:
    """A home with nothing in it and a project below it. Nothing that is set for the person who runs the tests is set here."""

    def __init__(self, folder):
        self.home = folder / "home"
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        self.variables = {"HOME": str(self.home), "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "LANG": "C.UTF-8"}

    def run(self, *command, code=0, **variables):
        """What a program says, on a machine where nobody can be asked."""
        environment = self.variables | variables
        words = [str(word) for word in command]
        options = {"env": environment, "cwd": self.project, "stdin": subprocess.DEVNULL, "timeout": 120}
        done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
        assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def oncehub_mcp(self, *arguments, **options):
        return self.run(BINARY, *arguments, **options).stdout


class Host:
    """A host. `theirs` is a file of a person's, with a server in it that is not there."""

    file: str
    project_file: str
    # What is set for it on the machine.
    variables = {}

    def __init__(self, machine):
        machine.variables |= self.variables
        self.machine = machine
        self.path = machine.home / self.file
        self.project_path = machine.project / self.project_file

    def write(self, text, path=None):
        path = path or self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *arguments, **options):
        return self.machine.run(PROGRAMS / self.program, *arguments, **options)


def connected(pattern, lines):
    """Whether a host is connected to each server, from what it says of it."""
    states = {line: re.fullmatch(pattern, line) for line in lines}
    assert all(states.values()), states
    return {state[1]: state[2] in ("Connected", "✔ Connected") for state in states.values()}


class ClaudeCode(Host):
    id = "claude-code"
    program = "claude"
    file = ".claude.json"
    project_file = ".mcp.json"
    # It takes no comments.
    theirs = f'{{\n\t"theme": "dark",\n\t"mcpServers": {{\n\t\t"other": {{"command": "{OTHER}"}}\n\t}}\n}}\n'
    theirs_of_project = theirs
    moved = "CLAUDE_CONFIG_DIR", ".claude.json"
    add_program = ["mcp", "add", "--scope", "user", "oncehub", "--", OTHER]
    add_address = ["mcp", "add", "--scope", "user", "--transport", "http", "oncehub"]
    remove = ["mcp", "remove", "--scope", "user", "oncehub"]
    # The tests want nothing of the network.
    variables = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}

    def trust(self):
        """Says yes to the servers of every project, as a person does once."""
        self.write('{"enableAllProjectMcpServers": true}', self.machine.home / ".claude" / "settings.json")

    def listed(self, **variables):
        """Its servers, each with whether it is connected to it."""
        said = self.run("mcp", "list", **variables)
        assert said.stderr == ""
        head, *lines = said.stdout.splitlines()
        if head.startswith("No MCP servers configured."):
            return {}
        # Whatever else it says, it complains of an entry.
        state = r"(\S+): .* - (✔ Connected|✘ Failed to connect.*|⏸ Pending approval.*)"
        assert head == "Checking MCP server health…", said.stdout
        return connected(state, filter(None, lines))


class Gemini(Host):
    id = "gemini-cli"
    program = "gemini"
    file = ".gemini/settings.json"
    project_file = ".gemini/settings.json"
    theirs = f"""{{
  // Nothing is sent to anybody.
  "privacy": {{ "usageStatisticsEnabled": false }},
  "general": {{ "enableAutoUpdate": false }},
  "mcpServers": {{
    "other": {{ "command": "{OTHER}" }} /* not there */
  }}
}}
"""
    theirs_of_project = f"""{{
  // of all of us
  "mcpServers": {{
    "other": {{ "command": "{OTHER}" }}
  }}
}}
"""
    moved = "GEMINI_CLI_HOME", ".gemini/settings.json"
    add_program = ["mcp", "add", "--scope", "user", "oncehub", OTHER]
    add_address = ["mcp", "add", "--scope", "user", "--transport", "http", "oncehub"]
    remove = ["mcp", "remove", "--scope", "user", "oncehub"]
    # What Node has to say of the program's style is none of the tests' business.
    variables = {"NODE_NO_WARNINGS": "1", "GEMINI_CLI_TRUST_WORKSPACE": "true"}

    def trust(self):
        """Where a folder is not trusted it starts no server at all, so all of them are from the beginning."""

    def listed(self, **variables):
        said = self.run("mcp", "list", **variables)
        lines = [line for line in re.sub(r"\x1b\[[\d;]*m", "", said.stderr).splitlines() if line]
        if lines == ["No MCP servers configured."]:
            return {}
        assert lines[0] == "Configured MCP servers:", said.stderr
        # Whatever else it says, it complains of a field.
        return connected(r"[✓✗] (\S+): .* - (Connected|Disconnected)", lines[1:])


class Codex(Host):
    id = "codex"
    program = "codex"
    file = ".codex/config.toml"
    project_file = ".codex/config.toml"
    theirs = f"""# Nothing is sent to anybody.
check_for_update_on_startup = false
analytics = {{ enabled = false }}

[mcp_servers.other]   # not there
command = "{OTHER}"
"""
    theirs_of_project = f'# of all of us\n[mcp_servers]\nother = {{ command = "{OTHER}" }}\n'
    moved = "CODEX_HOME", "config.toml"
    add_program = ["mcp", "add", "oncehub", "--", OTHER]
    add_address = ["mcp", "add", "oncehub", "--url"]
    remove = ["mcp", "remove", "oncehub"]

    def trust(self):
        """Trusts the project's folder, as a person does once: without that it does not read the project's file."""
        text = self.path.read_text(encoding="utf-8")
        self.write(f'{text}\n[projects."{self.machine.project}"]\ntrust_level = "trusted"\n')

    def listed(self, **variables):
        listed = {server["name"] for server in json.loads(self.run("mcp", "list", "--json", **variables).stdout)}
        with Conversation(self, variables) as conversation:
            # Without a thread in the project it would not look into the project's file.
            thread = conversation.ask("thread/start", ephemeral=True, cwd=str(self.machine.project))["thread"]["id"]
            servers = conversation.ask("mcpServerStatus/list", threadId=thread)["data"]
        assert {server["name"] for server in servers} == listed
        return {server["name"]: server["serverInfo"] is not None for server in servers}


class Conversation:
    """With Codex, as its extension of an editor speaks to it. It needs no account."""

    def __init__(self, host, variables=None):
        environment = host.machine.variables | (variables or {})
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        command = [PROGRAMS / host.program, "app-server"]
        self.process = subprocess.Popen(command, env=environment, cwd=host.machine.project, **pipes)
        self.late = threading.Timer(120, self.process.kill)
        self.number = 0

    def __enter__(self):
        self.late.start()
        self.ask("initialize", clientInfo={"name": "test", "title": "test", "version": "1"})
        self.tell({"method": "initialized"})
        return self

    def __exit__(self, *_):
        # It ends when nobody speaks to it any more, and so do the servers that it has started.
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        self.late.cancel()

    def tell(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, method, **params):
        self.number += 1
        self.tell({"id": self.number, "method": method, "params": params})
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("method") == "configWarning":
                assert "mcp" not in line and "oncehub" not in line, line
            if message.get("id") == self.number:
                assert "result" in message, line
                return message["result"]
        raise AssertionError(f"it ended at {method}")


HOSTS = [ClaudeCode, Gemini, Codex]
