"""What the commands of asymmetric, MAC and raw keys do with a service that lies, or a line that garbles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kmsctl.cli import hints, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.main import run
from kmsctl.cli.session import Session
from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import InvalidArgument
from kmsctl.model import asymmetric_requests, mac_requests, random_requests, raw_requests
from kmsctl.model.names import CryptoKeyVersionName, parse

KEY = "projects/p/locations/us-east1/keyRings/r/cryptoKeys/k"
REQUEST = r"^The request sent to the server was corrupted in-transit\."
RESPONSE = r"^The response received from the server was corrupted in-transit\."
NAME = "^Found a mismatch between user-requested crypto resource "


def version(number: int) -> CryptoKeyVersionName:
    name = parse(f"{KEY}/cryptoKeyVersions/{number}")
    assert isinstance(name, CryptoKeyVersionName)
    return name


#: method → its response, with fields as they are right for what the commands below send
ANSWERS: dict[str, tuple[type, dict[str, Any]]] = {
    "asymmetric_sign": (
        asymmetric_requests.AsymmetricSignResponse,
        {
            "name": version(1),
            "signature": b"made",
            "signature_crc32c": crc32c(b"made"),
            "verified_digest_crc32c": False,
            "verified_data_crc32c": True,
        },
    ),
    "asymmetric_verify": (
        asymmetric_requests.AsymmetricVerifyResponse,
        {
            "name": version(1),
            "success": True,
            "verified_signature_crc32c": True,
            "verified_digest_crc32c": False,
            "verified_data_crc32c": True,
            "verified_success_integrity": True,
        },
    ),
    "asymmetric_decrypt": (
        asymmetric_requests.AsymmetricDecryptResponse,
        {
            "name": version(1),
            "plaintext": b"made",
            "plaintext_crc32c": crc32c(b"made"),
            "verified_ciphertext_crc32c": True,
        },
    ),
    "decapsulate": (
        asymmetric_requests.DecapsulateResponse,
        {
            "name": version(1),
            "shared_secret": b"made",
            "shared_secret_crc32c": crc32c(b"made"),
            "verified_ciphertext_crc32c": True,
        },
    ),
    "get_public_key": (
        asymmetric_requests.PublicKey,
        {
            "name": version(1),
            "data": b"made",
            "data_crc32c": crc32c(b"made"),
            "algorithm": "PQ_SIGN_ML_DSA_65_EXTERNAL_MU",
            "public_key_format": "PEM",
        },
    ),
    "mac_sign": (
        mac_requests.MacSignResponse,
        {
            "name": version(1),
            "mac": b"made",
            "mac_crc32c": crc32c(b"made"),
            "verified_data_crc32c": True,
        },
    ),
    "mac_verify": (
        mac_requests.MacVerifyResponse,
        {
            "name": version(1),
            "success": True,
            "verified_data_crc32c": True,
            "verified_mac_crc32c": True,
            "verified_success_integrity": True,
        },
    ),
    "raw_encrypt": (
        raw_requests.RawEncryptResponse,
        {
            "name": version(1),
            "ciphertext": b"made",
            "iv": b"vector",
            "tag_length": 16,
            "ciphertext_crc32c": crc32c(b"made"),
            "iv_crc32c": crc32c(b"vector"),
            "verified_plaintext_crc32c": True,
            "verified_aad_crc32c": True,
            "verified_iv_crc32c": True,
        },
    ),
    "raw_decrypt": (
        raw_requests.RawDecryptResponse,
        {
            "name": version(1),
            "plaintext": b"made",
            "plaintext_crc32c": crc32c(b"made"),
            "verified_ciphertext_crc32c": True,
            "verified_aad_crc32c": True,
            "verified_iv_crc32c": True,
        },
    ),
    "generate_random_bytes": (
        random_requests.GenerateRandomBytesResponse,
        {"data": b"made", "data_crc32c": crc32c(b"made")},
    ),
}
_PLACE = (f"--key={KEY}", "--version=1")
COMMANDS = {
    "asymmetric_sign": ("asymmetric-sign", *_PLACE, "--input-file=in", "--signature-file=out"),
    "asymmetric_verify": ("asymmetric-verify", *_PLACE, "--input-file=in", "--signature-file=in"),
    "asymmetric_decrypt": ("asymmetric-decrypt", *_PLACE, "--ciphertext-file=in", "--plaintext-file=out"),
    "decapsulate": ("decapsulate", *_PLACE, "--ciphertext-file=in", "--shared-secret-file=out"),
    "get_public_key": ("keys", "versions", "get-public-key", "1", f"--key={KEY}", "--output-file=out"),
    "mac_sign": ("mac-sign", *_PLACE, "--input-file=in", "--signature-file=out"),
    "mac_verify": ("mac-verify", *_PLACE, "--input-file=in", "--signature-file=in"),
    "raw_encrypt": (
        *("raw-encrypt", *_PLACE, "--plaintext-file=in", "--ciphertext-file=out"),
        "--initialization-vector-output-file=out.iv",
    ),
    "raw_decrypt": (
        *("raw-decrypt", *_PLACE, "--ciphertext-file=in", "--plaintext-file=out"),
        "--initialization-vector-file=in",
    ),
    "generate_random_bytes": (
        *("generate-random-bytes", "--location=us-east1", "--length-bytes=8"),
        "--output-file=out",
    ),
}
#: What cannot be skipped: gcloud's command has no flag for it.
ALWAYS_CHECKED = ("get_public_key", "generate_random_bytes")


class Liar:
    """A service whose answers can be bent; it keeps what it is asked."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.bent: dict[str, Any] = {}

    def __getattr__(self, method: str) -> Any:
        kind, right = ANSWERS[method]

        def answer(context: object, request: object, *more: object) -> Any:
            self.requests.append(request)
            fields = {**right, **{name: self.bent[name] for name in self.bent if name in right}}
            if method != "generate_random_bytes":
                fields["protection_level"] = "SOFTWARE"
            return kind(**fields)

        return answer


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
def session(tmp_path: Path, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    Path("in").write_bytes(b"data")
    session = Session({"KMSCTL_HOME": str(tmp_path / "store")})
    session.use(liar)
    return session


def bends() -> list[tuple[str, dict[str, Any], str]]:
    """Returns each way in which each answer can be wrong, with what is said of it."""
    found: list[tuple[str, dict[str, Any], str]] = []
    for method, (_, right) in ANSWERS.items():
        for field, value in right.items():
            if field == "name" and method not in ("asymmetric_decrypt", "raw_decrypt"):
                # The API's answers of these two have no name.
                found.append((method, {field: version(2)}, NAME))
            elif field == "verified_success_integrity":
                found.append((method, {field: False}, RESPONSE))
            elif field.startswith("verified_") and value:
                found.append((method, {field: False}, REQUEST))
            elif field.endswith("crc32c") and not field.startswith("verified_"):
                found.append((method, {field: value ^ 1}, RESPONSE))
    return found


@pytest.mark.parametrize(
    ("method", "bent", "text"), bends(), ids=[f"{method}-{next(iter(bent))}" for method, bent, _ in bends()]
)
def test_a_lie_is_noticed_and_nothing_is_written(
    session: Session, liar: Liar, method: str, bent: dict[str, Any], text: str
) -> None:
    liar.bent = bent
    with pytest.raises(CommandError, match=text):
        run([*COMMANDS[method]], session)
    assert sorted(path.name for path in Path().iterdir()) == ["in"]
    if method not in ALWAYS_CHECKED:
        run([*COMMANDS[method], "--skip-integrity-verification"], session)


@pytest.mark.parametrize("method", sorted(set(COMMANDS) - set(ALWAYS_CHECKED)))
def test_checksums_are_sent_unless_that_is_skipped(session: Session, liar: Liar, method: str) -> None:
    run([*COMMANDS[method]], session)
    run([*COMMANDS[method], "--skip-integrity-verification"], session)
    checked, skipped = liar.requests
    fields = [field for field in type(checked).__slots__ if field.endswith("_crc32c")]
    assert fields
    for field in fields:
        value = getattr(checked, field.removesuffix("_crc32c"))
        assert getattr(checked, field) == (None if value is None else crc32c(value))
        assert getattr(skipped, field) is None


def test_the_checksum_of_a_digest_is_sent(session: Session, liar: Liar) -> None:
    liar.bent = {"verified_data_crc32c": False, "verified_digest_crc32c": True}
    for method in ("asymmetric_sign", "asymmetric_verify"):
        run([*COMMANDS[method], "--digest-algorithm=sha256"], session)
        request = liar.requests[-1]
        assert request.data is None
        assert request.digest.kind == "sha256"
        assert request.digest_crc32c == crc32c(request.digest.value)
        with pytest.raises(CommandError, match=REQUEST):
            run([*COMMANDS[method]], session)


def test_the_public_key_of_a_digest_is_checked(session: Session, liar: Liar) -> None:
    liar.bent = {"data_crc32c": 1}
    with pytest.raises(CommandError, match=RESPONSE):
        run([*COMMANDS["asymmetric_sign"], "--digest-algorithm=external-mu"], session)
    assert not Path("out").exists()


@pytest.mark.parametrize("method", sorted(set(COMMANDS) - {"asymmetric_verify", "mac_verify"}))
def test_the_service_is_not_asked_where_the_output_cannot_be_written(
    session: Session, liar: Liar, method: str
) -> None:
    line = [word.replace("=out", "=in/out") for word in COMMANDS[method]]
    with pytest.raises(CommandError, match="Unable to write file"):
        run(line, session)
    assert not liar.requests


@pytest.mark.parametrize("field", ["data", "digest", "initialization_vector", "ciphertext"])
def test_what_the_service_finds_garbled_is_told_as_gcloud_does(session: Session, field: str) -> None:
    mismatch = InvalidArgument(
        f"The checksum in field {field}_crc32c did not match the data in field {field}."
    )
    session.command = ("mac-sign",)
    assert re.match(REQUEST[1:], hints.refused(mismatch, session).removeprefix("(kmsctl.mac-sign) "))
    other = InvalidArgument("The checksum is not a number.")
    assert "INVALID_ARGUMENT: The checksum is" in hints.refused(other, session)


@pytest.mark.parametrize("method", ["asymmetric_verify", "mac_verify"])
def test_false_is_told(
    session: Session,
    liar: Liar,
    method: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    liar.bent = {"success": False, "verified_success_integrity": False}
    if method == "mac_verify":
        run([*COMMANDS[method]], session)
        assert capsys.readouterr().out == "False"
        return
    text = f"^The signature is not one of {KEY}/cryptoKeyVersions/1 over"
    with pytest.raises(CommandError, match=text):
        run([*COMMANDS[method]], session)
    assert capsys.readouterr().out == "False\n"

    def closed(data: bytes) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(terminal, "write_stdout", closed)
    with pytest.raises(CommandError, match=text):
        run([*COMMANDS[method]], session)
    liar.bent = {}
    with pytest.raises(BrokenPipeError):
        run([*COMMANDS[method]], session)
