"""What the commands of asymmetric, MAC and raw keys import: each its own cryptography, and no other's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = (
    "import sys; from kmsctl.cli.main import main; status = main(sys.argv[1:])\n"
    "print(*sys.modules, file=sys.stderr); sys.exit(status)"
)
PLACE = ("--keyring=r", "--location=us-east1")
FAMILY = "kmsctl.crypto.software."
#: algorithm → (lines that use a key of it, the modules of `kmsctl.crypto.software` that they need)
USES = {
    "hmac-sha256": (
        [
            "mac-sign --input-file=in --signature-file=out",
            "mac-verify --input-file=in --signature-file=out",
        ],
        {"mac", "digests"},
    ),
    "aes-256-gcm": (["raw-encrypt --plaintext-file=in --ciphertext-file=out"], {"raw"}),
    "ec-sign-p256-sha256": (
        ["asymmetric-sign --input-file=in --signature-file=out --digest-algorithm=sha256"],
        {"ec", "pkcs8", "digests", "spki"},
    ),
    "ec-sign-ed25519": (
        ["asymmetric-sign --input-file=in --signature-file=out"],
        {"ed25519", "pkcs8", "spki"},
    ),
    "rsa-decrypt-oaep-2048-sha256": ([], {"rsa", "pkcs8", "digests", "spki"}),
}
NEVER = (
    "dataclasses",
    "dateutil",
    "importlib.metadata",
    "json",
    "logging",
    "pathlib",
    "platformdirs",
    "subprocess",
    "tabulate",
    "yaml",
)


def loaded(home: Path, *args: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", MAIN, *args],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "KMSCTL_HOME": str(home / "store"),
        },
        capture_output=True,
        check=True,
    )
    return set(told.stderr.decode().splitlines()[-1].split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "in").write_bytes(b"data")
    loaded(home, "keyrings", "create", "r", "--location=us-east1")
    return home


@pytest.mark.parametrize("algorithm", USES)
def test_each_family_stays_by_itself(home: Path, algorithm: str) -> None:
    from kmsctl.model.algorithms import by_spelling, purpose_by_enum

    lines, families = USES[algorithm]
    purpose = purpose_by_enum(by_spelling(algorithm).purpose)
    loaded(
        home,
        *("keys", "create", algorithm, *PLACE, "--quiet"),
        *(f"--purpose={purpose.spelling}", f"--default-algorithm={algorithm}"),
    )
    if purpose.has_public_key:
        modules = loaded(home, "keys", "versions", "get-public-key", "1", f"--key={algorithm}", *PLACE)
        ours = {name.removeprefix(FAMILY) for name in modules if name.startswith(FAMILY)}
        assert ours == {"spki"}, "to show a public key takes no cryptography"
        assert not [name for name in modules if name.startswith("cryptography.hazmat.primitives.asymmetric")]
    for line in lines:
        modules = loaded(home, *line.split(), f"--key={algorithm}", "--version=1", *PLACE)
        ours = {name.removeprefix(FAMILY) for name in modules if name.startswith(FAMILY)}
        assert ours <= families
        # To load a private key, the library imports what it takes to load any other, too.
        assert not modules & (set(NEVER) - ({"dataclasses"} if purpose.has_public_key else set()))
        assert not [name for name in modules if name.startswith("kmsctl.render")]


def test_random_bytes_need_no_cryptography(home: Path) -> None:
    modules = loaded(home, "generate-random-bytes", "--location=us-east1", "--length-bytes=8")
    assert not modules & set(NEVER)
    assert not [name for name in modules if name.startswith(FAMILY)]


def test_symmetric_keys_are_made_without_asymmetric_code(home: Path) -> None:
    modules = loaded(home, "keys", "create", "k", *PLACE, "--purpose=encryption")
    assert not [name for name in modules if name.startswith((FAMILY, "cryptography.hazmat.primitives.asym"))]
    assert not modules & (set(NEVER) - {"json"}), "records are JSON"
