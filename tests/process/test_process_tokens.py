"""Tokens under threads, processes and forks, and tokens that go away. Each task is a new process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.pkcs11 import TokenBackend
from kmsctl.model import pkcs11_uri
from tests import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_PROCESSES = 8


@pytest.fixture(params=["softhsm", "nss"])
def token(request: pytest.FixtureRequest) -> Iterator[tokens.Token]:
    if request.param == "nss":
        yield request.getfixturevalue("nss_token")
        return
    yield from _new_softhsm()


@pytest.fixture
def softhsm() -> Iterator[tokens.Token]:
    yield from _new_softhsm()


def _new_softhsm() -> Iterator[tokens.Token]:
    directory = tokens.scratch()
    try:
        yield tokens.make("softhsm", directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _start(task: str, token: tokens.Token) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.process.token_tasks", task, token.uri, token.locks],
        cwd=_ROOT,
        env={**os.environ, **token.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, ""), err
    return out.splitlines()


def _run(task: str, token: tokens.Token) -> list[str]:
    return _end(_start(task, token))


def test_eight_threads_make_and_use_keys_at_once(token: tokens.Token) -> None:
    assert _run("threads", token) == ["done"]


def test_eight_processes_make_and_use_keys_at_once_and_none_is_lost(token: tokens.Token) -> None:
    started = [_start("make", token) for _ in range(_PROCESSES)]
    lines = [line.split() for each in started for line in _end(each)]
    assert len(lines) == _PROCESSES * 15
    check = _check(token, [identity for _, identity in lines])
    assert [state for state, _ in lines] == check


def _check(token: tokens.Token, identities: list[str]) -> list[str]:
    """Looks for keys with a process of its own, which has never seen them."""
    program = (
        "import sys\n"
        "from kmsctl.crypto.pkcs11 import TokenBackend\n"
        "from kmsctl.model import pkcs11_uri\n"
        "backend = TokenBackend.open(pkcs11_uri.parse(sys.argv[1]), lambda: sys.argv[3], sys.argv[2])\n"
        "for line in sys.stdin:\n"
        "    print('gone' if backend.find(bytes.fromhex(line)) is None else 'there')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, token.uri, token.locks, tokens.PIN],
        input="\n".join(identities),
        env={**os.environ, **token.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_children_use_the_backend_of_their_parent(token: tokens.Token) -> None:
    assert _run("fork", token) == ["[0, 0, 0]"]


def test_a_fork_beside_a_busy_thread(token: tokens.Token) -> None:
    assert _run("fork_beside_a_thread", token) == [str([0] * 10)]


_PROXY = "/usr/lib/x86_64-linux-gnu/libp11-kit.so.0"
_REGISTERED = "/usr/share/p11-kit/modules/softhsm2.module"


@pytest.mark.skipif(
    not (os.path.exists(_PROXY) and os.path.exists(_REGISTERED)),
    reason="there is no p11-kit that knows SoftHSM: its proxy is not tried",
)
@pytest.mark.parametrize(("task", "says"), [("threads", "done"), ("fork", "[0, 0, 0]")])
def test_a_proxy_that_gives_its_functions_to_each_caller(softhsm: tokens.Token, task: str, says: str) -> None:
    uri = softhsm.uri.replace(softhsm.module, _PROXY)
    proxied = tokens.Token("p11-kit", _PROXY, softhsm.directory, uri, softhsm.environment)
    assert _run(task, proxied) == [says]


def test_a_key_that_another_process_destroyed_is_missing_and_not_an_odd_failure(token: tokens.Token) -> None:
    status, message = _run("another_destroys", token)
    assert status == "0"
    assert message.startswith("NotFound The token 'kmsctl-test' has no key with the CKA_ID")


def test_a_token_that_goes_away_is_said_to_and_comes_back(softhsm: tokens.Token) -> None:
    *errors, last = _run("removed", softhsm)
    assert len(errors) == 4
    # Not one may read as if the token were there without the key.
    for error in errors:
        assert error.startswith("TokenError "), errors
        assert softhsm.module in error
    assert last == "b'text'"


def test_a_token_in_the_place_of_another_is_not_taken_for_it(softhsm: tokens.Token) -> None:
    """Else a key that is not in it would pass for destroyed."""
    *errors, last = _run("replaced", softhsm)
    assert len(errors) == 2
    for error in errors:
        assert error.startswith("TokenError Another token has taken the place of the token 'kmsctl-test'"), (
            errors
        )
    assert last == "b'text'"


def test_a_request_that_is_refused_does_not_end_the_login(token: tokens.Token) -> None:
    assert _run("refused", token) == ["Decryption failed: the ciphertext is invalid. 1"]


def test_a_wrong_pin_is_tried_once(token: tokens.Token) -> None:
    *errors, last = _run("wrong_pin", token)
    assert last == "tried 1 asked 1"
    assert len(set(errors)) == 1
    assert len(errors) == 5
    assert errors[0].startswith("TokenPinError The token 'kmsctl-test' of ")
    assert "the PIN is wrong; it was tried once and is not tried again (CKR_PIN_INCORRECT)" in errors[0]


def test_a_wrong_pin_is_not_tried_again_by_another_uri_of_the_token(token: tokens.Token) -> None:
    assert _run("wrong_pin_again", token) == ["TokenPinError 1", "TokenPinError 1", "16 2"]


def test_a_wrong_pin_of_a_new_process_is_tried_once_more_and_shows(softhsm: tokens.Token) -> None:
    _run("wrong_pin", softhsm)
    program = (
        "import sys\n"
        "from kmsctl.crypto.pkcs11 import inspection\n"
        "from kmsctl.model import pkcs11_uri\n"
        "print(inspection.tokens(pkcs11_uri.parse(sys.argv[1]), sys.argv[2])[0]['pin'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, softhsm.uri, softhsm.locks],
        env={**os.environ, **softhsm.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "a wrong one was tried\n"


def test_nothing_is_loaded_before_it_is_needed(softhsm: tokens.Token) -> None:
    backend = TokenBackend.open(pkcs11_uri.parse(softhsm.uri), lambda: tokens.PIN, softhsm.locks)
    backend.close()
    assert os.listdir(softhsm.locks) == []
