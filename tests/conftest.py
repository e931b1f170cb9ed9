"""What holds for all tests."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

# Under nohup, or in the background of a script, SIGHUP or SIGINT is ignored, and programs hand that down
# to those they start: a test that interrupts one would wait for ever.
for _number in (signal.SIGHUP, signal.SIGINT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names byte strings alike: keys are made anew in each process that collects tests."""
    return "bytes" if isinstance(val, bytes) else None


def _made(kind: str) -> Iterator[tokens.Token]:
    directory = tokens.scratch()
    try:
        token = tokens.make(kind, directory)
        # Modules read it once, when this process initialises them.
        os.environ.update(token.environment)
        yield token
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def softhsm_token() -> Iterator[tokens.Token]:
    """A SoftHSM token of this process."""
    yield from _made("softhsm")


@pytest.fixture(scope="session")
def nss_token() -> Iterator[tokens.Token]:
    """An NSS token of this process."""
    yield from _made("nss")
