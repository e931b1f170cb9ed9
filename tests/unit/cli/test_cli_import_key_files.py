"""The key file of an import: its passphrase, its permissions; and that wrapping needs no store."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.main import main
from kmsctl.crypto import importing
from kmsctl.crypto.backend import KeyMaterial
from kmsctl.crypto.software import SoftwareBackend
from kmsctl.model import import_methods, pem
from kmsctl.model.algorithms import by_spelling

METHOD = import_methods.by_enum("HPKE_KEM_ML_KEM_768_HKDF_SHA256_AES_256_GCM")
BACKEND = SoftwareBackend()
EC = ec.generate_private_key(ec.SECP256R1())
DER = EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
WORD = b"tr\xc3\xb6ub4dor"
WRAP = (
    "import-jobs",
    "wrap",
    f"--import-method={METHOD.spelling}",
    "--public-key-file=job.pem",
    "--wrapped-key-file=wrapped",
)
SIGNER = (*WRAP, "--algorithm=ec-sign-p256-sha256", "--target-key-file=key")
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("KMSCTL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def job() -> KeyMaterial:
    """The key pair of an import job somewhere else, whose public key is in a file here."""
    made = BACKEND.generate(METHOD.wrapping_algorithm)
    Path("job.pem").write_bytes(pem.encode(pem.PUBLIC_KEY, made.public or b""))
    return made


def key_file(data: bytes, mode: int = 0o600) -> None:
    Path("key").write_bytes(data)
    Path("key").chmod(mode)


def sealed() -> bytes:
    return EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(WORD))


def opened(job: KeyMaterial) -> bytes:
    return importing.unwrap(BACKEND, METHOD, job.secret, Path("wrapped").read_bytes(), os.urandom)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_passphrase_comes_from_a_file(job: KeyMaterial, end: bytes) -> None:
    key_file(sealed())
    Path("word").write_bytes(WORD + end)
    assert main([*SIGNER, "--passphrase-file=word"]) == 0
    assert opened(job) == DER


def test_a_passphrase_comes_from_a_descriptor(job: KeyMaterial) -> None:
    key_file(sealed())
    read, write = os.pipe()
    os.write(write, WORD)
    os.close(write)
    assert main([*SIGNER, f"--passphrase-fd={read}"]) == 0
    os.close(read)
    assert opened(job) == DER


def test_a_descriptor_that_is_not_open(job: KeyMaterial, capsys: pytest.CaptureFixture[str]) -> None:
    key_file(sealed())
    assert main([*SIGNER, "--passphrase-fd=987"]) == 1
    assert "Failed to read the passphrase from descriptor [987]" in capsys.readouterr().err


def test_a_passphrase_is_asked_for_and_not_shown(job: KeyMaterial, place: Path) -> None:
    key_file(sealed())
    child = pexpect.spawn(
        sys.executable,
        ["-m", "kmsctl", *SIGNER],
        env={**ENVIRONMENT, "KMSCTL_HOME": str(place / "none")},
        encoding="utf-8",
        timeout=10,
    )
    child.expect_exact("Passphrase of [key]: ")
    child.sendline(WORD.decode())
    child.expect(pexpect.EOF)
    assert WORD.decode() not in str(child.before)
    child.close()
    assert child.exitstatus == 0
    assert opened(job) == DER


def test_without_a_terminal_nobody_is_asked(job: KeyMaterial, capsys: pytest.CaptureFixture[str]) -> None:
    key_file(sealed())
    assert main(list(SIGNER)) == 1
    assert "use --passphrase-file or --passphrase-fd" in capsys.readouterr().err
    assert not Path("wrapped").exists()
    with pytest.raises(CommandError, match="no terminal"):
        terminal.ask_secret("Passphrase: ", otherwise="--x")


def test_what_is_typed_and_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(text: str, stream: object) -> str:
        del text, stream
        return b"\xff".decode()

    monkeypatch.setattr(terminal, "can_ask", lambda: True)
    monkeypatch.setattr("getpass.getpass", typed)
    with pytest.raises(CommandError, match="no text in this terminal's encoding; use --x"):
        terminal.ask_secret("Passphrase: ", otherwise="--x")


def test_a_wrong_passphrase_is_not_repeated(job: KeyMaterial, capsys: pytest.CaptureFixture[str]) -> None:
    key_file(sealed())
    Path("word").write_bytes(b"another-word")
    assert main([*SIGNER, "--passphrase-file=word"]) == 1
    told = capsys.readouterr()
    assert "the passphrase is not its own" in told.err
    assert "another-word" not in told.err + told.out


@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o620, True)]
)
def test_a_key_file_that_others_can_open_is_warned_of(
    job: KeyMaterial, capsys: pytest.CaptureFixture[str], mode: int, warned: bool
) -> None:
    key_file(DER, mode)
    assert main(list(SIGNER)) == 0
    told = capsys.readouterr().err
    assert (f"is open to others than its owner (mode {mode:04o})" in told) is warned
    assert warned or not told
    assert main([*SIGNER, "--verbosity=error"]) == 0
    assert not capsys.readouterr().err


def test_a_symbolic_link_is_warned_of(job: KeyMaterial, capsys: pytest.CaptureFixture[str]) -> None:
    Path("real").write_bytes(DER)
    Path("real").chmod(0o600)
    Path("key").symlink_to("real")
    assert main(list(SIGNER)) == 0
    assert f"The key file [key] is a symbolic link to [{Path('real').resolve()}]." in capsys.readouterr().err


def test_a_key_from_standard_input_is_not_warned_of(job: KeyMaterial) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kmsctl", *SIGNER[:-1], "--target-key-file=-"],
        input=DER,
        capture_output=True,
        check=True,
        env={**ENVIRONMENT, "KMSCTL_HOME": "/nonexistent"},
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert opened(job) == DER


def test_key_and_passphrase_cannot_both_come_from_standard_input(
    job: KeyMaterial, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SIGNER[:-1], "--target-key-file=-", "--passphrase-file=-"]) == 1
    assert "cannot both read from stdin" in capsys.readouterr().err


def test_wrapping_needs_no_store_and_makes_none(job: KeyMaterial, place: Path) -> None:
    key_file(DER)
    code = (
        "import sys\nfrom kmsctl.cli.main import main\nstatus = main(sys.argv[1:])\n"
        "bad = {'sqlite3', 'fcntl', 'socket'} & set(sys.modules)\n"
        "bad |= {name for name in sys.modules if name.startswith(('kmsctl.service', 'kmsctl.store'))}\n"
        "sys.exit(f'{status} {sorted(bad)}' if status or bad else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *SIGNER],
        capture_output=True,
        check=False,
        env={**ENVIRONMENT, "KMSCTL_HOME": str(place / "none")},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert not (place / "none").exists()
    assert opened(job) == DER
    assert {path.name for path in place.iterdir()} == {"job.pem", "key", "wrapped"}


@pytest.mark.parametrize(
    "algorithm", ["google-symmetric-encryption", "hmac-sha512", "ec-sign-ed25519", "rsa-sign-pss-2048-sha256"]
)
def test_a_generated_key_is_nowhere_but_in_its_wrapping(
    job: KeyMaterial, place: Path, capfd: pytest.CaptureFixture[str], algorithm: str
) -> None:
    assert main([*WRAP, f"--algorithm={algorithm}", "--generate"]) == 0
    made = opened(job)
    assert BACKEND.check_material(by_spelling(algorithm), made).secret == made
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
    for path in place.iterdir():
        assert made[-24:] not in path.read_bytes()
    first = Path("wrapped").read_bytes()
    assert main([*WRAP, f"--algorithm={algorithm}", "--generate"]) == 0
    assert opened(job) != made
    assert Path("wrapped").read_bytes() != first


def test_an_unsound_key_is_refused_before_anything_is_written(
    job: KeyMaterial, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file(DER[:-1] + bytes((DER[-1] ^ 1,)))
    assert main(list(SIGNER)) == 1
    assert "its parts do not belong together" in capsys.readouterr().err
    assert not Path("wrapped").exists()
