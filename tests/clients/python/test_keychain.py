"""The key in the keychain of a desktop's session, as GNOME has it."""

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from sessions import BINARY, run, succeed

PATIENCE = 20
# No services that are started when they are first asked for: the keychain is there, and open, or it is not.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
NEEDED = ["dbus-daemon", "gdbus", "gnome-keyring-daemon"]
MISSING = [program for program in NEEDED if not shutil.which(program)]
# Where all checks are run, all of them have to be there.
pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"),
    reason=f"{', '.join(MISSING)} not found: apt-get install dbus-daemon libglib2.0-bin gnome-keyring",
)


class Desktop:
    """A person's session: a home, and a bus on which there is no keychain yet."""

    def __init__(self, home, bus):
        self.home = home
        address = bus.stdout.readline().strip()
        self.variables = {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(home)}
        self.variables |= {"DBUS_SESSION_BUS_ADDRESS": address}

    def run(self, *arguments, code=0, **variables):
        environment = self.variables | variables
        words = {"env": environment, "cwd": self.home, "stdin": subprocess.DEVNULL, "timeout": PATIENCE}
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False, **words)
        assert done.returncode == code, done
        return done.stdout + done.stderr


@pytest.fixture
def desktop(tmp_path):
    config = tmp_path / "bus.conf"
    config.write_text(BUS.format(folder=tmp_path), encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    command = ["dbus-daemon", f"--config-file={config}", "--print-address", "--nofork", "--nopidfile"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bus:
        try:
            yield Desktop(home, bus)
        finally:
            bus.terminate()


@contextlib.contextmanager
def keyring(desktop, *arguments, password=b""):
    """GNOME's keychain on the desktop's bus."""
    command = ["gnome-keyring-daemon", "--foreground", "--components=secrets", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=desktop.variables, **pipes) as daemon:
        try:
            daemon.stdin.write(password)
            daemon.stdin.close()
            wait = ["gdbus", "wait", "--session", "--timeout", str(PATIENCE), "org.freedesktop.secrets"]
            subprocess.run(wait, env=desktop.variables, check=True, timeout=PATIENCE)
            yield desktop
        finally:
            daemon.terminate()


@pytest.fixture
def keychain(desktop):
    """The desktop, once there is a keychain, which its person has opened."""
    with keyring(desktop, "--unlock", password=b"password") as opened:
        yield opened


def entry(desktop):
    return json.loads((desktop.home / ".cursor/mcp.json").read_text(encoding="utf-8"))["mcpServers"]["oncehub"]


def everything_below(folder):
    return b"".join(path.read_bytes() for path in Path(folder).rglob("*") if path.is_file())


def test_a_key_is_kept_in_the_keychain_and_read_from_there(keychain, account):
    key = {"ONCEHUB_API_KEY": account["ONCEHUB_API_KEY"]}
    address = f"--api-url={account['ONCEHUB_API_URL']}"
    said = keychain.run("install", "cursor", "--key", "keychain", "--yes", address, **key)
    assert "The key goes into the system's keychain, as 'oncehub'." in said
    assert "margaret@northlight.example" in said
    assert entry(keychain)["env"] == {"ONCEHUB_MCP_KEYCHAIN": "oncehub"}
    # Not even the keychain's own file has it in the open.
    assert account["ONCEHUB_API_KEY"].encode() not in everything_below(keychain.home)

    [cursor] = [line for line in keychain.run("install", "--list").splitlines() if line.startswith("cursor ")]
    assert "registered and works" in cursor
    assert "already up to date" in keychain.run("install", "cursor", "--key", "keychain", "--yes", address)

    async def session():
        told = entry(keychain)
        server = StdioServerParameters(command=told["command"], args=told["args"], env=keychain.variables | told["env"])
        async with Client(server, mode="auto") as client:
            assert (await succeed(client, "test_connection"))["account"] == "margaret@northlight.example"

    run(session())
    # From a shell, for anyone who would know it by its name.
    assert "margaret@northlight.example" in keychain.run("--keychain", "oncehub", address, "call", "test_connection")


def test_another_name_is_another_key(keychain, account):
    address = f"--api-url={account['ONCEHUB_API_URL']}"
    for name, key in [("one", account["ONCEHUB_API_KEY"]), ("two", "another-key-0123")]:
        words = ["--key", "keychain", "--name", name, "--yes", address]
        fails = name == "two"
        said = keychain.run("install", "cursor", *words, code=int(fails), ONCEHUB_API_KEY=key)
        assert ("its calls fail" in said.lower()) == fails, said
    called = keychain.run("--keychain", "one", address, "call", "test_connection")
    assert "margaret@northlight.example" in called


def test_a_key_that_the_keychain_has_not_is_named(keychain):
    said = keychain.run("--keychain", "nobody", "call", "test_connection", code=2)
    assert "the system's keychain has no key 'nobody'" in said


def refuses_and_writes_nothing(desktop, account, shells):
    address = f"--api-url={account['ONCEHUB_API_URL']}"
    for variables in shells:
        said = desktop.run("install", "cursor", "--key", "keychain", "--yes", address, code=2, **variables)
        assert "the system's keychain cannot be used here: " in said and "--key file keeps the key in a file" in said
        assert "Wrote" not in said and not (desktop.home / ".cursor").exists()


@pytest.mark.parametrize("bus", ["without a keychain", "no bus"])
def test_without_a_keychain_it_says_so_and_writes_nothing(desktop, account, bus):
    if bus == "no bus":
        del desktop.variables["DBUS_SESSION_BUS_ADDRESS"]
    refuses_and_writes_nothing(desktop, account, [{}, {"ONCEHUB_API_KEY": account["ONCEHUB_API_KEY"]}])
    said = desktop.run("--keychain", "oncehub", "call", "test_connection", code=2)
    assert "the system's keychain cannot be queried for 'oncehub': " in said


def test_where_nobody_can_open_the_keychain_it_says_so_and_writes_nothing(desktop, account):
    # A new keychain wants a password first, and there is nothing here that would ask for one.
    with keyring(desktop):
        refuses_and_writes_nothing(desktop, account, [{"ONCEHUB_API_KEY": account["ONCEHUB_API_KEY"]}])
