"""What processes of test_process_tokens.py do with a token: ``python -m tests.process.token_tasks TASK URI LOCKS``.

Each begins with a new interpreter: whether a module was loaded or somebody logged in before is part of what
is tested.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kmsctl.crypto.pkcs11 import TokenBackend
from kmsctl.crypto.pkcs11.cryptoki import Cryptoki
from kmsctl.errors import InvalidArgument, KmsError
from kmsctl.model import pkcs11_uri
from kmsctl.model.algorithms import by_enum
from tests import tokens

if TYPE_CHECKING:
    from collections.abc import Callable

_SYMMETRIC = by_enum("GOOGLE_SYMMETRIC_ENCRYPTION")
_SIGNING = by_enum("EC_SIGN_P256_SHA256")
_MAC = by_enum("HMAC_SHA256")


def _use(backend: TokenBackend, cka_id: bytes) -> None:
    sealed = backend.encrypt(cka_id, b"text", b"aad")
    assert backend.decrypt(cka_id, sealed, b"aad") == b"text"


def threads(backend: TokenBackend) -> None:
    """Eight threads make, use and destroy keys of all kinds; some requests fail."""
    shared = os.urandom(16)
    backend.create(_SYMMETRIC, shared, "shared")
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(3):
                key, pair, mac = os.urandom(16), os.urandom(16), os.urandom(16)
                backend.create(_SYMMETRIC, key, "key")
                public = backend.create(_SIGNING, pair, "pair").public or b""
                backend.create(_MAC, mac, "mac")
                for _ in range(3):
                    _use(backend, key)
                    _use(backend, shared)
                    signature = backend.sign(_SIGNING, pair, data=b"data")
                    assert backend.verify(_SIGNING, public, signature, data=b"data")
                    assert backend.mac_verify(_MAC, mac, b"data", backend.mac_sign(_MAC, mac, b"data"))
                    try:
                        backend.decrypt(key, bytes(40), b"")
                    except InvalidArgument:
                        pass
                    else:
                        raise AssertionError("nothing was encrypted")
                assert backend.destroy(key)
                assert backend.find(key) is None
        except BaseException as error:
            failed.append(error)
            raise

    started = [threading.Thread(target=work) for _ in range(8)]
    for each in started:
        each.start()
    for each in started:
        each.join()
    print("failed", failed) if failed else print("done")


def make(backend: TokenBackend) -> None:
    """Makes keys, uses each, and destroys every third; prints what is to be there."""
    for number in range(15):
        cka_id = os.urandom(16)
        backend.create(_SIGNING if number % 5 == 4 else _SYMMETRIC, cka_id, "key")
        if number % 5 != 4:
            _use(backend, cka_id)
        if number % 3 == 2:
            assert backend.destroy(cka_id)
            print("gone", cka_id.hex())
        else:
            print("there", cka_id.hex(), flush=True)


def fork(backend: TokenBackend) -> None:
    """A process and its children use one backend, at the same time."""
    shared = os.urandom(16)
    backend.create(_SYMMETRIC, shared, "shared")
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _use(backend, shared)
                own = os.urandom(16)
                backend.create(_SYMMETRIC, own, "of a child")
                _use(backend, own)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
        _use(backend, shared)
    print([os.waitpid(child, 0)[1] for child in children])
    _use(backend, shared)


def fork_beside_a_thread(backend: TokenBackend) -> None:
    """Forks while another thread is inside the module: the child must not find it locked."""
    shared = os.urandom(16)
    backend.create(_SYMMETRIC, shared, "shared")
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            backend.random_bytes(1024)
            _use(backend, shared)

    thread = threading.Thread(target=busy)
    thread.start()
    statuses = []
    for _ in range(10):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _use(backend, shared)
                status = 0
            finally:
                os._exit(status)
        statuses.append(os.waitpid(child, 0)[1])
    stop.set()
    thread.join()
    print(statuses)


def removed(backend: TokenBackend) -> None:
    """The token's directory goes and comes back while a session is open."""
    directory = os.path.join(os.path.dirname(os.environ["SOFTHSM2_CONF"]), "tokens")
    key = os.urandom(16)
    backend.create(_SYMMETRIC, key, "key")
    sealed = backend.encrypt(key, b"text", b"")
    os.rename(directory, f"{directory}.away")
    tries: tuple[Callable[[], object], ...] = (
        lambda: backend.decrypt(key, sealed, b""),
        lambda: backend.find(key),
        lambda: backend.destroy(key),
        lambda: backend.create(_SYMMETRIC, os.urandom(16), "other"),
    )
    for each in tries:
        try:
            print("no error", each())
        except KmsError as error:
            print(type(error).__name__, error.message)
    os.rename(f"{directory}.away", directory)
    print(backend.decrypt(key, sealed, b""))


