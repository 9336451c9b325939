"""The server over HTTP, in front of one simulated account, and the ways in which the Python SDK gets to it."""

import asyncio
import contextlib
import re
import subprocess

import httpx2
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from sessions import BINARY


class Key(httpx2.Auth):
    """A key as each request carries it. It may change while a session is open, and tells what its requests were answered."""

    def __init__(self, key, header="API-Key"):
        self.key = key
        self.header = header
        self.answers = []

    def auth_flow(self, request):
        if self.key is not None:
            request.headers[self.header] = f"Bearer {self.key}" if self.header == "Authorization" else self.key
        response = yield request
        self.answers.append(response.status_code)


@contextlib.asynccontextmanager
async def streamable(url, **options):
    async with create_mcp_http_client(**options) as http, streamable_http_client(url, http_client=http) as streams:
        yield streams


# To each path as Streamable HTTP, and to the older one as it was meant first.
WAYS = {"/mcp": ("/mcp", streamable), "/sse, posted": ("/sse", streamable), "/sse, streamed": ("/sse", sse_client)}


class Served:
    def __init__(self, url, key, process):
        self.url = url
        self.key = key
        self.process = process

    def client(self, way, era, key=None, headers=None, opened=None, **options):
        """A client with the account's key, unless with another; `opened` is told the id of a session that is streamed."""
        path, transport = WAYS[way]
        told = {"on_session_created": opened} if opened else {}
        streams = transport(self.url + path, headers=headers, auth=key or Key(self.key), **told)
        return Client(streams, mode=era, **options)


@contextlib.contextmanager
def served(account, *arguments, more=()):
    """A server before an account, with `more` settings of `http`. It has no key itself: anyone who comes has to bring one."""
    environment = {name: value for name, value in account.items() if name != "ONCEHUB_API_KEY"}
    command = [BINARY, "--log", "error", *arguments, "http", "--listen", "127.0.0.1:0", *more]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        said = server.stdout.readline()
        try:
            yield Served(re.search(r"http://[^/]+", said)[0], account.get("ONCEHUB_API_KEY"), server)
        finally:
            server.terminate()


class Silent:
    """An OnceHub that says whose a key is, as a session is opened, and never answers anything else."""

    def __init__(self):
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def take(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        while head.startswith(b"GET /v2/test "):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return writer.close()
        self.asked.set()
        # Until the other side is gone.
        await reader.read()
        self.left.set()
        writer.close()


@contextlib.asynccontextmanager
async def silent_oncehub():
    """With what a server needs to ask it, and so patiently that only a client can end a call."""
    oncehub = Silent()
    async with await asyncio.start_server(oncehub.take, "127.0.0.1", 0) as listening:
        address, port = listening.sockets[0].getsockname()
        settings = {"ONCEHUB_API_URL": f"http://{address}:{port}", "ONCEHUB_MCP_TIMEOUT": "600"}
        yield oncehub, {**settings, "ONCEHUB_API_KEY": "any", "ONCEHUB_MCP_RATE_LIMIT": "off"}
