"""Gateways as their makers publish them, each way in which they are used, and what they make of a call."""

import asyncio
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client

from sessions import BINARY


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


# Far longer than anything takes, so that what hangs fails.
PATIENCE = 30
# Not what is on the search path: that may be a program which starts it, and would be killed in its place.
NODE = said("node", "-p", "process.execPath")
INSTALLED = pathlib.Path(__file__).parent / "node_modules" / "supergateway"
SUPERGATEWAY = [NODE, str(INSTALLED / "dist" / "index.js")]
SUPERGATEWAY_VERSION = json.loads((INSTALLED / "package.json").read_text(encoding="utf-8"))["version"]
MCP_PROXY = [os.environ["MCP_PROXY"]]
MCP_PROXY_VERSION = said(*MCP_PROXY, "--version").split()[-1]
# What they say when they listen.
READY = {"supergateway": "Listening on", "mcp-proxy": "Uvicorn running"}


async def end(running, programs):
    """Stops what was started here, and then what that has started."""
    try:
        if running:
            await running.stop()
        await programs.gone()
    finally:
        for pid in programs.running():
            os.kill(pid, signal.SIGKILL)


@dataclasses.dataclass(frozen=True)
class Way:
    """A way through a gateway, and what was seen there. Where that differs by the client's era, it is two ways."""

    command: list
    # Where it listens, or what of the server's it connects to.
    path: str
    # What the client speaks first.
    eras: tuple = ("legacy", "auto")
    # What becomes of the question before a change: it is "asked"; it is "refused" by a gateway that has said that its
    # client can ask; or the gateway says that nobody can be asked ("nobody").
    question: str = "asked"
    # Whether the server learns that a call is cancelled; None where it learns it of another call.
    cancels: bool | None = True
    # How a call ends whose server is killed; None where it does not end.
    killed: str | None = None
    # How the next call in its session ends, once there is a server again; None where it works.
    after: str | None = None
    # Whether the next session works without a new gateway.
    survives: bool = False


STREAMABLE = [*SUPERGATEWAY, "--outputTransport", "streamableHttp"]
# With a server of its own that it starts, for clients that reach it over HTTP.
LISTENING = {
    # It starts a server for each request, and says to it that nobody can be asked.
    "supergateway stateless": Way(
        STREAMABLE, "/mcp", ("legacy",), question="nobody", cancels=False, killed="process failed", survives=True
    ),
    # Where both sides speak 2026-07-28 it is the same with and without sessions.
    "supergateway modern": Way(STREAMABLE, "/mcp", ("auto",), killed="process failed", survives=True),
    "supergateway stateful": Way(
        [*STREAMABLE, "--stateful"],
        "/mcp",
        ("legacy",),
        killed="process failed",
        after="Session not found",
        survives=True,
    ),
    # One server for all clients. It ends when that does.
    "supergateway sse": Way(SUPERGATEWAY, "/sse", killed="Connection closed", after="Connection closed"),
    # One server for all clients, and none after it. It speaks 2025-11-25 only, and asks nobody.
    "mcp-proxy": Way(MCP_PROXY, "/mcp", question="nobody", cancels=False, killed="Connection closed", after=""),
    "mcp-proxy sse": Way(MCP_PROXY, "/sse", question="nobody", cancels=False, killed="Connection closed", after=""),
}
# A program that clients start, which reaches the server over HTTP. supergateway passes on the client's number of what
# is cancelled, but gives the calls numbers of its own.
STARTED = {
    "supergateway to /mcp": Way(
        [*SUPERGATEWAY, "--streamableHttp"], "/mcp", question="refused", cancels=None, after="no such session"
    ),
    "supergateway to /sse, legacy": Way(
        [*SUPERGATEWAY, "--sse"], "/sse", ("legacy",), question="refused", cancels=None, after="no such session"
    ),
    "supergateway to /sse, modern": Way(
        [*SUPERGATEWAY, "--sse"], "/sse", ("auto",), cancels=None, after="no such session"
    ),
    "mcp-proxy to /mcp": Way(
        [*MCP_PROXY, "--transport", "streamablehttp"],
        "/mcp",
        question="nobody",
        cancels=False,
        after="Session terminated",
    ),
    "mcp-proxy to /sse": Way(MCP_PROXY, "/sse", question="nobody", cancels=False, killed="Connection closed", after=""),
}


class Noted:
    """Programs that others start: each writes its process id into a file before it begins."""

    def __init__(self, file):
        self.file = file

    def command(self, *words):
        return ["sh", "-c", 'echo $$ >> "$0"; exec "$@"', str(self.file), *words]

    def all(self):
        return [int(line) for line in self.file.read_text().split()] if self.file.exists() else []

    def running(self):
        return [pid for pid in self.all() if is_running(pid)]

    def kill(self):
        """Kills all: where each message has a program of its own, that of an earlier one may still be there."""
        for pid in self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def gone(self):
        await until(lambda: not self.running(), f"{self.file.name} is still running")


