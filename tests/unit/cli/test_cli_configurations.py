from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmsctl.cli import properties
from kmsctl.cli.configurations import Configurations
from kmsctl.cli.failures import CommandError
from kmsctl.cli.main import run
from kmsctl.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "config"


@pytest.fixture
def found(directory: Path) -> Configurations:
    return Configurations(str(directory))


def session(directory: Path, **environment: str) -> Session:
    return Session({"KMSCTL_HOME": str(directory.parent), **environment})


def refusal(directory: Path, line: str) -> str:
    with pytest.raises(CommandError) as caught:
        run(line.split(), session(directory))
    return caught.value.message


def test_at_first_there_is_one(found: Configurations, directory: Path) -> None:
    assert (found.names(), found.active()) == (["default"], "default")
    assert not directory.exists()


def test_the_present_file_of_properties_is_the_one_named_default(directory: Path) -> None:
    run(["config", "set", "project", "p-1"], session(directory))
    assert (directory / "properties").read_text() == "[core]\nproject = p-1\n"
    assert Configurations(str(directory)).stored("default") == {"core/project": "p-1"}
    run(["config", "configurations", "create", "other"], session(directory))
    assert session(directory).project == "local"
    run(["config", "configurations", "activate", "default"], session(directory))
    assert session(directory).project == "p-1"


def test_create_activates(found: Configurations, directory: Path) -> None:
    run(["config", "configurations", "create", "one"], session(directory))
    run(["config", "configurations", "create", "two", "--no-activate"], session(directory))
    assert (found.names(), found.active()) == (["default", "one", "two"], "one")
    files = [directory / "active_config", directory / "configurations" / "config_two"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((directory / "configurations").stat().st_mode) == 0o700


def test_what_is_set_is_set_in_the_one_that_is_used(found: Configurations, directory: Path) -> None:
    found.create("one")
    run(["config", "set", "project", "p-1", "--configuration=one"], session(directory))
    run(["config", "set", "project", "p-0"], session(directory))
    chosen = session(directory, KMSCTL_ACTIVE_CONFIG_NAME="one")
    run(["config", "set", "kms/location", "us"], chosen)
    assert found.stored("one") == {"core/project": "p-1", "kms/location": "us"}
    assert found.stored("default") == {"core/project": "p-0"}


def test_flag_then_environment_then_the_active_one(found: Configurations, directory: Path) -> None:
    for name in ("active", "exported", "flagged"):
        found.create(name)
        properties.change(str(directory / "configurations" / f"config_{name}"), "core/project", name)
    found.activate("active")
    assert session(directory).project == "active"
    chosen = session(directory, KMSCTL_ACTIVE_CONFIG_NAME="exported")
    assert chosen.project == "exported"
    chosen = session(directory, KMSCTL_ACTIVE_CONFIG_NAME="exported")
    chosen.settings["configuration"] = "flagged"
    assert chosen.project == "flagged"
    assert session(directory, KMSCTL_ACTIVE_CONFIG_NAME="", KMSCTL_CORE_PROJECT="p").project == "p"


@pytest.mark.parametrize("name", ["none", "NONE", "../properties", "A", "a/b", "a\0b", "x" * 300])
def test_one_that_is_not_there_is_empty(found: Configurations, directory: Path, name: str) -> None:
    found.create("a")
    properties.change(str(directory / "properties"), "core/project", "p-0")
    chosen = session(directory)
    chosen.settings["configuration"] = name
    assert (chosen.project, chosen.properties.stored()) == ("local", {})


@pytest.mark.parametrize("content", ["", "\n", "Bad Name\n", "../../etc\n", "x" * 1000])
def test_a_name_that_cannot_be_is_the_default(directory: Path, content: str) -> None:
    directory.mkdir()
    (directory / "active_config").write_text(content)
    assert session(directory).properties.configuration == "default"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("create a", "Cannot create configuration [a], it already exists."),
        ("create A", "Invalid name [A] for a configuration.  Except for special cases (NONE), "),
        ("create NONE", "Invalid name [NONE] for a configuration."),
        ("create ../x", "Invalid name [../x] for a configuration."),
        ("activate x", "Cannot activate configuration [x], it does not exist."),
        ("describe x", "The configuration [x] does not exist."),
        ("delete x", "Cannot delete configuration [x], it does not exist."),
        ("delete b a", "Deleting named configuration failed because configuration [a] is set as active.  "),
        ("rename x --new-name=y", "Cannot rename configuration [x], it does not exist."),
        (
            "rename a --new-name=y",
            "Cannot rename configuration [a], it is the currently active configuration.",
        ),
        ("rename b --new-name=default", "Cannot rename configuration [b], [default] already exists."),
        ("rename b --new-name=B", "Invalid name [B] for a configuration."),
    ],
)
def test_what_is_refused(found: Configurations, directory: Path, line: str, message: str) -> None:
    for name in ("b", "a"):
        found.create(name)
    found.activate("a")
    assert refusal(directory, f"config configurations {line}").startswith(message)
    assert found.names() == ["a", "b", "default"]


def test_properties_of_none_cannot_be_set(directory: Path) -> None:
    line = "config set project p --configuration=NONE"
    assert refusal(directory, line) == "Properties in configuration [NONE] cannot be set."
    line = "config unset project --configuration=x"
    assert refusal(directory, line) == "Cannot set property in configuration [x], it does not exist."


def test_rename_and_delete(found: Configurations, directory: Path) -> None:
    for name in ("a", "b"):
        found.create(name)
    properties.change(str(directory / "configurations" / "config_a"), "core/project", "p-a")
    run(["config", "configurations", "rename", "a", "--new-name=c"], session(directory))
    assert found.stored("c") == {"core/project": "p-a"}
    found.activate("b")
    run(["config", "configurations", "rename", "default", "--new-name=old"], session(directory))
    assert found.names() == ["b", "c", "old"]
    run(["config", "configurations", "delete", "c", "old", "--quiet"], session(directory))
    assert found.names() == ["b"]
    found.activate("NONE")
    assert session(directory).properties.configuration == "NONE"
    found.delete("b")
    assert found.names() == ["default"]


@given(st.text(max_size=6))
def test_names_are_safe_in_a_path(name: str) -> None:
    if properties.is_configuration(name):
        assert name.isascii()
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert name[0].isalpha()


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("a", True),
        ("a-1", True),
        ("ab9", True),
        ("1a", False),
        ("-a", False),
        ("", False),
        ("aB", False),
        ("é", False),
    ],
)
def test_names(name: str, good: bool) -> None:
    assert properties.is_configuration(name) is good
