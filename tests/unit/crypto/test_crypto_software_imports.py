"""Start-up is a feature: an operation loads its own family and nothing else."""

from __future__ import annotations

import subprocess
import sys

import cryptography
import pytest

_PATH = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
_FAMILIES = {"rsa", "ec", "ed25519", "mldsa", "slhdsa", "kem", "mac", "raw"}

_SYMMETRIC = """
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model.algorithms import by_enum
backend = SoftwareBackend()
secret = backend.generate(by_enum("GOOGLE_SYMMETRIC_ENCRYPTION")).secret
assert backend.decrypt(secret, backend.encrypt(secret, b"data", b"aad"), b"aad") == b"data"
"""
_MAC = """
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model.algorithms import by_enum
backend = SoftwareBackend()
algorithm = by_enum("HMAC_SHA256")
backend.mac_sign(algorithm, backend.generate(algorithm).secret, b"data")
"""
_RAW = """
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model.algorithms import by_enum
backend = SoftwareBackend()
algorithm = by_enum("AES_256_GCM")
backend.raw_encrypt(algorithm, backend.generate(algorithm).secret, b"data")
"""


def _loaded(script: str) -> set[str]:
    script += "\nimport sys; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, env=_PATH
        ).stdout.split()
    )


@pytest.mark.parametrize(
    ("script", "families"),
    [(_SYMMETRIC, set()), (_MAC, {"mac"}), (_RAW, {"raw"})],
    ids=["symmetric", "mac", "raw"],
)
def test_secret_key_operations_load_no_asymmetric_code(script: str, families: set[str]) -> None:
    loaded = _loaded(script)
    prefix = "kmsctl.crypto.software."
    assert {name.removeprefix(prefix) for name in loaded if name.startswith(prefix)} & _FAMILIES == families
    if int(cryptography.__version__.split(".")[0]) >= 47:  # before, the library's KBKDF loads them itself
        assert not {name for name in loaded if name.startswith("cryptography.hazmat.primitives.asymmetric")}
    assert "cryptography.hazmat.primitives.serialization" not in loaded


def test_importing_the_backend_loads_no_cryptography() -> None:
    loaded = _loaded(
        "import kmsctl.crypto.software, kmsctl.crypto.backend, kmsctl.crypto.checks, kmsctl.crypto.checksums"
    )
    slow = ("cryptography", "google_crc32c", "typing", "dataclasses", "enum", "re")
    assert not {name for name in loaded if name.split(".")[0] in slow}
