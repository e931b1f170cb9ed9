"""What holds for all tests."""

from __future__ import annotations


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names byte strings alike: keys are made anew in each process that collects tests."""
    return "bytes" if isinstance(val, bytes) else None
