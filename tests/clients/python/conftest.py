"""What every test may ask for."""

import pytest

pytest.register_assert_rewrite("sessions", "scenarios")

from sessions import ERAS, simulated_account


@pytest.fixture(params=ERAS)
def era(request):
    return request.param


@pytest.fixture
def account():
    """A simulated account of the test's own, which may be asked as often as wanted."""
    with simulated_account() as environment:
        yield environment
