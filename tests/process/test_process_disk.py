"""Disks that are full, directories and files that cannot be written, owners that are others."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import KmsError
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName
from kmsctl.service.kms import Kms
from tests.process import expected
from tests.process.expected import CTX
from tests.process.forked import Child, limit_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.process.forked import Send

RING = KeyRingName(LocationName("kmsctl-local", "us-east1"), "ring")
NOBODY = 65534
#: Sizes around those of the anchor, a page, the log's header and frames, and whole databases.
SIZES = [0, 1, 100, 113, 256, 512, 600, 1024, 1500, 2048, 4095, 4096, 8192, 12_000, 16_384]
LARGER_SIZES = [24_000, 32_768, 36_863, 36_864, 40_000, 57_344, 70_000, 90_000, 120_000, 200_000]


def open_kms(home: Path) -> Kms:
    return Kms(str(home / "data"), str(home / "config" / "store"))


def fill(home: Path, send: Send) -> None:
    """Makes keys until it is refused; then it says what the refusal was."""
    operations: list[expected.Operation] = [{"do": "ring"}]
    operations += [{"do": "key", "key": f"k{number:02}", "labels": {}} for number in range(1, 40)]
    try:
        kms = open_kms(home)
        for operation in operations:
            if operation["do"] == "key" or not list(kms.list_key_rings(CTX, RING.parent)):
                send(operation)
                expected.carry_out(kms, RING, operation)
                send("done")
    except KmsError as error:
        send([error.status, error.message])


def check(home: Path, messages: list[Any]) -> list[str]:
    """Checks what the store holds against what `fill` said, and that it goes on from there."""
    acknowledged = {"ring": False, "keys": 0}
    begun = ""
    refusal: list[str] = []
    for message in messages:
        if isinstance(message, dict):
            begun = message["do"]
        elif isinstance(message, list):
            refusal = message
        elif begun == "ring":
            acknowledged["ring"] = True
        else:
            acknowledged["keys"] += 1
    kms = open_kms(home)
    assert {each.kind for each in kms.verify_store(CTX)} <= {"ORPHAN"}
    held = expected.observe(kms, RING)
    assert acknowledged["keys"] <= len(held["keys"]) <= acknowledged["keys"] + bool(refusal)
    assert not acknowledged["ring"] or held["ring"]
    fresh = KeyRingName(RING.parent, "afterwards")
    kms.create_key_ring(CTX, fresh)
    kms.create_crypto_key(CTX, CryptoKeyName(fresh, "key"), expected.symmetric())
    kms.maintain_store(CTX, confirm_clock=lambda _: False)
    assert [each.message for each in kms.verify_store(CTX)] == []
    kms.close()
    return refusal


@pytest.mark.parametrize("size", [*SIZES, *LARGER_SIZES])
def test_a_limit_on_file_sizes_refuses_changes_and_harms_nothing(tmp_path: Path, size: int) -> None:
    def limited(send: Send) -> None:
        limit_files(size)
        fill(tmp_path, send)

    refusal = check(tmp_path, Child(limited).finish())
    assert refusal
    assert refusal[0] == "RESOURCE_EXHAUSTED", refusal
    assert str(tmp_path) in refusal[1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    mounted = []

    def mount(kib: int) -> Path:
        place = tmp_path / f"disk-{kib}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "kmsctl-test", str(place)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"NOT TESTED: a full disk needs the right to mount one: {error}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("start", ["empty", "used"])
def test_a_full_disk_refuses_changes_and_harms_nothing(
    small_disk: Callable[[int], Path], tmp_path: Path, start: str
) -> None:
    refusals = []
    for kib in range(4, 800, 24):
        home = small_disk(kib)
        ballast = home / "ballast"
        try:
            with ballast.open("wb") as file:
                file.write(bytes(4096))
            if start == "used":
                open_kms(home).create_key_ring(CTX, RING)
        except (OSError, KmsError):
            continue  # too small to start on
        messages = Child(lambda send, home=home: fill(home, send)).finish()  # type: ignore[misc]
        ballast.unlink()
        grown = ["mount", "-o", "remount,size=8m", str(home)]
        subprocess.run(grown, check=True, capture_output=True)
        refusals.append(check(home, messages))
    assert len(refusals) > 5
    assert {refusal[0] for refusal in refusals if refusal} == {"RESOURCE_EXHAUSTED"}, refusals


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that the user `nobody` can use too."""
    place = Path(tempfile.mkdtemp(prefix="kmsctl-test-"))
    inside = place / "home"
    inside.mkdir(mode=0o700)
    if os.geteuid() == 0:
        place.chmod(0o755)
        os.chown(inside, NOBODY, NOBODY)
    yield inside
    for directory, _, _ in os.walk(place):
        Path(directory).chmod(0o700)
    shutil.rmtree(place)


def as_user(act: Callable[[Kms], Any], home: Path) -> Any:
    """Calls `act` as somebody whom permissions bind; returns its answer, or what it was refused with."""

    def task(send: Send) -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        try:
            send(act(open_kms(home)))
        except KmsError as error:
            send([error.status, error.message, error.hint])

    (answer,) = Child(task).finish()
    return answer


