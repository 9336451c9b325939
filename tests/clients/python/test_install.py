"""`oncehub-mcp install` on a terminal, where somebody types the key and says yes or no."""

import contextlib
import json
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import pytest

from sessions import BINARY

KEY_PROMPT = "OnceHub API key (not shown): "
QUESTION = "Write this? [y/N] "
PATIENCE = 60


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, home, *arguments, folder=None, output=None):
        self.end, theirs = pty.openpty()
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm"}
        streams = {**dict.fromkeys(("stdin", "stdout", "stderr"), theirs), **({"stdout": output} if output else {})}
        where = {"env": environment, "cwd": folder or home}
        self.process = subprocess.Popen([BINARY, *arguments], start_new_session=True, **where, **streams)
        os.close(theirs)
        self.said = ""
        self.seen = 0

    def read(self, late):
        """More of what is said; nothing once the program has ended."""
        ready, _, _ = select.select([self.end], [], [], max(0, late - time.monotonic()))
        assert ready, f"nothing more was said:\n{self.said}"
        # A terminal that nobody writes to any more cannot be read.
        with contextlib.suppress(OSError):
            more = os.read(self.end, 4096).decode(errors="replace")
            self.said += more.replace("\r\n", "\n")
            return more
        return ""

    def until(self, words):
        """What is said from where the last one of these ended, up to and with `words`."""
        late = time.monotonic() + PATIENCE
        while (at := self.said.find(words, self.seen)) < 0:
            assert self.read(late), f"it ended without '{words}':\n{self.said}"
        start, self.seen = self.seen, at + len(words)
        return self.said[start : self.seen]

    def type(self, text):
        os.write(self.end, f"{text}\n".encode())

    def shows_what_is_typed(self):
        return bool(termios.tcgetattr(self.end)[3] & termios.ECHO)

    def until_hidden(self):
        """Waits until the terminal shows nothing that is typed."""
        late = time.monotonic() + PATIENCE
        while self.shows_what_is_typed():
            assert time.monotonic() < late and self.process.poll() is None, self.said
            os.sched_yield()

    def type_hidden(self, text):
        """Types what must not be seen."""
        self.until_hidden()
        self.type(text)

    def finish(self):
        """The exit code, once everything has been said."""
        late = time.monotonic() + PATIENCE
        while self.read(late):
            pass
        return self.process.wait(PATIENCE)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.end)


@pytest.fixture
def installing(tmp_path, account):
    terminal = Terminal(tmp_path, "install", "cursor", f"--api-url={account['ONCEHUB_API_URL']}")
    yield terminal
    terminal.close()


def files(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_a_key_is_asked_for_until_oncehub_knows_it_and_written_after_a_yes(installing, tmp_path, account):
    key = account["ONCEHUB_API_KEY"]
    installing.until(KEY_PROMPT)
    installing.type_hidden("a-wrong-key-0123")
    assert "OnceHub rejected this key" in installing.until(KEY_PROMPT)
    # It could not even be sent.
    installing.type_hidden("schlüssel")
    assert "characters that cannot be sent" in installing.until(KEY_PROMPT)
    installing.type_hidden(f" {key} ")
    said = installing.until(QUESTION)
    assert "margaret@northlight.example" in said
    assert '+    "oncehub": {' in said and "readable only by you" in said
    assert files(tmp_path) == []
    installing.type("y")
    assert installing.finish() == 0
    assert "offers 21 tools" in " ".join(installing.said.split())
    assert all(typed not in installing.said for typed in (key, "a-wrong-key-0123", "schlüssel"))

    kept = tmp_path / ".config/oncehub-mcp/oncehub.key"
    assert files(tmp_path) == [".config/oncehub-mcp/oncehub.key", ".cursor/mcp.json"]
    assert kept.read_text(encoding="utf-8") == f"{key}\n"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept.parent, kept)] == [0o700, 0o600]
    written = (tmp_path / ".cursor/mcp.json").read_text(encoding="utf-8")
    assert json.loads(written)["mcpServers"]["oncehub"]["env"] == {"ONCEHUB_API_KEY_FILE": str(kept)}
    assert key not in written


