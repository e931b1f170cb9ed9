"""What every backend is held to. A backend joins by a line in `_BACKENDS`.

Tokens join where their modules are: see tests/tokens.py. Their keys cannot be had outside, so tests that need
the bytes of a key ask for `software` instead of `backend`, and vectors are imported by way of `import_key`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.import_wrapping import wrap
from kmsctl.crypto.pkcs11 import TokenBackend
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model import import_methods, pem, pkcs11_uri
from kmsctl.model.algorithms import (
    HSM,
    RSA_OAEP,
    RSA_PKCS1,
    RSA_PSS,
    RSA_RAW_PKCS1,
    SOFTWARE,
    Algorithm,
)
from tests import tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import Backend, KeyMaterial


def _token(request: pytest.FixtureRequest) -> Backend:
    token = request.getfixturevalue(f"{request.param}_token")
    return TokenBackend.open(pkcs11_uri.parse(token.uri), lambda: tokens.PIN, token.locks)


_BACKENDS: dict[str, Callable[[pytest.FixtureRequest], Backend]] = {
    "software": lambda request: SoftwareBackend(),
    "softhsm": _token,
    "nss": _token,
}
#: The only import method that all tokens have.
_METHOD = import_methods.by_enum("RSA_OAEP_3072_SHA1_AES_256")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what tokens have nothing to do with: algorithms of software keys only."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        given = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        algorithm = given.get("algorithm")
        no_token = isinstance(algorithm, Algorithm) and HSM not in algorithm.protection_levels
        (
            left_out if no_token and given.get("backend", SOFTWARE.lower()) != SOFTWARE.lower() else kept
        ).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="session", params=_BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return _BACKENDS[request.param](request)


@pytest.fixture(scope="session")
def software() -> Backend:
    return SoftwareBackend()


@pytest.fixture(scope="session")
def key_of(backend: Backend) -> Callable[[Algorithm], KeyMaterial]:
    """Returns a generated key of an algorithm, the same one each time."""
    return _keys_of(backend)


@pytest.fixture(scope="session")
def software_key_of(software: Backend) -> Callable[[Algorithm], KeyMaterial]:
    return _keys_of(software)


def _keys_of(backend: Backend) -> Callable[[Algorithm], KeyMaterial]:
    """RSA keys take long: one of each size serves all schemes; in tokens, all that sign."""
    made: dict[object, KeyMaterial] = {}

    def key(algorithm: Algorithm) -> KeyMaterial:
        reason = backend.unavailable_reason(algorithm)
        if reason is not None:
            pytest.skip(reason)
        if algorithm not in made:
            rsa = algorithm.family in (RSA_PSS, RSA_PKCS1, RSA_RAW_PKCS1, RSA_OAEP)
            software = backend.protection_level == SOFTWARE
            shared = (algorithm.key_bits, "" if software else algorithm.purpose)
            if rsa and shared in made:
                one = made[shared]
                made[algorithm] = backend.check_material(algorithm, one.secret) if software else one
            else:
                made[algorithm] = backend.generate(algorithm)
                if rsa:
                    made[shared] = made[algorithm]
        return made[algorithm]

    return key


@pytest.fixture(scope="session")
def import_key(backend: Backend) -> Callable[[Algorithm, bytes], KeyMaterial]:
    """Returns a function that makes material of one's own a key of the backend."""
    if not isinstance(backend, TokenBackend):
        return backend.check_material
    pair = backend.create_wrapping_pair(_METHOD, os.urandom(16), "import job")
    public = pem.encode(pem.PUBLIC_KEY, pair.public or b"")

    def import_(algorithm: Algorithm, secret: bytes) -> KeyMaterial:
        wrapped = wrap(
            _METHOD, public, SoftwareBackend().check_material(algorithm, secret).secret, os.urandom
        )
        return backend.unwrap(_METHOD, pair.secret, algorithm, os.urandom(16), "vector", wrapped)

    return import_
