"""Options of the crash tests: by default a minute of them; with ``--crash-hours`` for as long as wanted."""

from __future__ import annotations

import os
import random

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("crash tests")
    group.addoption("--crash-seed", help="repeats a run of the crash tests (also KMSCTL_CRASH_SEED)")
    group.addoption("--crash-hours", help="how long the crash tests run (also KMSCTL_CRASH_HOURS)")


def _option(config: pytest.Config, name: str) -> str | None:
    given: str | None = config.getoption(f"crash_{name}", None)
    return given or os.environ.get(f"KMSCTL_CRASH_{name.upper()}")


@pytest.fixture
def crash_rng(request: pytest.FixtureRequest) -> random.Random:
    """Randomness whose seed a failing test shows."""
    seed = _option(request.config, "seed") or str(random.SystemRandom().randrange(10**9))
    print(f"crash seed: {seed} (repeat with --crash-seed={seed})")
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def crash_seconds(request: pytest.FixtureRequest) -> float:
    """How long the crash tests are to run; 0 if just long enough for a default run."""
    return float(_option(request.config, "hours") or 0) * 3600
