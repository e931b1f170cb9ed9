"""What encrypt and decrypt do with a service that lies, or a line that garbles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kmsctl.cli.failures import CommandError
from kmsctl.cli.main import run
from kmsctl.cli.session import Session
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.names import CryptoKeyVersionName, parse
from kmsctl.model.requests import DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse

KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


def version(number: int, key: str = KEY) -> CryptoKeyVersionName:
    name = parse(f"{key}/cryptoKeyVersions/{number}")
    assert isinstance(name, CryptoKeyVersionName)
    return name


class Liar:
    """A service whose answers can be bent; it keeps what it is asked."""

    def __init__(self) -> None:
        self.encrypted: list[EncryptRequest] = []
        self.decrypted: list[DecryptRequest] = []
        self.plaintext = b"plain"
        self.bent: dict[str, Any] = {}

    def encrypt(self, context: object, request: EncryptRequest) -> EncryptResponse:
        self.encrypted.append(request)
        answer: dict[str, Any] = {
            "name": version(1),
            "ciphertext": b"cipher",
            "ciphertext_crc32c": crc32c(b"cipher"),
            "verified_plaintext_crc32c": request.plaintext_crc32c is not None,
            "verified_aad_crc32c": request.aad_crc32c is not None,
            "protection_level": "SOFTWARE",
        }
        answer.update(self.bent)
        return EncryptResponse(answer.pop("name"), answer.pop("ciphertext"), **answer)

    def decrypt(self, context: object, request: DecryptRequest) -> DecryptResponse:
        self.decrypted.append(request)
        answer: dict[str, Any] = {
            "plaintext_crc32c": crc32c(self.plaintext),
            "used_primary": True,
            "protection_level": "SOFTWARE",
            "version": version(1),
        }
        answer.update(self.bent)
        return DecryptResponse(self.plaintext, **answer)


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
def session(tmp_path: Path, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    Path("in").write_bytes(b"data")
    Path("aad").write_bytes(b"more")
    session = Session({"KMSCTL_HOME": str(tmp_path / "store")})
    session.use(liar)  # type: ignore[arg-type]
    return session


def encrypt(session: Session, *more: str) -> None:
    run(["encrypt", f"--key={KEY}", "--plaintext-file=in", "--ciphertext-file=out", *more], session)


def decrypt(session: Session, *more: str) -> None:
    run(["decrypt", f"--key={KEY}", "--ciphertext-file=in", "--plaintext-file=out", *more], session)


def test_checksums_are_sent_for_every_field(session: Session, liar: Liar) -> None:
    encrypt(session, "--additional-authenticated-data-file=aad")
    assert liar.encrypted[0].plaintext_crc32c == crc32c(b"data")
    assert liar.encrypted[0].aad_crc32c == crc32c(b"more")
    decrypt(session)
    assert liar.decrypted[0].ciphertext_crc32c == crc32c(b"data")
    assert liar.decrypted[0].aad_crc32c == 0


@pytest.mark.parametrize(
    ("bent", "text"),
    [
        ({"verified_plaintext_crc32c": False}, "The request sent to the server was corrupted in-transit."),
        ({"verified_aad_crc32c": False}, "The request sent to the server was corrupted in-transit."),
        ({"ciphertext_crc32c": 1}, "The response received from the server was corrupted in-transit."),
        (
            {"name": version(1, KEY + "2")},
            (
                f"Found a mismatch between user-requested crypto resource ({KEY})and server-reported "
                f"resource used for the cryptographic operation ({KEY}2)."
            ),
        ),
    ],
    ids=["plaintext", "aad", "ciphertext", "name"],
)
def test_a_lie_about_encryption_writes_nothing(
    session: Session, liar: Liar, bent: dict[str, Any], text: str
) -> None:
    liar.bent = bent
    with pytest.raises(CommandError) as caught:
        encrypt(session)
    assert caught.value.message.startswith(text)
    assert not Path("out").exists()


def test_another_version_than_asked_is_noticed(session: Session) -> None:
    encrypt(session, "--version=1")
    with pytest.raises(CommandError, match="Found a mismatch"):
        encrypt(session, "--version=2")


def test_a_lie_about_decryption_writes_nothing(session: Session, liar: Liar) -> None:
    liar.bent = {"plaintext_crc32c": 1}
    with pytest.raises(
        CommandError, match=r"^The response received from the server was corrupted in-transit"
    ):
        decrypt(session)
    assert not Path("out").exists()


@pytest.mark.parametrize("bent", [{"ciphertext_crc32c": 1}, {"name": version(1, KEY + "2")}])
def test_verification_can_be_skipped(session: Session, liar: Liar, bent: dict[str, Any]) -> None:
    liar.bent = bent
    encrypt(session, "--skip-integrity-verification")
    assert liar.encrypted[0].plaintext_crc32c is None
    assert liar.encrypted[0].aad_crc32c is None
    assert Path("out").read_bytes() == b"cipher"


def test_an_empty_plaintext_is_said(session: Session, liar: Liar, capsys: pytest.CaptureFixture[str]) -> None:
    liar.plaintext = b""
    decrypt(session)
    assert capsys.readouterr() == ("Decrypted file is empty\n", "")
    assert Path("out").read_bytes() == b""
    decrypt(session, "--plaintext-file=-")
    assert capsys.readouterr() == ("", "Decrypted file is empty\n")


def test_the_service_is_not_asked_where_the_output_cannot_be_written(session: Session, liar: Liar) -> None:
    with pytest.raises(CommandError, match="Unable to write file"):
        encrypt(session, "--ciphertext-file=no/out")
    assert not liar.encrypted


@pytest.mark.parametrize("key", [f"{KEY}/cryptoKeyVersions/1", "k/cryptoKeyVersions/1"])
def test_decrypt_takes_no_version(session: Session, key: str) -> None:
    with pytest.raises(CommandError) as caught:
        decrypt(session, f"--key={key}")
    assert caught.value.message == (
        "Invalid value for [--key]: k/cryptoKeyVersions/1 includes cryptoKeyVersion which is not valid "
        "for decrypt."
    )


def test_formats_of_nothing(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    encrypt(session, "--format=json")
    assert capsys.readouterr().out == "[]\n"
    encrypt(session, "--format=json", "--ciphertext-file=-")
    assert capsys.readouterr().out == "cipher"
    encrypt(session, "--format=yaml", "--ciphertext-file=-")
    assert capsys.readouterr().out == "cipher"
