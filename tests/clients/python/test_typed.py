"""Types that a framework's developer would generate from our output schemas, and a client that is held against them."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from datamodel_code_generator import DataModelType, Formatter, InputFileType, PythonVersion, generate
from mcp import Client

from sessions import BINARY, run, server

FOLDER = pathlib.Path(__file__).parent
CLIENT = FOLDER / "typed_client.py"
PYRIGHT = FOLDER / "node_modules" / ".bin" / "pyright"


def generated(folder):
    """A module of types for each tool."""

    async def session():
        async with Client(server()) as client:
            return {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}

    package = folder / "generated"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, schema in run(session()).items():
        generate(
            json.dumps(schema),
            input_file_type=InputFileType.JsonSchema,
            output=package / f"{name}.py",
            output_model_type=DataModelType.TypingTypedDict,
            target_python_version=PythonVersion.PY_311,
            class_name="Reply",
            use_title_as_name=True,
            disable_timestamp=True,
            formatters=[Formatter.BUILTIN],
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("typed")
    generated(folder)
    shutil.copy(CLIENT, folder)
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["."]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def checked(folder):
    command = [PYRIGHT, "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    report = json.loads(done.stdout)
    return [f"{found['range']['start']['line'] + 1}: {found['message']}" for found in report["generalDiagnostics"]], report


def test_a_client_with_generated_types_is_right_in_the_strictest_eyes(project):
    found, report = checked(project)
    assert found == []
    assert report["summary"]["filesAnalyzed"] > 40


def test_what_is_not_always_there_is_found(project):
    client = project / CLIENT.name
    text = client.read_text(encoding="utf-8")
    try:
        client.write_text(text.replace('booking.get("owner")', 'booking["owner"]'), encoding="utf-8")
        found, _ = checked(project)
        assert len(found) == 1 and "not a required key" in found[0], found
    finally:
        client.write_text(text, encoding="utf-8")


def test_the_client_does_its_work(project):
    environment = {**os.environ, "PYTHONPATH": str(project)}
    done = subprocess.run([sys.executable, CLIENT.name, BINARY], cwd=project, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
