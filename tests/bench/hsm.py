"""How long commands with HSM keys take, as multiples of ``python3 -c pass`` in the same run.

Run from the top of the project, on a quiet machine with SoftHSM2 and NSS softokn:

    python -m tests.bench.hsm [--rounds 21]

The claim: an HSM encryption by a whole command stays within 10 times of the bare interpreter. The tokens are in
memory; a token on a disk, or with thousands of keys, takes longer to load.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from statistics import median

from kmsctl.crypto.pkcs11 import TokenBackend
from kmsctl.model import pkcs11_uri
from kmsctl.model.algorithms import by_enum
from tests import tokens
from tests.bench.timing import Program, compare, median_seconds, report

PLACE = ("--location=us-east1", "--keyring=prod")
KEY = ("--key=key", *PLACE)
MOST = 10


def programs(token: tokens.Token) -> list[Program]:
    """Makes a store with an HSM key, and returns the commands that use it."""
    home = token.directory / "home"
    environment = {
        **token.environment,
        "KMSCTL_HOME": str(home),
        "KMSCTL_CORE_ACCOUNT": "bench@host",
        "KMSCTL_HSM_URI": token.uri,
        "KMSCTL_HSM_PIN": tokens.PIN,
    }

    def kmsctl(label: str, *arguments: str) -> Program:
        return Program(f"{token.kind}: {label}", [sys.executable, "-m", "kmsctl", *arguments], environment)

    plain, sealed, opened = (str(token.directory / name) for name in ("plain", "sealed", "opened"))
    Path(plain).write_bytes(b"a secret of a usual size")
    files = (f"--plaintext-file={plain}", f"--ciphertext-file={sealed}")
    hsm = "--protection-level=hsm"
    for setup in (
        ("keyrings", "create", "prod", "--location=us-east1"),
        ("keys", "create", "key", *PLACE, "--purpose=encryption", hsm),
    ):
        kmsctl("set-up", *setup).run(keep=False)
    return [
        kmsctl("encrypt", "encrypt", *KEY, *files),
        kmsctl("decrypt", "decrypt", *KEY, f"--ciphertext-file={sealed}", f"--plaintext-file={opened}"),
        kmsctl("keys describe (no token)", "keys", "describe", "key", *PLACE),
        kmsctl("hsm tokens list", "hsm", "tokens", "list"),
    ]


def operations(token: tokens.Token) -> None:
    """Measures operations in a session that is open."""
    os.environ.update(token.environment)
    backend = TokenBackend.open(pkcs11_uri.parse(token.uri), lambda: tokens.PIN, token.locks)
    key = backend.create(by_enum("GOOGLE_SYMMETRIC_ENCRYPTION"), os.urandom(16), "bench").secret
    pair = backend.create(by_enum("EC_SIGN_P256_SHA256"), os.urandom(16), "bench").secret
    sealed = backend.encrypt(key, bytes(1024), b"")
    for label, act in (
        ("encrypt 1 KiB", lambda: backend.encrypt(key, bytes(1024), b"")),
        ("decrypt 1 KiB", lambda: backend.decrypt(key, sealed, b"")),
        ("sign with P-256", lambda: backend.sign(by_enum("EC_SIGN_P256_SHA256"), pair, data=b"data")),
    ):
        report(f"{token.kind}: {label}, session open", median_seconds(act, calls=50))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures commands with HSM keys.")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    made = []
    places = []
    try:
        for kind in ("softhsm", "nss"):
            places.append(tokens.scratch())
            made.append(tokens.make(kind, places[-1]))
        compared = [program for token in made for program in programs(token)]
        unit = compare(compared, rounds=options.rounds)
        for token in made:
            operations(token)
    finally:
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
    slow = [
        program.label
        for program in compared
        if program.label.endswith("encrypt") and median(program.times) > MOST * unit
    ]
    if slow:
        sys.exit(f"More than {MOST} times the bare interpreter: {', '.join(slow)}")


if __name__ == "__main__":
    main()
