"""The Python SDK's own OAuth client: it finds where people sign in, becomes a client, and refreshes, all by itself."""

import importlib.metadata
import pathlib

import pytest
from mcp import Client, MCPError
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

from over_http import served
from person import agree, answered
from sessions import run, simulated_account, succeed

REDIRECT = "http://127.0.0.1:40001/oauth_callback"
# A host that is known here, whose document need not be fetched.
DOCUMENT = "https://goose-docs.ai/oauth/client-metadata.json"


class Kept:
    """What a client keeps."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Host:
    def __init__(self, server, access="all", document=None, method="none"):
        self.server = server
        self.access = access
        self.document = document
        self.method = method
        self.kept = Kept()
        self.asked = 0

    def agreed(self, url):
        return agree(url, self.server.key, self.access)

    def auth(self, path):
        async def show(url):
            self.asked += 1
            self.answer = answered(self.agreed(url))

        async def answer():
            return AuthorizationCodeResult(**{name: self.answer.get(name) for name in ("code", "state", "iss")})

        metadata = OAuthClientMetadata(
            redirect_uris=[AnyUrl(REDIRECT)], client_name="Python", token_endpoint_auth_method=self.method
        )
        return OAuthClientProvider(self.server.url + path, metadata, self.kept, show, answer, self.document)

    async def uses(self, path, era, then):
        async with create_mcp_http_client(auth=self.auth(path)) as http:
            streams = streamable_http_client(self.server.url + path, http_client=http)
            async with Client(streams, mode=era) as client:
                return await then(client)


@pytest.fixture(scope="module")
def server():
    with simulated_account() as account, served(account, more=["--oauth", "keys"]) as server:
        yield server


async def account(client):
    return (await succeed(client, "test_connection"))["account"]


@pytest.mark.parametrize("path", ["/mcp", "/sse"])
@pytest.mark.parametrize("document", [None, DOCUMENT])
@pytest.mark.parametrize("method", ["none", "client_secret_post", "client_secret_basic"])
def test_it_signs_in_and_stays_signed_in(server, era, path, document, method):
    host = Host(server, document=document, method=method)
    assert run(host.uses(path, era, account)) == "margaret@northlight.example"
    assert (host.kept.client.client_id == document) == bool(document)
    first = host.kept.tokens
    # Another session needs nobody.
    assert run(host.uses(path, era, account)) == "margaret@northlight.example"
    assert (host.asked, host.kept.tokens.access_token) == (1, first.access_token)


def test_a_token_that_ends_is_refreshed_without_anybody(server, era):
    host = Host(server)

    async def session():
        async with create_mcp_http_client(auth=(auth := host.auth("/mcp"))) as http:
            async with Client(streamable_http_client(server.url + "/mcp", http_client=http), mode=era) as client:
                first = host.kept.tokens
                auth.context.token_expiry_time = 1
                await account(client)
                assert host.kept.tokens.access_token != first.access_token
                assert host.kept.tokens.refresh_token != first.refresh_token

    run(session())
    assert host.asked == 1


def test_once_the_sign_in_has_ended_somebody_is_asked_again(server, era):
    host = Host(server)

    async def session():
        async with create_mcp_http_client(auth=host.auth("/mcp")) as http:
            async with Client(streamable_http_client(server.url + "/mcp", http_client=http), mode=era) as client:
                body = {"token": host.kept.tokens.refresh_token, "client_id": host.kept.client.client_id}
                async with create_mcp_http_client() as other:
                    (await other.post(server.url + "/revoke", data=body)).raise_for_status()
                if era == "legacy":
                    # What was open with the sign-in has ended with it.
                    with pytest.raises(MCPError, match="no such session"):
                        await account(client)
                else:
                    assert await account(client) == "margaret@northlight.example"

    run(session())
    assert run(host.uses("/mcp", era, account)) == "margaret@northlight.example"
    assert host.asked == 2


def test_who_reads_only_is_offered_no_changes(server, era):
    async def names(client):
        return {tool.name for tool in (await client.list_tools()).tools}

    offered = run(Host(server).uses("/mcp", era, names))
    reads = run(Host(server, access="read").uses("/mcp", era, names))
    assert reads < offered and "cancel_booking" in offered - reads


def test_the_page_on_clients_has_the_version_that_is_tried():
    page = pathlib.Path(__file__).parents[3] / "docs" / "clients.md"
    [row] = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| `mcp`, ")]
    assert row.split("|")[2].strip() == importlib.metadata.version("mcp")
