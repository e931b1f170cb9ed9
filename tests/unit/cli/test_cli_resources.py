from __future__ import annotations

from pathlib import Path

import pytest

from kmsctl.cli import resources
from kmsctl.cli.failures import CommandError
from kmsctl.cli.session import Session
from kmsctl.errors import InvalidArgument

RING = "projects/p/locations/l/keyRings/r"
KEY = f"{RING}/cryptoKeys/k"
VERSION = f"{KEY}/cryptoKeyVersions/3"


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session({"KMSCTL_HOME": str(tmp_path), "KMSCTL_CORE_PROJECT": "p"})


def args(**given: str | None) -> dict[str, str | None]:
    return {**dict.fromkeys(("location", "keyring", "key", "version")), **given}


@pytest.mark.parametrize(
    "given",
    [
        args(key="k", keyring="r", location="l"),
        args(key=KEY),
        args(key=f"https://cloudkms.googleapis.com/v1/{KEY}"),
        args(key=KEY, keyring="other", location="other"),
        args(key="k", keyring=RING),
        args(key="k", keyring=RING, location="other"),
        args(key="k", keyring="r", location="projects/p/locations/l"),
    ],
)
def test_spellings_of_a_key(session: Session, given: dict[str, str | None]) -> None:
    assert resources.key(session, given).text == KEY
    assert resources.plain_key(session, given).text == KEY


@pytest.mark.parametrize(
    "given",
    [
        args(version="3", key="k", keyring="r", location="l"),
        args(version="3", key=KEY),
        args(version=VERSION),
        args(version=VERSION, key="other", keyring="other"),
    ],
)
def test_spellings_of_a_version(session: Session, given: dict[str, str | None]) -> None:
    assert resources.plain_version(session, given).text == VERSION
    assert resources.key_or_version(session, given).text == VERSION


def test_encrypt_takes_a_key_or_a_version(session: Session) -> None:
    assert resources.key_or_version(session, args(key=KEY)).text == KEY
    assert resources.key_or_version(session, args(key=VERSION)).text == VERSION


def test_configured_parts_stand_in(tmp_path: Path) -> None:
    session = Session(
        {"KMSCTL_HOME": str(tmp_path), "KMSCTL_KMS_LOCATION": "us", "KMSCTL_KMS_KEYRING": "ring"}
    )
    name = resources.key(session, args(key="k"))
    assert name.text == "projects/local/locations/us/keyRings/ring/cryptoKeys/k"
    assert resources.key(session, args(key="k", location="eu", keyring="r")).location == "eu"
    assert resources.location(session, args(), anchor="--location").location == "us"


def test_an_explicit_nothing_is_not_replaced(tmp_path: Path) -> None:
    session = Session({"KMSCTL_HOME": str(tmp_path), "KMSCTL_KMS_LOCATION": "us"})
    with pytest.raises(CommandError, match=r"Failed to find attribute \[location\]"):
        resources.key(session, args(key="k", keyring="r", location=""))


def test_a_configured_full_key_ring_brings_its_location(tmp_path: Path) -> None:
    session = Session({"KMSCTL_HOME": str(tmp_path), "KMSCTL_KMS_KEYRING": RING})
    assert resources.key(session, args(key="k")).text == KEY


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (args(key="k"), "location"),
        (args(key="k", keyring="r"), "location"),
        (args(key="k", location="l"), "keyring"),
    ],
)
def test_a_subject_with_a_part_missing(session: Session, given: dict[str, str | None], part: str) -> None:
    with pytest.raises(CommandError) as caught:
        resources.key(session, given)
    assert caught.value.message == (
        "Error parsing [key].\n"
        "The [key] resource is not properly specified.\n"
        f"Failed to find attribute [{part}]. The attribute can be set in the following ways: \n"
        "- provide the argument `key` on the command line with a fully specified name\n"
        f"- provide the argument `--{part}` on the command line\n"
        f"- set the property `kms/{part}`"
    )


def test_an_empty_subject(session: Session) -> None:
    with pytest.raises(CommandError) as caught:
        resources.key(session, args(key="", keyring="r", location="l"))
    assert caught.value.message.endswith("\n- provide the argument `key` on the command line")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (args(), "argument --location: Must be specified."),
        (args(key="k", location="l"), "argument --keyring: Must be specified."),
        (
            args(location="l", keyring="r"),
            (
                "value for field [cryptoKeysId] in collection "
                "[cloudkms.projects.locations.keyRings.cryptoKeys] is required but was not provided"
            ),
        ),
    ],
)
def test_plain_flags_that_are_missing(session: Session, given: dict[str, str | None], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        resources.plain_key(session, given)
    assert caught.value.message == message


def test_a_version_needs_its_key(session: Session) -> None:
    with pytest.raises(CommandError) as caught:
        resources.plain_version(session, args(version="1", location="l", keyring="r"))
    assert caught.value.message == "argument --key: Must be specified."


def test_a_name_of_another_kind(session: Session) -> None:
    with pytest.raises(CommandError) as caught:
        resources.key(session, args(key=RING))
    assert (
        caught.value.message
        == f"Invalid value for [key]: {RING} is the name of a KeyRing, not of a CryptoKey."
    )


@pytest.mark.parametrize(
    "text", ["a/b", "../x", "r/cryptoKeys/k", "locations/l", "//cloudkms.googleapis.com/v1/k"]
)
def test_partial_names_are_no_ids(session: Session, text: str) -> None:
    with pytest.raises(InvalidArgument, match="does not match pattern"):
        resources.key(session, args(key=text, keyring="r", location="l"))


@pytest.mark.parametrize("text", ["0", "01", "x", "-1", "1.0", "99999999999999999999"])
def test_what_is_no_version(session: Session, text: str) -> None:
    with pytest.raises(InvalidArgument):
        resources.plain_version(session, args(version=text, key=KEY))
    with pytest.raises(InvalidArgument):
        resources.version_number(text)


def test_the_number_of_a_primary_version() -> None:
    assert resources.version_number("3") == resources.version_number(VERSION) == 3


def test_a_project_number_is_no_project(tmp_path: Path) -> None:
    session = Session({"KMSCTL_HOME": str(tmp_path)})
    session.settings["project"] = "123456"
    with pytest.raises(CommandError, match="was set to Project number"):
        resources.key(session, args(key="k", keyring="r", location="l"))
