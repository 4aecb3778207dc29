"""Hypothesis in two sizes, long slots, and what is skipped where a program is missing.

Few examples for `make test`, the same each time: what is rarely false is not found out
by luck, in a change that has nothing to do with it. Many for `make test-all`, drawn
anew. However slowly a busy machine draws them says nothing of the law.
"""

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "few",
    max_examples=30,
    deadline=None,
    print_blob=True,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough",
    max_examples=500,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("few")

# Commands and servers run beside other tests, on processors that belong to both.
os.environ.setdefault("TRE_HEADROOM", "64")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that is not here; where it is required, fail."""
    for mark in item.iter_markers("seen"):
        for program in mark.args:
            if shutil.which(program) is None:
                missing = f"{program} is not here: `make system` installs it, as root"
                required = os.environ.get("SYSTEM_PROGRAMS") == "required"
                (pytest.fail if required else pytest.skip)(missing)