def is_running(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def until(condition, otherwise):
    """Waits for what nothing announces."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(otherwise) from None


class Listening:
    """A program that listens: a gateway, or the server itself."""

    def __init__(self, process, log):
        self.process = process
        self.log = log

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self):
        self.process.kill()

    async def stop(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), PATIENCE)
        except TimeoutError:
            self.process.kill()
            raise AssertionError(f"it does not end when it is asked to: {self.said()}") from None


async def listen(command, environment, log, ready):
    """Starts a program, and waits until it says `ready`. None if another program has its port."""
    with log.open("wb") as output:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        process = await asyncio.create_subprocess_exec(*command, env=os.environ | environment, **pipes)
    started = Listening(process, log)
    try:
        await until(lambda: ready in started.said() or process.returncode is not None, f"{command[0]} does not start")
    except AssertionError:
        process.kill()
        raise
    if process.returncode is None:
        return started
    assert re.search("EADDRINUSE|address already in use", started.said()), started.said()
    return None


class Started:
    """What every gateway is started with."""

    def __init__(self, way, environment, folder):
        self.way = way
        self.log = folder / "log"
        self.environment = environment


class Gateway(Started):
    """Before a server of its own. It may be killed, and started again at the same address."""

    def __init__(self, way, environment, folder, settings):
        super().__init__(way, environment, folder)
        self.servers = Noted(folder / "servers")
        self.server = self.servers.command(BINARY, "--log", "error", *settings)
        self.port = None
        self.running = None

    async def start(self):
        for _ in range(5):
            port = self.port or free_port()
            if self.way.command == MCP_PROXY:
                command = [*self.way.command, "--pass-environment", "--port", str(port), "--", *self.server]
                ready = READY["mcp-proxy"]
            else:
                command = [*self.way.command, "--port", str(port), "--stdio", shlex.join(self.server)]
                ready = READY["supergateway"]
            self.running = await listen(command, self.environment, self.log, ready)
            if self.running:
                self.port = port
                return
        raise AssertionError("no port is free")

    def client(self, era, **options):
        url = f"http://127.0.0.1:{self.port}{self.way.path}"
        return Client(sse_client(url) if self.way.path == "/sse" else url, mode=era, **options)

    def kill(self):
        self.running.kill()

    def kill_server(self):
        self.servers.kill()

    async def restart_server(self):
        """Nothing: that is up to the gateway."""

    async def stop(self):
        # Whatever has happened to the gateway, no server stays behind.
        await end(self.running, self.servers)


class Program(Started):
    """A gateway that each client starts, to one server that is there already."""

    def __init__(self, way, environment, folder, settings):
        super().__init__(way, environment, folder)
        self.programs = Noted(folder / "gateways")
        self.settings = settings
        self.address = "127.0.0.1:0"
        self.server = None

    async def start(self):
        if self.server is None:
            await self.restart_server()

    async def restart_server(self):
        environment = {name: value for name, value in self.environment.items() if name != "ONCEHUB_API_KEY"}
        command = [BINARY, "--log", "error", *self.settings, "http", "--listen", self.address]
        self.server = await listen(command, environment, self.log, "http://")
        self.address = re.search(r"http://([^/]+)", self.server.said())[1]

    def client(self, era, **options):
        key = self.environment["ONCEHUB_API_KEY"]
        url = f"http://{self.address}{self.way.path}"
        if self.way.command[0] == MCP_PROXY[0]:
            command = [*self.way.command, "--log-level", "ERROR", "--headers", "API-Key", key, url]
        else:
            command = [*self.way.command, url, "--header", f"API-Key: {key}", "--logLevel", "none"]
        command = self.programs.command(*command)
        return Client(StdioServerParameters(command=command[0], args=command[1:]), mode=era, **options)

    def kill(self):
        self.programs.kill()

    def kill_server(self):
        self.server.kill()

    async def stop(self):
        await end(self.server, self.programs)


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextlib.asynccontextmanager
async def gateway(name, environment, folder, *settings):
    """A gateway, running, with a server before a simulated account."""
    kind, way = (Gateway, LISTENING[name]) if name in LISTENING else (Program, STARTED[name])
    running = kind(way, environment, folder, settings)
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


async def ends(call):
    """How a call ends, in the words that its caller gets: whether they are a reply, and the words."""
    try:
        result = await asyncio.wait_for(call, PATIENCE)
    except MCPError as error:
        return False, error.message
    return not result.is_error, result.content[0].text