@pytest.mark.parametrize("answer", ["y", "n", "", "yess"])
@pytest.mark.parametrize("command", [["--sandbox", "check"], ["--sandbox", "check", "--json"], ["install", "--list"]])
def test_what_a_project_names_is_started_after_a_yes_to_its_command_line(tmp_path, command, answer):
    project = tmp_path / "project"
    project.mkdir()
    entry = {"command": "bash", "args": ["-c", "touch started"], "env": {"TOKEN": "s3cret"}}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"oncehub": entry}}), encoding="utf-8")
    with (tmp_path / "said").open("w+", encoding="utf-8") as output:
        terminal = Terminal(tmp_path, *command, "--project", folder=project, output=output)
        said = terminal.until("[y/N] ")
        assert f"Claude Code (this project), {project}/.mcp.json:" in said
        assert 'bash -c "touch started" (with the variables TOKEN)' in said and "s3cret" not in said
        assert not (project / "started").exists()
        terminal.type(answer)
        code = terminal.finish()
        terminal.close()
        output.seek(0)
        told = output.read()
    assert (project / "started").exists() == (answer == "y")
    # It is not a server, which is bad once it was tried.
    assert code == (1 if answer == "y" else 0), told
    assert ("not tried: you did not say yes" in told) == (answer != "y"), told
    if "--json" in command:
        assert json.loads(told)["findings"]


@pytest.mark.parametrize("answer", ["n", "", "yess"])
def test_nothing_is_written_without_a_yes(installing, tmp_path, account, answer):
    installing.until(KEY_PROMPT)
    installing.type_hidden(account["ONCEHUB_API_KEY"])
    installing.until(QUESTION)
    installing.type(answer)
    assert installing.finish() == 1
    assert installing.said.endswith("Nothing was written.\n")
    assert files(tmp_path) == []


def stops(installing, home, why):
    assert installing.finish() == 2
    assert f"{why}; nothing was written" in installing.said
    assert files(home) == []


@contextlib.contextmanager
def shared_server(account, token):
    """A hosted server that shares its key with those who have its token."""
    command = [BINARY, "http", "--listen", "127.0.0.1:0", "--shared-key"]
    environment = {"PATH": os.environ["PATH"], **account, "ONCEHUB_MCP_TOKEN": token}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            yield server.stdout.readline().split(" until ")[0].split()[-1]
        finally:
            server.kill()


def test_a_servers_token_is_asked_for_until_the_server_takes_it(tmp_path, account):
    token = "the-token-of-this-server"
    with shared_server(account, token) as address:
        # Nobody has said that it wants one: the server does.
        terminal = Terminal(tmp_path, "install", "cursor", "--http", address)
        assert "takes a token of its own, not a OnceHub key" in terminal.until("Token of that server (not shown): ")
        terminal.type_hidden("a-token-of-another-server")
        said = " ".join(terminal.until("Token of that server (not shown): ").split())
        assert "does not carry this server's token" in said
        terminal.type_hidden(token)
        assert '"Authorization": "…"' in terminal.until(QUESTION)
        terminal.type("y")
        assert terminal.finish() == 0, terminal.said
        terminal.close()
        assert all(typed not in terminal.said for typed in (token, "a-token-of-another-server"))
        # A safety goes after a yes to that.
        narrowed = Terminal(tmp_path, "install", "cursor", "--read-only", "--yes")
        assert narrowed.finish() == 0, narrowed.said
        narrowed.close()
        widened = Terminal(tmp_path, "install", "cursor", "--read-only=false")
        shown = widened.until("Write this, although it allows more than before? [y/N] ")
        assert "! It takes --read-only away" in re.sub(r"\x1b\[[0-9;]*m", "", shown)
        widened.type("n")
        assert widened.finish() == 1
        widened.close()
    written = json.loads((tmp_path / ".cursor/mcp.json").read_text(encoding="utf-8"))["mcpServers"]["oncehub"]
    assert written["headers"]["Authorization"] == f"Bearer {token}"
    assert written["headers"]["X-MCP-Readonly"] == "true"


def test_a_key_for_a_hosted_server_is_tried_there(tmp_path, account):
    key = account["ONCEHUB_API_KEY"]
    command = [BINARY, "http", "--listen", "127.0.0.1:0"]
    environment = {"PATH": os.environ["PATH"], "ONCEHUB_API_URL": account["ONCEHUB_API_URL"]}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        address = server.stdout.readline().split(" until ")[0].split()[-1]
        terminal = Terminal(tmp_path, "install", "zed", "--http", address)
        terminal.until(KEY_PROMPT)
        terminal.type_hidden("a-wrong-key-0123")
        assert "OnceHub rejected this key" in terminal.until(KEY_PROMPT)
        terminal.type_hidden(key)
        assert "margaret@northlight.example" in terminal.until(QUESTION)
        terminal.type("y")
        assert terminal.finish() == 0, terminal.said
        terminal.close()
        server.kill()
    assert key in (tmp_path / ".config/zed/settings.json").read_text(encoding="utf-8")


