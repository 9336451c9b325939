"""What the tests of gateways share with those of clients."""

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients" / "python"))
pytest.register_assert_rewrite("sessions", "scenarios", "gateways")

from sessions import simulated_account


@pytest.fixture
def account():
    with simulated_account() as environment:
        yield environment
