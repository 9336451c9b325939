"""What the tests of hosts share with those of clients: accounts, and servers over HTTP."""

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients" / "python"))
pytest.register_assert_rewrite("sessions", "hosts")

from hosts import HOSTS, Machine
from over_http import served
from sessions import simulated_account


@pytest.fixture(params=HOSTS, ids=lambda host: host.id)
def host(request, tmp_path):
    """A host of a person who has a server already, and has written what this is."""
    host = request.param(Machine(tmp_path))
    host.write(host.theirs)
    return host


@pytest.fixture(scope="session")
def account():
    """A simulated account that nothing here changes."""
    with simulated_account() as environment:
        yield environment


@pytest.fixture(scope="session")
def hosted(account):
    """A server before that account, for anyone who brings its key."""
    with served(account) as server:
        yield server
