"""What the tests of all frameworks share: the server, what is known of its tools, and that nothing is warned of."""

import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import warnings

import pytest

# Nothing is sent to anybody.
os.environ |= {"LANGSMITH_TRACING": "false", "OPENAI_AGENTS_DISABLE_TRACING": "1", "OTEL_SDK_DISABLED": "true"}

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ["ONCEHUB_MCP_BINARY"]
SERVER = {"command": BINARY, "args": ["--sandbox", "--log", "error"]}
CALLS = json.loads((ROOT / "tests" / "clients" / "calls.json").read_text(encoding="utf-8"))
OLIVIA = {"contact_id": "olivia@marchetti.example"}
QUESTION = 'Delete the record of the contact "Olivia Marchetti"'


@pytest.fixture(autouse=True)
def _nothing_is_warned_of(caplog):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield
    logged = [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in logged] == []
    # That something of their own is about to go, frameworks say to each other.
    assert [str(warning.message) for warning in warned if not issubclass(warning.category, DeprecationWarning)] == []


@pytest.fixture
def example():
    """Runs an example of the pages, with the server on the search path: what it prints."""

    def run(framework):
        page = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
        section = page.split(f"\n### {framework}\n")[1].split("\n##")[0]
        [text] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        path = f"{pathlib.Path(BINARY).parent}{os.pathsep}{os.environ['PATH']}"
        command = [sys.executable, "-c", text]
        done = subprocess.run(
            command, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr.lower(), done.stderr
        return done.stdout

    return run


def tried(package):
    """The versions that the page says were tried: of the package, and of MCP's SDK."""
    page = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
    [row] = [line.split(" | ") for line in page.splitlines() if line.startswith("| ") and f"(`{package}" in line]
    return row[1], row[2].split(", ")


def properties(tools):
    """The names of each tool's arguments, from its schemas by its name."""
    return {name: sorted(schema.get("properties", {})) for name, schema in tools.items()}
