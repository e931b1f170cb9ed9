from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.cli import properties
from kmsctl.cli.failures import CommandError
from kmsctl.cli.properties import Properties
from kmsctl.cli.session import Session

LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Zs", "Cs"]))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "config"


def change(directory: Path, name: str, value: str | None) -> None:
    properties.change(str(directory / properties.FILE), name, value)


def test_nothing_is_set_at_first(directory: Path) -> None:
    found = Properties(str(directory), {})
    assert all(found.get(name) is None for name in properties.TABLE)


def test_what_is_set_is_read_by_the_next(directory: Path) -> None:
    change(directory, "core/project", "p1")
    change(directory, "kms/location", "us-east1")
    change(directory, "core/project", "p2")
    assert Properties(str(directory), {}).stored() == {"core/project": "p2", "kms/location": "us-east1"}
    change(directory, "core/project", None)
    change(directory, "core/account", None)
    assert Properties(str(directory), {}).stored() == {"kms/location": "us-east1"}


def test_the_file_is_private_and_alone(directory: Path) -> None:
    change(directory, "core/project", "p")
    assert [each.name for each in directory.iterdir()] == [properties.FILE]
    assert stat.S_IMODE((directory / properties.FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_order_is_flag_environment_file_default(directory: Path) -> None:
    environment = {"KMSCTL_HOME": str(directory.parent)}
    session = Session(environment)
    assert session.project == "local"
    change(directory, "core/project", "stored")
    assert Session(environment).project == "stored"
    session = Session({**environment, "KMSCTL_CORE_PROJECT": "exported"})
    assert session.project == "exported"
    session.settings["project"] = "given"
    assert session.project == "given"


def test_gcloud_s_environment_is_not_read(directory: Path) -> None:
    environment = {"CLOUDSDK_CORE_PROJECT": "theirs", "GOOGLE_CLOUD_PROJECT": "theirs"}
    assert Properties(str(directory), environment).get("core/project") is None


def test_an_empty_project_is_an_error(directory: Path) -> None:
    with pytest.raises(
        CommandError, match=r"^The project property is set to the empty string, which is invalid"
    ):
        Properties(str(directory), {"KMSCTL_CORE_PROJECT": ""}).get("core/project")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("core/account", ""),
        ("core/disable_prompts", "maybe"),
        ("core/project", "A B"),
        ("core/project", "1234"),
        ("core/verbosity", "loud"),
        ("kms/destroy_scheduled_duration", "23h"),
        ("kms/destroy_scheduled_duration", "121d"),
        ("kms/destroy_scheduled_duration", "soon"),
        ("kms/keyring", ""),
        ("kms/location", ""),
    ],
)
def test_wrong_values_are_refused_wherever_they_stand(directory: Path, name: str, value: str) -> None:
    with pytest.raises(CommandError):
        properties.check(name, value)
    with pytest.raises(CommandError):
        Properties(str(directory), {properties.variable(name): value}).get(name)


@pytest.mark.parametrize("value", ["true", "True", "YES", "y", "on", "1"])
def test_true(directory: Path, value: str) -> None:
    found = Properties(str(directory), {"KMSCTL_CORE_DISABLE_PROMPTS": value})
    assert found.flag("core/disable_prompts") is True


@pytest.mark.parametrize("value", ["false", "No", "n", "OFF", "0", "", "none"])
def test_false(directory: Path, value: str) -> None:
    found = Properties(str(directory), {"KMSCTL_CORE_DISABLE_PROMPTS": value})
    assert found.flag("core/disable_prompts") is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nope", "Section [core] has no property [nope]."),
        ("core/nope", "Section [core] has no property [nope]."),
        ("foo/bar", 'Section "foo" does not exist.'),
    ],
)
def test_unknown_properties(text: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        properties.full_name(text)
    assert caught.value.message == message


def test_a_bare_name_is_one_of_core() -> None:
    assert properties.full_name("project") == properties.full_name("core/project") == "core/project"


@pytest.mark.parametrize("text", ["project = p\n", "[core]\nproject\n", "[core]\n= p\n"])
def test_a_file_that_is_no_property_file_is_named(directory: Path, text: str) -> None:
    directory.mkdir()
    file = directory / properties.FILE
    file.write_text(text)
    with pytest.raises(CommandError, match=f"{file}, line "):
        Properties(str(directory), {}).get("core/project")


def test_comments_and_blanks_are_allowed(directory: Path) -> None:
    directory.mkdir()
    (directory / properties.FILE).write_text("# mine\n\n [core] \n; here\n project=p = q \n")
    assert Properties(str(directory), {}).stored() == {"core/project": "p = q"}


@given(st.dictionaries(st.sampled_from(sorted(properties.TABLE)), LINE))
def test_what_is_laid_out_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("properties") / "file"
    path.write_text(properties.layout(values), "utf-8")
    assert properties.read(str(path)) == values


def test_changes_at_once_are_all_kept(directory: Path) -> None:
    code = (
        "import sys; from kmsctl.cli.properties import change\n"
        "for i in range(20): change(sys.argv[1], sys.argv[2], f'v{i}')"
    )
    path = str(directory / properties.FILE)
    names = ["core/account", "kms/keyring", "kms/location"]
    running = [subprocess.Popen([sys.executable, "-c", code, path, name]) for name in names]
    assert [each.wait() for each in running] == [0, 0, 0]
    assert properties.read(path) == dict.fromkeys(names, "v19")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused(directory: Path, mode: int) -> None:
    change(directory, "core/project", "p1")
    file = directory / properties.FILE
    file.chmod(mode)
    with pytest.raises(CommandError, match="can be written by others"):
        Properties(str(directory), {}).get("core/project")
    file.chmod(0o644)
    assert Properties(str(directory), {}).get("core/project") == "p1"


def test_a_file_that_is_not_plain_is_refused(directory: Path, tmp_path: Path) -> None:
    change(directory, "core/project", "p1")
    file = directory / properties.FILE
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    with pytest.raises(CommandError, match="Unable to read file"):
        Properties(str(directory), {}).get("core/project")
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(CommandError, match="not a plain file"):
        Properties(str(directory), {}).get("core/project")
