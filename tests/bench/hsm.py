"""How long commands with keys in a SoftHSM token take, beside software keys, and how many a process does.

Run from the top of the project, on a quiet machine:

    python -m tests.bench.hsm [--rounds 21]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

import pytest

from kmsctl.cli.opening import SECRETS
from kmsctl.model import pkcs11_uri
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.model.requests import EncryptRequest
from kmsctl.model.resources import CryptoKeySpec
from kmsctl.service.context import Context
from kmsctl.service.kms import Kms
from kmsctl.service.tokens import HsmOptions
from tests import tokens
from tests.bench.timing import Program, compare, median_seconds, report

CTX = Context("bench@host")
RING = KeyRingName(LocationName("local", "us-east1"), "prod")
PLACE = ("--location=us-east1", "--keyring=prod")
SYMMETRIC = ("ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION")
P256 = ("ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256")


def make_store(home: Path, token: tokens.Token) -> Kms:
    uri = pkcs11_uri.parse(token.uri)
    options = HsmOptions(lambda project, location: uri, lambda wanted: tokens.PIN)
    kms = Kms(str(home / "data"), str(home / "config" / SECRETS), hsm=options)
    kms.create_key_ring(CTX, RING)
    for name, kind, level in (
        ("soft", SYMMETRIC, "SOFTWARE"),
        ("hard", SYMMETRIC, "HSM"),
        ("sign", P256, "HSM"),
    ):
        spec = CryptoKeySpec(purpose=kind[0], algorithm=kind[1], protection_level=level)
        kms.create_crypto_key(CTX, CryptoKeyName(RING, name), spec)
    return kms


def programs(home: Path, token: tokens.Token) -> list[Program]:
    environment = {
        **token.environment,
        "KMSCTL_HOME": str(home),
        "KMSCTL_CORE_ACCOUNT": "bench@host",
        "KMSCTL_HSM_URI": token.uri,
        "KMSCTL_HSM_PIN": tokens.PIN,
    }
    plain, sealed, signature = (str(home / name) for name in ("plain", "sealed", "signature"))
    Path(plain).write_bytes(b"a secret of a usual size")

    def kmsctl(label: str, *arguments: str) -> Program:
        return Program(label, [sys.executable, "-m", "kmsctl", *arguments, *PLACE], environment)

    files = (f"--plaintext-file={plain}", f"--ciphertext-file={sealed}")
    sign = ("--version=1", f"--input-file={plain}", f"--signature-file={signature}")
    return [
        Program("import pkcs11", [sys.executable, "-c", "import pkcs11"]),
        kmsctl("kmsctl encrypt, software", "encrypt", "--key=soft", *files),
        kmsctl("kmsctl encrypt, HSM", "encrypt", "--key=hard", *files),
        kmsctl("kmsctl decrypt, HSM", "decrypt", "--key=hard", *files),
        kmsctl(
            "kmsctl asymmetric-sign (P-256), HSM",
            "asymmetric-sign",
            "--key=sign",
            "--digest-algorithm=sha256",
            *sign,
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures commands with keys in a SoftHSM token.")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    directory = tokens.scratch()
    try:
        token = tokens.make("softhsm", directory)
        os.environ.update(token.environment)
        home = directory / "home"
        kms = make_store(home, token)
        compare(programs(home, token), rounds=options.rounds)
        for name in ("soft", "hard"):
            request = EncryptRequest(CryptoKeyName(RING, name), b"a secret of a usual size")
            taken = median_seconds(lambda request=request: kms.encrypt(CTX, request), calls=200)  # type: ignore[misc]
            report(f"one of many encryptions in one process, {name}", taken)
        kms.close()
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
