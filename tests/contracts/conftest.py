"""What every backend is held to. A backend joins by a line in `_BACKENDS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model.algorithms import RSA_OAEP, RSA_PKCS1, RSA_PSS, RSA_RAW_PKCS1, Algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import Backend, KeyMaterial

_BACKENDS = {"software": SoftwareBackend}


@pytest.fixture(scope="session", params=_BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return _BACKENDS[request.param]()


@pytest.fixture(scope="session")
def key_of(backend: Backend) -> Callable[[Algorithm], KeyMaterial]:
    """Returns a generated key of an algorithm, the same one each time.

    RSA keys take long: one of each size serves all schemes, by way of an import.
    """
    made: dict[object, KeyMaterial] = {}

    def key(algorithm: Algorithm) -> KeyMaterial:
        reason = backend.unavailable_reason(algorithm)
        if reason is not None:
            pytest.skip(reason)
        if algorithm not in made:
            rsa = algorithm.family in (RSA_PSS, RSA_PKCS1, RSA_RAW_PKCS1, RSA_OAEP)
            if rsa and algorithm.key_bits in made:
                made[algorithm] = backend.check_material(algorithm, made[algorithm.key_bits].secret)
            else:
                made[algorithm] = backend.generate(algorithm)
                if rsa:
                    made[algorithm.key_bits] = made[algorithm]
        return made[algorithm]

    return key
