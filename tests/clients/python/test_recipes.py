"""What the recipes tell programmers to write does what they say, as it is."""

import os
import pathlib
import subprocess
import sys

import pytest

from over_http import served
from sessions import BINARY, simulated_account

ROOT = pathlib.Path(__file__).parents[3]
TYPESCRIPT = ROOT / "tests" / "clients" / "typescript"


def blocks(page, language):
    folder = ROOT if page == "README.md" else ROOT / "docs"
    parts = (folder / page).read_text(encoding="utf-8").split("```")
    return [part.removeprefix(f"{language}\n") for part in parts[1::2] if part.startswith(f"{language}\n")]


def said(command, folder, answer="", **environment):
    path = f"{pathlib.Path(BINARY).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **environment}
    done = subprocess.run(command, cwd=folder, env=environment, input=answer, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


PYTHON = blocks("recipes.md", "python")
NODE = blocks("recipes.md", "js")


def test_over_standard_input_and_output(tmp_path):
    text = said([sys.executable, "-c", PYTHON[0]], tmp_path)
    times = [line[4:20] for line in text.splitlines() if line[3:4] == " "]
    assert len(times) > 3 and times == sorted(times), text
    assert "find it with list_booking_calendars" in text


@pytest.mark.parametrize("answer", ["y", "n"])
@pytest.mark.parametrize("language", ["python", "js"])
def test_over_http_with_a_key_a_question_and_progress(tmp_path, language, answer):
    # A request every two seconds, so that there is progress to show.
    with simulated_account() as account, served({**account, "ONCEHUB_MCP_RATE_LIMIT": "1/2s"}) as server:
        text = (PYTHON[1] if language == "python" else NODE[0]).replace("https://mcp.example.com", server.url)
        if language == "python":
            command, folder = [sys.executable, "-c", text], tmp_path
        else:
            # What it imports is installed there.
            command, folder = ["node", "--input-type=module", "--eval", text], TYPESCRIPT
        text = said(command, folder, f"{answer}\n", ONCEHUB_API_KEY=server.key)
    assert "waiting for OnceHub's rate limit" in text
    assert 'Delete the record of the contact "Tom Ashcroft"' in text
    assert text.splitlines()[-1] == ("deleted" if answer == "y" else "not deleted"), text


def test_one_terminal_shows_what_another_has_changed(tmp_path):
    typed = next(block for block in blocks("start.md", "sh") if block.startswith("export ONCEHUB_API_URL"))
    with simulated_account() as account:
        theirs = dict(part.split("=") for part in typed.splitlines()[0].split()[1:])
        assert theirs["ONCEHUB_API_KEY"] == account["ONCEHUB_API_KEY"]
        text = said(["bash", "-ec", typed.replace(theirs["ONCEHUB_API_URL"], account["ONCEHUB_API_URL"])], tmp_path)
    assert text.count('company "Fjord"') == 2, text
