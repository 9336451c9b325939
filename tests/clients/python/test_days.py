"""The demo works on any day: the days on which the documents' commands are run, too."""

import glob
import os
import pathlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from sessions import BINARY

DAYS = re.findall(r'\("(.+)", "(\d.+)T(.+)Z"\)', (pathlib.Path(__file__).parents[2] / "it/docs/days.rs").read_text(encoding="utf-8"))
# A library that tells a program another time.
FAKETIME = os.environ.get("FAKETIME_LIBRARY") or next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)


def demo(when):
    """The demo as it goes on a day, and how it ends."""
    name, day, time = when
    clock = {"LD_PRELOAD": FAKETIME, "FAKETIME": f"@{day} {time}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
    done = subprocess.run([BINARY, "demo"], env={**os.environ, **clock}, capture_output=True, text=True, timeout=120)
    return name, day, done


def test_the_demo_goes_well_on_any_day():
    if FAKETIME is None and not os.environ.get("CI"):
        pytest.skip("libfaketime is not installed")
    assert len(DAYS) > 12
    # They wait for a rate limit, not for a processor.
    with ThreadPoolExecutor(len(DAYS)) as threads:
        for name, day, done in threads.map(demo, DAYS):
            assert done.returncode == 0 and "Moved from" in done.stdout, f"{name}: {done.stdout}{done.stderr}"
            # The clock is set: it is that day somewhere.
            told = re.search(r"now: \w+ (\S+)", done.stdout)[1]
            assert 0 <= (date.fromisoformat(day) - date.fromisoformat(told)).days <= 1, name