def test_enter_in_place_of_a_key_stops(installing, tmp_path):
    installing.until(KEY_PROMPT)
    installing.type_hidden("")
    stops(installing, tmp_path, "no key was entered")


def test_a_person_who_stops_it_gets_a_terminal_back_that_shows_what_is_typed(installing, tmp_path):
    installing.until(KEY_PROMPT)
    installing.until_hidden()
    installing.process.send_signal(signal.SIGINT)
    assert installing.finish() == 130
    assert installing.said.endswith("Nothing was written.\n")
    assert files(tmp_path) == []
    assert installing.shows_what_is_typed()


def test_after_three_wrong_keys_it_stops(installing, tmp_path):
    for _ in range(3):
        installing.until(KEY_PROMPT)
        installing.type_hidden("a-wrong-key-0123")
    stops(installing, tmp_path, "OnceHub rejected every key")


def test_a_key_that_is_kept_already_is_not_asked_for(tmp_path, account):
    kept = tmp_path / ".config/oncehub-mcp/oncehub.key"
    kept.parent.mkdir(parents=True)
    kept.write_text(account["ONCEHUB_API_KEY"], encoding="utf-8")
    terminal = Terminal(tmp_path, "install", "cursor", f"--api-url={account['ONCEHUB_API_URL']}")
    assert KEY_PROMPT not in terminal.until(QUESTION)
    terminal.type("yes")
    assert terminal.finish() == 0
    assert "margaret@northlight.example" in terminal.said
    terminal.close()


def test_a_kept_key_that_is_rejected_now_is_asked_for_again(tmp_path, account):
    kept = tmp_path / ".config/oncehub-mcp/oncehub.key"
    kept.parent.mkdir(parents=True)
    kept.write_text("a-key-of-last-year", encoding="utf-8")
    address = f"--api-url={account['ONCEHUB_API_URL']}"
    terminal = Terminal(tmp_path, "install", "cursor", "--key", "file", address)
    assert "OnceHub rejects the key in" in terminal.until(KEY_PROMPT)
    terminal.type_hidden(account["ONCEHUB_API_KEY"])
    terminal.until(QUESTION)
    terminal.type("y")
    assert terminal.finish() == 0, terminal.said
    terminal.close()
    assert kept.read_text(encoding="utf-8").strip() == account["ONCEHUB_API_KEY"]


@pytest.fixture
def home_of_nobody():
    """A home whose owner is not almighty, as the person who runs the tests may be, and the program where its owner can reach it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        program = Path(shutil.copy(BINARY, home))
        user = {}
        if os.geteuid() == 0:
            os.chown(home, 65534, 65534)
            user = {"user": 65534, "group": 65534, "extra_groups": []}

        def run(*arguments):
            words = {"env": {"HOME": folder, "PATH": ""}, "cwd": folder, "stdin": subprocess.DEVNULL, "timeout": PATIENCE}
            return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, **words, **user)

        yield home, run
        for path in home.rglob("*"):
            path.chmod(0o700)


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_where_nothing_may_be_written_nothing_changes(home_of_nobody, command):
    home, run = home_of_nobody
    file = home / ".cursor/mcp.json"
    text = '{"mcpServers": {"other": {"command": "x"}, "oncehub": {"command": "y"}}}\n'
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    file.chmod(0o444)
    file.parent.chmod(0o555)
    done = run(command, "cursor", "--yes", *(["--sandbox"] if command == "install" else []))
    assert done.returncode == 2, done
    assert f"{file} cannot be written: " in done.stderr and "nothing was written" in done.stderr
    assert "Wrote" not in done.stdout
    assert [file.read_text(encoding="utf-8"), *os.listdir(file.parent)] == [text, "mcp.json"]


def test_where_no_file_may_be_made_it_says_so(home_of_nobody):
    home, run = home_of_nobody
    (home / ".cursor").mkdir()
    (home / ".cursor").chmod(0o555)
    done = run("install", "cursor", "--sandbox", "--yes")
    assert done.returncode == 2, done
    assert f"{home / '.cursor/mcp.json'} cannot be written: " in done.stderr and "nothing was written" in done.stderr
    assert os.listdir(home / ".cursor") == []


def test_a_file_that_may_not_be_read_is_left_alone(home_of_nobody):
    home, run = home_of_nobody
    file = home / ".cursor/mcp.json"
    file.parent.mkdir()
    file.write_text("{}", encoding="utf-8")
    file.chmod(0)
    done = run("install", "cursor", "--sandbox", "--yes")
    assert done.returncode == 2, done
    assert f"{file} cannot be read: " in done.stderr
    assert os.listdir(file.parent) == ["mcp.json"]
