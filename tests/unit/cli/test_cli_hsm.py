"""``kmsctl hsm`` and the settings of tokens."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from kmsctl.cli import hsm_settings
from kmsctl.cli.failures import CommandError
from kmsctl.cli.main import main
from kmsctl.cli.properties import Properties, full_name, variable
from kmsctl.errors import TokenPinError
from kmsctl.model import pkcs11_uri
from tests import tokens

if TYPE_CHECKING:
    from pathlib import Path

_ONE = "pkcs11:token=one?module-path=/one.so"
_TWO = "pkcs11:token=two?module-path=/two.so"
_THREE = "pkcs11:token=three?module-path=/three.so"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("KMSCTL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KMSCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KMSCTL_CORE_ACCOUNT", "tester@host")
    return tmp_path


def _properties(directory: Path, text: str = "", **environment: str) -> Properties:
    directory.mkdir(exist_ok=True)
    path = directory / "properties"
    path.write_text(text)
    path.chmod(0o600)
    return Properties(str(directory), environment)


def test_locations_and_projects_may_have_tokens_of_their_own(tmp_path: Path) -> None:
    text = (
        f"[hsm]\nuri = {_ONE}\n[hsm/locations/us-east1]\nuri = {_TWO}\n[hsm/projects/prod]\nuri = {_THREE}\n"
    )
    properties = _properties(tmp_path / "config", text)

    def label(project: str, location: str) -> str:
        found = hsm_settings.uri(properties, project, location)
        assert found is not None
        return found.attributes["token"]

    assert label("test", "europe-west1") == "one"
    assert label("test", "us-east1") == "two"
    assert label("prod", "us-east1") == "two"
    assert label("prod", "europe-west1") == "three"
    assert list(hsm_settings.all_uris(properties)) == [
        "hsm/uri",
        "hsm/locations/us-east1/uri",
        "hsm/projects/prod/uri",
    ]


def test_the_environment_goes_before_the_configuration(tmp_path: Path) -> None:
    text = f"[hsm/locations/us-east1]\nuri = {_TWO}\n"
    properties = _properties(tmp_path / "config", text, KMSCTL_HSM_URI=_ONE)
    found = hsm_settings.uri(properties, "p", "us-east1")
    assert found is not None
    assert found.attributes["token"] == "one"
    properties = _properties(
        tmp_path / "config", text, KMSCTL_HSM_URI=_ONE, KMSCTL_HSM_LOCATIONS_US_EAST1_URI=_THREE
    )
    found = hsm_settings.uri(properties, "p", "us-east1")
    assert found is not None
    assert found.attributes["token"] == "three"
    assert variable("hsm/locations/us-east1/uri") == "KMSCTL_HSM_LOCATIONS_US_EAST1_URI"


def test_without_settings_there_is_no_token(tmp_path: Path) -> None:
    properties = _properties(tmp_path / "config")
    assert hsm_settings.uri(properties, "p", "global") is None
    assert hsm_settings.all_uris(properties) == {}


def test_names_of_properties_of_tokens() -> None:
    for name in ("hsm/uri", "hsm/locations/us-east1/uri", "hsm/projects/prod/uri"):
        assert full_name(name) == name
    for name in (
        "hsm/locations/uri",
        "hsm/locations//uri",
        "hsm/locations/a/b/uri",
        "hsm/rings/a/uri",
        "hsm/pin",
    ):
        with pytest.raises(CommandError):
            full_name(name)


def test_a_uri_is_checked_when_it_is_set(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "hsm/uri", f"{_ONE}&pin-value=77788899"]) == 1
    error = capsys.readouterr().err
    assert "pin-value of the PKCS#11 URI is refused" in error
    assert "KMSCTL_HSM_PIN" in error
    assert "77788899" not in error
    assert main(["config", "set", "hsm/locations/us-east1/uri", _TWO]) == 0
    assert main(["config", "list", "--format=json"]) == 0
    assert json.loads(capsys.readouterr().out)["hsm/locations/us-east1"] == {"uri": _TWO}


def test_where_a_pin_is_taken_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pin"
    file.write_text("from the file\n")
    file.chmod(stat.S_IRUSR)
    sourced = pkcs11_uri.parse(f"{_ONE}&pin-source=file:{file}")
    plain = pkcs11_uri.parse(_ONE)
    given = _properties(tmp_path / "config", KMSCTL_HSM_PIN="from the environment")
    assert hsm_settings.pin(given, sourced) == b"from the file"
    assert hsm_settings.pin(given, plain) == "from the environment"
    asked: list[str] = []

    def ask(text: str, *, otherwise: str) -> str:
        asked.append(text + otherwise)
        return "typed"

    monkeypatch.setattr("kmsctl.cli.terminal.ask_secret", ask)
    assert hsm_settings.pin(_properties(tmp_path / "config"), plain) == "typed"
    assert "PIN of the token one: " in asked[0]
    assert "KMSCTL_HSM_PIN" in asked[0]
    file.unlink()
    with pytest.raises(TokenPinError, match="cannot be opened"):
        hsm_settings.pin(given, sourced)


def test_commands_without_a_token_say_how_to_name_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["hsm", "status"], ["hsm", "check"], ["hsm", "tokens", "list"]):
        assert main(command) == 1
        assert "kmsctl config set hsm/uri" in capsys.readouterr().err
    assert main(["hsm", "tokens", "list", "--module-path=softhsm.so"]) == 1
    assert "must be absolute" in capsys.readouterr().err


@pytest.fixture(params=["softhsm", "nss"])
def token(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> tokens.Token:
    found: tokens.Token = request.getfixturevalue(f"{request.param}_token")
    monkeypatch.setenv("KMSCTL_HSM_URI", found.uri)
    monkeypatch.setenv("KMSCTL_HSM_PIN", tokens.PIN)
    return found


def test_tokens_are_listed_with_uris_that_name_them(
    token: tokens.Token, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hsm", "tokens", "list", "--format=json"]) == 0
    listed = {each["label"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed[tokens.LABEL]["modulePath"] == token.module
    assert pkcs11_uri.parse(listed[tokens.LABEL]["uri"]).attributes["token"] == tokens.LABEL


def test_status_and_check(token: tokens.Token, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hsm", "status", "--format=json"]) == 0
    out = capsys.readouterr().out
    found = json.loads(out)
    assert found["token"]["label"] == tokens.LABEL
    assert "google-symmetric-encryption" in found["algorithms"]
    assert tokens.PIN not in out
    assert main(["hsm", "check", "--location=us-east1"]) == 0
    captured = capsys.readouterr()
    assert "google-symmetric-encryption" in captured.out
    assert captured.err == "The token does what it says it can.\n"


def test_a_failed_check_is_exit_status_1(
    token: tokens.Token, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kmsctl.crypto.pkcs11 import symmetric

    monkeypatch.setattr(symmetric, "open_", lambda *given: b"something else")
    assert main(["hsm", "check"]) == 1
    captured = capsys.readouterr()
    assert "computes GOOGLE_SYMMETRIC_ENCRYPTION wrongly" in captured.out
    assert "The token failed 2 of the checks" in captured.err
