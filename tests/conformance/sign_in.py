"""The suite for authorization servers: a person agrees on the page that the suite has opened."""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

import httpx2

here = pathlib.Path(__file__).parent
sys.path.append(str(here.parent / "clients" / "python"))

from person import agree  # noqa: E402  (it is the clients')

KEY = "sandbox-key-that-opens-nothing-real"
SUITE = here / "node_modules" / "conformance" / "dist" / "index.js"


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def passes(url, folder):
    """Runs all scenarios, one after the other: the second uses what the first has found."""
    command = ["node", SUITE, "authorization", "--url", url, "--client-id", "suite", "--port", str(free_port()), "-o", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as suite:
        for line in suite.stdout:
            print(line, end="")
            if asked := re.search(r"http://\S+/authorize\?\S+", line):
                httpx2.get(agree(asked[0], KEY), trust_env=False)
        return suite.wait() == 0


with tempfile.TemporaryDirectory() as folder:
    own = pathlib.Path(folder, "clients.json")
    redirect = "http://127.0.0.1/callback"
    own.write_text(json.dumps([{"client_id": "suite", "client_name": "Suite", "redirect_uris": [redirect]}]))
    arguments = ["--sandbox", "--log", "error", "http", "--listen", "127.0.0.1:0", "--oauth", "keys"]
    command = [os.environ["ONCEHUB_MCP_BINARY"], *arguments, "--oauth-clients-file", own]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = re.search(r"http://[^/]+", server.stdout.readline())[0]
        try:
            passed = passes(url, folder)
        finally:
            server.terminate()
sys.exit(not passed)
