"""A real identity provider, by which people sign in, and the Python SDK's own OAuth client."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from over_http import served
from person import sign_in
from sessions import run, simulated_account, succeed
from test_sign_in import Host

HERE = pathlib.Path(__file__).parent
SECRET = "s3cret-of-the-server-at-the-provider"
RULES = [
    {"email": "dana@northlight.example", "key": "company", "zone": "Asia/Kolkata", "access": "all"},
    {"group": "staff", "key": "company"},
    {"domain": "northlight.example", "key": "company", "access": "all"},
]


@contextlib.contextmanager
def provider():
    """An identity provider that waits for its client's address."""
    environment = {**os.environ, "CLIENT_SECRET": SECRET}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(["node", HERE / "identity.mjs"], env=environment, text=True, **pipes) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()


class Company:
    """A server, its map, and its provider."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.map(RULES)

    def map(self, rules):
        keys = {"company": {"file": str(self.folder / "key")}}
        (self.folder / "map.json").write_text(json.dumps({"keys": keys, "rules": rules}))

    def changes(self, rules):
        """Changes the map, which counts for the next request."""
        self.map(rules)
        self.server.process.send_signal(signal.SIGHUP)
        # A signal is seen at once, but not before the next request.
        for _ in range(20):
            httpx2.get(f"{self.server.url}/healthz", trust_env=False)


@pytest.fixture
def company(tmp_path):
    with simulated_account() as account, provider() as (process, issuer):
        (tmp_path / "key").write_text(account["ONCEHUB_API_KEY"])
        (tmp_path / "secret").write_text(SECRET)
        Company(None, tmp_path)
        settings = {
            "--oauth": "oidc",
            "--oidc-issuer": issuer,
            "--oidc-client-id": "oncehub-mcp",
            "--oidc-client-secret-file": tmp_path / "secret",
            "--oidc-map-file": tmp_path / "map.json",
            "--oidc-scopes": "openid email groups",
        }
        with served(account, more=[text for setting in settings.items() for text in setting]) as server:
            process.stdin.write(f"{server.url}/callback\n")
            process.stdin.flush()
            yield Company(server, tmp_path)


class Person(Host):
    """A person with a host of theirs."""

    def __init__(self, company, login, **more):
        super().__init__(company.server, **more)
        self.login = login

    def agreed(self, url):
        page = sign_in(url, self.login, self.access)
        assert page.to, page.text
        return page.to


async def offered(client):
    return {tool.name for tool in (await client.list_tools()).tools}


async def whose(client):
    return await succeed(client, "test_connection")


def test_the_map_says_who_somebody_is_and_what_they_may_do(company, era):
    dana, lee = (Person(company, login) for login in ("dana", "lee"))
    me = run(dana.uses("/mcp", era, whose))
    assert "dana@northlight.example" in str(me) and "Asia/Kolkata" in str(me)
    assert "cancel_booking" in run(dana.uses("/mcp", era, offered))
    # By a group, for reading alone, whatever the host has asked for.
    assert "lee@northlight.example" in str(run(lee.uses("/mcp", era, whose)))
    assert "cancel_booking" not in run(lee.uses("/mcp", era, offered))
    assert lee.kept.tokens.scope == "oncehub.read"
    # And who wants no more.
    reads = Person(company, "dana", access="read")
    assert "cancel_booking" not in run(reads.uses("/sse", era, offered))


def test_an_address_that_nobody_has_verified_lets_nobody_in(company):
    pages = []

    class Eve(Person):
        def agreed(self, url):
            pages.append(sign_in(url, self.login).text)
            raise InterruptedError

    with pytest.raises(BaseException):
        run(Eve(company, "eve").uses("/mcp", "legacy", whose))
    assert "has not verified that it is yours" in pages[0] and "margaret@northlight.example" in pages[0]


def test_who_is_removed_is_out_at_the_next_call_and_back_when_they_are_let_in_again(company, era):
    dana = Person(company, "dana")

    async def session(client):
        await whose(client)
        company.changes([{"email": "dana@northlight.example", "access": "none"}, *RULES])
        refused = httpx2.post(
            f"{company.server.url}/mcp",
            headers={"Authorization": f"Bearer {dana.kept.tokens.access_token}"},
            json={},
            trust_env=False,
        )
        assert refused.status_code == 401 and 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
        assert "the operator of this server does not let you in any more" in refused.text
        company.changes(RULES)
        # A session of theirs may have ended meanwhile.
        return era == "legacy" or await whose(client)

    assert run(dana.uses("/mcp", era, session))
    assert "dana@northlight.example" in str(run(dana.uses("/mcp", era, whose)))
    assert dana.asked == 1


def test_a_token_that_ends_is_refreshed_by_what_the_map_says_then(company, era):
    dana = Person(company, "dana")

    async def session():
        async with create_mcp_http_client(auth=(auth := dana.auth("/mcp"))) as http:
            streams = streamable_http_client(company.server.url + "/mcp", http_client=http)
            async with Client(streams, mode=era) as client:
                await whose(client)
                first = dana.kept.tokens
                company.changes(RULES[1:])
                auth.context.token_expiry_time = 1
                await whose(client)
                assert dana.kept.tokens.refresh_token != first.refresh_token
                assert (first.scope, dana.kept.tokens.scope) == ("oncehub.read oncehub.write", "oncehub.read")

    run(session())
    assert "cancel_booking" not in run(dana.uses("/mcp", era, offered))
    assert dana.asked == 1