def make_key(kms: Kms) -> str:
    for make in (
        lambda: kms.create_key_ring(CTX, RING),
        lambda: kms.create_crypto_key(CTX, CryptoKeyName(RING, "db"), expected.symmetric()),
    ):
        make()
    return "made"


def make_other(kms: Kms) -> str:
    kms.create_crypto_key(CTX, CryptoKeyName(RING, "other"), expected.symmetric())
    return "made"


def encrypt(kms: Kms) -> str:
    operation: expected.Operation = {"do": "encrypt", "key": "db", "text": "00"}
    return "done" if expected.carry_out(kms, RING, operation) else ""


def whole(kms: Kms) -> list[Any]:
    keys = sorted(expected.observe(kms, RING)["keys"])
    return [keys, [f"{each.kind} {each.message}" for each in kms.verify_store(CTX)]]


@pytest.mark.parametrize("part", ["data", "data/locations"])
def test_a_directory_that_cannot_be_written_is_named(home: Path, part: str) -> None:
    assert as_user(make_key, home) == "made"
    (home / part).chmod(0o500)
    for act in (make_other, encrypt):
        status, message, hint = as_user(act, home)
        assert status == "FAILED_PRECONDITION"
        assert message == f"{home / part} is not writable."
        assert "must be writable" in hint
    (home / part).chmod(0o700)
    assert as_user(whole, home) == [["db"], []]


def test_nothing_can_be_made_where_nothing_may_be_written(home: Path) -> None:
    home.chmod(0o500)
    status, message, _ = as_user(make_key, home)
    assert status == "FAILED_PRECONDITION"
    assert message == f"Could not create {home / 'config'}: Permission denied."


def test_a_location_cannot_be_made_in_a_read_only_directory(home: Path) -> None:
    def elsewhere(kms: Kms) -> str:
        kms.create_key_ring(CTX, KeyRingName(LocationName("kmsctl-local", "global"), "ring"))
        return "made"

    assert as_user(make_key, home) == "made"
    (home / "data" / "locations").chmod(0o500)
    status, message, _ = as_user(elsewhere, home)
    assert status == "FAILED_PRECONDITION"
    assert message == f"Could not create {home / 'data' / 'locations' / 'global.db'}: Permission denied."
    (home / "data" / "locations").chmod(0o700)
    assert as_user(elsewhere, home) == "made"
    assert as_user(whole, home) == [["db"], []]


def test_an_anchor_that_cannot_be_written_stops_changes_before_they_are_made(home: Path) -> None:
    assert as_user(make_key, home) == "made"
    anchor = home / "config" / "store" / "anchor"
    anchor.chmod(0o400)
    status, message, hint = as_user(make_other, home)
    assert status == "FAILED_PRECONDITION"
    assert message == f"The anchor {anchor} cannot be opened: it is not writable."
    assert "must be writable" in hint
    assert as_user(encrypt, home) == "done"
    assert as_user(whole, home) == [["db"], []]


def test_an_anchor_that_fails_after_the_commit_says_what_was_done(home: Path) -> None:
    assert as_user(make_key, home) == "made"
    anchor = home / "config" / "store" / "anchor"

    def make_while_it_becomes_read_only(kms: Kms) -> str:
        def probe(step: str) -> None:
            if step == "anchor.before":
                anchor.chmod(0o400)

        return make_other(Kms(kms.data_directory, kms.secrets_directory, probe=probe))

    status, message, hint = as_user(make_while_it_becomes_read_only, home)
    assert status == "FAILED_PRECONDITION"
    assert message.startswith(f"The anchor {anchor} cannot be opened: Permission denied.")
    assert message.endswith("The change itself was made.")
    assert "no need to repeat it" in hint
    assert as_user(whole, home) == [["db", "other"], []]


@pytest.mark.parametrize("name", ["root-key", "anchor"])
def test_a_secret_that_cannot_be_read_is_named(home: Path, name: str) -> None:
    assert as_user(make_key, home) == "made"
    file = home / "config" / "store" / name
    file.chmod(0o000)
    status, message, _ = as_user(encrypt, home)
    assert status == "FAILED_PRECONDITION"
    assert str(file) in message
    assert "Permission denied" in message or "not writable" in message
    file.chmod(0o600)
    assert as_user(encrypt, home) == "done"


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: giving a store to somebody else needs root")
@pytest.mark.parametrize(
    "part", ["config/store", "config/store/anchor", "data", "data/locations/us-east1.db"]
)
def test_what_belongs_to_somebody_else_is_refused(home: Path, part: str) -> None:
    assert as_user(make_key, home) == "made"
    os.chown(home / part, NOBODY - 1, NOBODY)
    if (home / part).is_dir():
        (home / part).chmod(0o700)
    refused = as_user(encrypt, home)
    assert refused[0] == "FAILED_PRECONDITION"
    assert f"{home / part} belongs to uid {NOBODY - 1}, not to you (uid {NOBODY})." in refused[1]