def replaced(backend: TokenBackend) -> None:
    """Another token with the same label and PIN comes in the place of the one that is in use."""
    home = os.path.dirname(os.environ["SOFTHSM2_CONF"])
    directory, other = f"{home}/tokens", f"{home}/another"
    key = os.urandom(16)
    backend.create(_SYMMETRIC, key, "key")
    sealed = backend.encrypt(key, b"text", b"")
    os.mkdir(other, 0o700)
    tokens._softhsm(backend.identity.module_path, Path(other))
    os.rename(directory, f"{directory}.away")
    os.rename(f"{other}/tokens", directory)
    for each in (lambda: backend.decrypt(key, sealed, b""), lambda: backend.destroy(key)):
        try:
            print("no error", each())
        except KmsError as error:
            print(type(error).__name__, error.message)
    shutil.rmtree(directory)
    shutil.rmtree(other)
    os.rename(f"{directory}.away", directory)
    print(backend.decrypt(key, sealed, b""))


def wrong_pin(backend: TokenBackend) -> None:
    """Goes on asking for operations after the PIN was wrong; prints how often it was tried."""
    login, tried = Cryptoki.login, []

    def count(self: Cryptoki, session: int, pin: bytes | None) -> bool:
        tried.append(pin)
        return login(self, session, pin)

    Cryptoki.login = count  # type: ignore[method-assign]
    asked = []

    def ask() -> str:
        asked.append(True)
        # Whoever is asked keeps nobody waiting.
        for entry in os.scandir(sys.argv[3]):
            held = os.open(entry.path, os.O_RDWR)
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(held)
        return "wrong-pin"

    backend.connection._ask = ask
    for _ in range(5):
        try:
            backend.random_bytes(16)
        except KmsError as error:
            print(type(error).__name__, error.message)
    print("tried", len(tried), "asked", len(asked))


def wrong_pin_again(backend: TokenBackend) -> None:
    """Tries a wrong PIN by two URIs of one token, then the right one; prints how often the token saw a PIN."""
    login, tried = Cryptoki.login, []

    def count(self: Cryptoki, session: int, pin: bytes | None) -> bool:
        tried.append(pin)
        return login(self, session, pin)

    Cryptoki.login = count  # type: ignore[method-assign]
    serial = backend.identity.serial
    other = sys.argv[2].replace("?", f";serial={serial}?", 1)
    for uri, pin in ((sys.argv[2], "wrong-pin"), (other, "wrong-pin"), (other, tokens.PIN)):
        again = TokenBackend.open(pkcs11_uri.parse(uri), lambda pin=pin: pin, sys.argv[3])  # type: ignore[misc]
        try:
            print(len(again.random_bytes(16)), len(tried))
        except KmsError as error:
            print(type(error).__name__, len(tried))


def refused(backend: TokenBackend) -> None:
    """What cannot be decrypted ends the operation, not the login."""
    login, tried = Cryptoki.login, []

    def count(self: Cryptoki, session: int, pin: bytes | None) -> bool:
        tried.append(pin)
        return login(self, session, pin)

    Cryptoki.login = count  # type: ignore[method-assign]
    key = os.urandom(16)
    backend.create(_SYMMETRIC, key, "key")
    for _ in range(20):
        try:
            backend.decrypt(key, bytes(40), b"")
        except InvalidArgument as error:
            last = error.message
        _use(backend, key)
    print(last, len(tried))


def another_destroys(backend: TokenBackend) -> None:
    """A key whose handle is known is destroyed by another process."""
    key = os.urandom(16)
    backend.create(_SYMMETRIC, key, "key")
    _use(backend, key)
    child = os.fork()
    if child == 0:
        os._exit(0 if backend.destroy(key) else 1)
    print(os.waitpid(child, 0)[1])
    try:
        _use(backend, key)
    except KmsError as error:
        print(type(error).__name__, error.message)


def main() -> None:
    task, uri, locks = sys.argv[1:]
    backend = TokenBackend.open(pkcs11_uri.parse(uri), lambda: tokens.PIN, locks)
    globals()[task](backend)
    sys.stdout.flush()
    # Not the end of the interpreter, which is no part of what is tested: kmsctl ends like this too.
    time.sleep(0)
    os._exit(0)


if __name__ == "__main__":
    main()
