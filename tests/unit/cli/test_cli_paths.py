from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from kmsctl.cli import paths
from kmsctl.cli.account import default_account
from kmsctl.errors import StoreAccess

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the XDG rule is Linux's")


def test_home_moves_both(tmp_path: Path) -> None:
    found = paths.find({"KMSCTL_HOME": str(tmp_path), "HOME": "/nowhere"})
    assert (found.data, found.config) == (f"{tmp_path}/data", f"{tmp_path}/config")


def test_config_moves_the_configuration_alone(tmp_path: Path) -> None:
    found = paths.find({"KMSCTL_HOME": "/h", "KMSCTL_CONFIG": str(tmp_path)})
    assert (found.data, found.config) == ("/h/data", str(tmp_path))


def test_relative_places_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = paths.find({"KMSCTL_HOME": "h", "KMSCTL_CONFIG": "c"})
    assert (found.data, found.config) == (f"{tmp_path}/h/data", f"{tmp_path}/c")


@linux
@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/home/a"},
        {"HOME": "/home/a", "XDG_DATA_HOME": "/x/data"},
        {"HOME": "/home/a", "XDG_CONFIG_HOME": "/x/config", "XDG_DATA_HOME": "/x/data"},
        {"HOME": "/home/a", "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""},
        {"HOME": "/home/a", "KMSCTL_HOME": "", "KMSCTL_CONFIG": ""},
        {"HOME": "/"},
        {},
    ],
)
def test_the_places_are_those_of_platformdirs(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    import platformdirs

    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = paths.find(environment)
    assert Path(found.data) == platformdirs.user_data_path("kmsctl")
    assert Path(found.config) == platformdirs.user_config_path("kmsctl")


@linux
def test_a_relative_xdg_directory_is_ignored() -> None:
    assert paths.find({"HOME": "/home/a", "XDG_DATA_HOME": "data"}).data == "/home/a/.local/share/kmsctl"


@linux
@pytest.mark.parametrize("variable", ["KMSCTL_HOME", "KMSCTL_CONFIG"])
def test_a_relative_place_below_a_removed_directory_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(StoreAccess, match=r"^place is relative to the working directory"):
        paths.find({"HOME": "/home/u", variable: "place"})


def test_a_user_without_a_home_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(StoreAccess) as caught:
        paths.find({})
    assert caught.value.hint is not None
    assert "KMSCTL_HOME" in caught.value.hint


def test_the_account_is_the_login_at_the_host() -> None:
    login = pwd.getpwuid(os.getuid()).pw_name
    assert default_account() == f"{login}@{os.uname().nodename}"


def test_a_uid_without_a_name_has_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert default_account() == f"uid-{os.getuid()}@{os.uname().nodename}"


def test_the_environment_does_not_name_the_account() -> None:
    lie = dict.fromkeys(("USER", "LOGNAME", "USERNAME", "HOSTNAME", "HOST"), "mallory")
    code = "from kmsctl.cli.account import default_account; print(default_account())"
    told = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **lie}, capture_output=True, check=True
    )
    assert "mallory" not in told.stdout.decode()
