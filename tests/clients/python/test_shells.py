"""Completions in the shells themselves, at a terminal."""

import os
import pty
import select
import shutil
import subprocess
import time

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

from sessions import BINARY

# How each is started, and told of the script.
SHELLS = {
    "bash": (["--norc", "-i"], "source {scripts}/oncehub-mcp.bash"),
    "zsh": (["-f", "-i"], "fpath=({scripts} $fpath); autoload -Uz compinit; compinit -D"),
    "fish": (["--no-config", "--interactive"], "source {scripts}/oncehub-mcp.fish"),
}
# What is typed, and the words that are then run.
TYPED = {
    "oncehub-mcp inst\tcurs\t--key keyc\t": "[install] [cursor] [--key] [keychain]",
    "oncehub-mcp --confirm alw\tcall cancel\t": "[--confirm] [always] [call] [cancel_booking]",
    # A value follows at once.
    "oncehub-mcp call list_bookings starts_a\ttoday": "[call] [list_bookings] [starts_after=today]",
    "oncehub-mcp call list_bookings status=sch\tlimit=1": "[call] [list_bookings] [status=scheduled] [limit=1]",
    "oncehub-mcp tools --toolsets webh\t": "[tools] [--toolsets] [webhooks]",
    "oncehub-mcp completions powe\t": "[completions] [powershell]",
}
# It completes as the program does, and otherwise only says what it was run with.
STAND_IN = f"""#!/bin/sh
[ -z "$ONCEHUB_MCP_COMPLETE" ] || exec '{BINARY}' "$@"
printf 'ran'
printf ' [%s]' "$@"
echo
"""


def wanted(program):
    """CI has every one."""
    if not shutil.which(program) and not os.environ.get("CI"):
        pytest.skip(f"{program} is not installed")


@pytest.fixture
def scripts(tmp_path):
    for shell, name in [("bash", "oncehub-mcp.bash"), ("zsh", "_oncehub-mcp"), ("fish", "oncehub-mcp.fish")]:
        (tmp_path / name).write_bytes(subprocess.check_output([BINARY, "completions", shell]))
    stand_in = tmp_path / "oncehub-mcp"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o700)
    return tmp_path


class Terminal:
    def __init__(self, shell, arguments, home):
        path = f"{home}:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(home), "TERM": "xterm", "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execvpe(shell, [shell, *arguments], environment)

    def run(self, line, until):
        """Types a line; waits for what it prints."""
        os.write(self.terminal, f"{line}\n".encode())
        shown, end = "", time.monotonic() + 30
        while until not in shown:
            assert time.monotonic() < end, f"{until!r} did not come: {shown!r}"
            if select.select([self.terminal], [], [], 1)[0]:
                shown += os.read(self.terminal, 65536).decode(errors="replace")

    def close(self):
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_completes(shell, scripts):
    wanted(shell)
    arguments, setup = SHELLS[shell]
    terminal = Terminal(shell, arguments, scripts)
    try:
        # The terminal shows what is typed, too: the mark is not in it as it is.
        terminal.run(f"{setup.format(scripts=scripts)}; echo rea''dy", until="ready")
        for typed, words in TYPED.items():
            terminal.run(typed, until=f"ran {words}")
    finally:
        terminal.close()


def test_shellcheck_has_nothing_to_say():
    wanted("shellcheck")
    script = subprocess.check_output([BINARY, "completions", "bash"])
    said = subprocess.run(["shellcheck", "--shell=bash", "-"], input=script, capture_output=True, check=False)
    assert (said.returncode, said.stdout.decode()) == (0, "")


def test_powershell_can_parse_its_script():
    script = subprocess.check_output([BINARY, "completions", "powershell"]).rstrip()
    parser = Parser(Language(tree_sitter_powershell.language()))
    assert not parser.parse(script).root_node.has_error
    assert parser.parse(script[:-3]).root_node.has_error, "what is cut off is noticed"
