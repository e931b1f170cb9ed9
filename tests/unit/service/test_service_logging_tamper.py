"""Whoever changes a log without its keys is found out, and what was changed is named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kmsctl.errors import IntegrityError, InvalidArgument, RollbackError
from kmsctl.model.names import ProjectName
from kmsctl.service import log_proof
from tests.unit.service.world import DAY, KEY, OWNER, PLACE, START, World

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 9
#: Rewrites record n as somebody without the keys can: its tag is that of the record as it was.
EDIT = "UPDATE audit SET record = replace(record, 'owner@', 'nobody@') WHERE sequence = {}"


@pytest.fixture
def logged(keyed: World) -> World:
    """A log of nine records."""
    for state in ("DISABLED", "ENABLED") * 3 + ("DISABLED",):
        keyed.clock.now += DAY
        keyed.kms.update_crypto_key_version(OWNER, KEY.version(1), state)
    assert len(keyed.records()) == COUNT
    keyed.kms.close()
    return keyed


def found(world: World, checkpoint: str = "") -> list[tuple[str, str]]:
    """Returns (kind, message) of what is found in the log of the location; control's is whole."""
    findings = list(world.kms.verify_logs(OWNER, checkpoint=checkpoint))
    assert {each.resource for each in findings} <= {PLACE}
    return [(each.kind, each.message) for each in findings]


def test_a_log_that_nobody_touched_is_whole(logged: World) -> None:
    assert found(logged) == []


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_every_edited_record_is_named(logged: World, number: int) -> None:
    logged.sql(EDIT.format(number))
    assert found(logged) == [("EDITED", f"Record {number} was changed.")]


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_every_removed_record_is_named(logged: World, number: int) -> None:
    logged.sql(f"DELETE FROM audit WHERE sequence = {number}")
    assert found(logged) == [("REMOVED", f"Record {number} was removed.")]


@pytest.mark.parametrize("number", range(2, COUNT + 1))
def test_every_truncation_is_named(logged: World, number: int) -> None:
    logged.sql(f"DELETE FROM audit WHERE sequence >= {number}")
    what = f"Records {number} to {COUNT} were" if number < COUNT else f"Record {COUNT} was"
    assert found(logged) == [("REMOVED", f"{what} removed.")]


@pytest.mark.parametrize("number", range(1, COUNT))
def test_every_two_records_that_were_swapped_are_named(logged: World, number: int) -> None:
    logged.sql(
        f"UPDATE audit SET sequence = -1 WHERE sequence = {number}",
        f"UPDATE audit SET sequence = {number} WHERE sequence = {number + 1}",
        f"UPDATE audit SET sequence = {number + 1} WHERE sequence = -1",
    )
    assert found(logged) == [
        ("MOVED", f"In the place of record {number} stands record {number + 1}."),
        ("MOVED", f"In the place of record {number + 1} stands record {number}."),
    ]


def test_several_changes_are_named_each(logged: World) -> None:
    logged.sql(EDIT.format(2), EDIT.format(8), "DELETE FROM audit WHERE sequence IN (4, 5)")
    logged.sql("INSERT INTO audit SELECT 12, time, '', '', 0, '', '', '', record, tag FROM audit LIMIT 1")
    assert [message for _, message in found(logged)] == [
        "Record 2 was changed.",
        "Records 4 to 5 were removed.",
        "Record 8 was changed.",
        "Record 12 is none of this log, which has the records 1 to 9: it was added.",
    ]


def test_a_record_that_is_read_is_checked(logged: World) -> None:
    logged.sql(EDIT.format(3))
    with pytest.raises(IntegrityError, match="Audit record 3 "):
        list(logged.kms.list_log_entries(OWNER, ["acme"]))
    with pytest.raises(IntegrityError, match="Audit record 3 "):
        list(logged.kms.export_logs(OWNER))


def test_nothing_is_signed_where_a_record_is_missing(logged: World) -> None:
    for number in (COUNT, 4):
        logged.sql(f"DELETE FROM audit WHERE sequence = {number}")
        export = logged.kms.export_logs(OWNER, PLACE)
        with pytest.raises(IntegrityError):
            list(export)
        assert export.checkpoints == []
        with pytest.raises(IntegrityError):
            list(logged.kms.export_logs(OWNER, PLACE, since=START + 5 * DAY))


def test_a_log_that_was_rolled_back_is_behind_the_anchor(logged: World, tmp_path: Path) -> None:
    shutil.copytree(logged.path / "data", tmp_path / "older")
    logged.kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED")
    logged.kms.close()
    shutil.rmtree(logged.path / "data")
    shutil.copytree(tmp_path / "older", logged.path / "data", copy_function=shutil.copy2)
    (logged.path / "data").chmod(0o700)
    (logged.path / "data" / "locations").chmod(0o700)
    findings = list(logged.kms.verify_logs(OWNER))
    assert [each.kind for each in findings] == ["ROLLBACK"]


def test_a_checkpoint_shows_what_whoever_has_the_keys_did(logged: World, tmp_path: Path) -> None:
    """The whole directory is put back to an older state, root key and anchor too, and goes on from there."""
    older = logged.copy(tmp_path / "older")
    logged.kms.update_crypto_key_version(OWNER, KEY.version(1), "ENABLED")
    export = logged.kms.export_logs(OWNER)
    list(export)
    checkpoint = "\n".join(export.checkpoints)
    assert found(logged, checkpoint) == []
    ((kind, message),) = found(older, checkpoint)
    assert kind == "DIVERGED"
    assert "was signed for 10 records, but the log has 9" in message
    for _ in range(2):
        older.clock.now += DAY
        older.kms.create_crypto_key_version(OWNER, KEY)
    ((kind, message),) = found(older, checkpoint)
    assert (kind, message[:20]) == ("DIVERGED", "The first 10 records")
    # Where it goes on as it was, an older checkpoint fits.
    logged.kms.create_crypto_key_version(OWNER, KEY)
    assert found(logged, checkpoint) == []
    older.kms.close()


def test_checkpoints_of_records_that_were_removed_for_their_age(logged: World) -> None:
    checkpoints = []
    for _ in range(2):
        export = logged.kms.export_logs(OWNER, PLACE)
        list(export)
        checkpoints += export.checkpoints
        logged.kms.create_crypto_key_version(OWNER, KEY)
    logged.kms.remove_log_entries(OWNER, START + 7 * DAY, PLACE)
    assert found(logged, checkpoints[1]) == []
    logged.clock.now += 30 * DAY
    logged.kms.remove_log_entries(OWNER, START + 10 * DAY, PLACE)
    ((kind, _),) = found(logged, checkpoints[0])
    assert kind == "CANNOT_TELL"
    forged = checkpoints[0].replace("\n9\n", "\n8\n")
    ((kind, _),) = found(logged, forged)
    assert kind == "SIGNATURE"


def test_a_checkpoint_of_another_store_is_none_of_this(logged: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    other.make_key()
    export = other.kms.export_logs(OWNER)
    list(export)
    findings = list(logged.kms.verify_logs(OWNER, checkpoint="\n".join(export.checkpoints)))
    assert [each.kind for each in findings] == ["SIGNATURE", "SIGNATURE"]
    other.kms.close()


def test_an_index_that_hides_a_record_is_found(logged: World) -> None:
    import sqlite3

    connection = sqlite3.connect(logged.database_path(), isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA writable_schema = ON")
    sql = "CREATE INDEX audit_time ON audit (project, time)"
    connection.execute(
        "UPDATE sqlite_master SET sql = ? WHERE name = 'audit_time'", (sql + " WHERE sequence <> 3",)
    )
    connection.close()
    connection = sqlite3.connect(logged.database_path(), isolation_level=None)
    connection.execute("REINDEX audit_time")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'audit_time'", (sql,))
    connection.close()
    assert {kind for kind, _ in found(logged)} == {"INDEX"}
    assert "INDEX_DAMAGED" in logged.kinds()


def test_a_head_that_was_changed_is_found(logged: World) -> None:
    logged.sql("UPDATE audit_head SET removed = 3, removed_edge = edge")
    with pytest.raises((IntegrityError, RollbackError)):
        logged.state()
    assert [each.kind for each in logged.kms.verify_logs(OWNER, PLACE)] == ["DATABASE_DAMAGED"]


# Exports, verified without the store


class Exported:
    """What was exported: lines, the text of the checkpoints, the public keys."""

    def __init__(self, world: World, since: int | None = None) -> None:
        export = world.kms.export_logs(OWNER, since=since)
        self.lines = [line.encode() for line in export]
        self.checkpoint = "\n".join(export.checkpoints)
        self.pem = "".join(each.public_key for each in world.kms.describe_logs(OWNER)).encode()

    def kinds(self) -> list[str]:
        return [each.kind for each in log_proof.verify(self.checkpoint, self.pem, self.lines)]


@pytest.fixture
def exported(logged: World) -> Exported:
    return Exported(logged)


def test_an_export_is_verified_by_public_keys_alone(exported: Exported) -> None:
    assert len(exported.lines) == 1 + COUNT
    assert exported.kinds() == []


def test_a_log_that_is_left_out_with_its_checkpoint_is_told_by_its_key(exported: Exported) -> None:
    found, unused = log_proof.contents(exported.checkpoint, exported.pem)
    control, location = found
    assert [each.count for each in found] == [1, COUNT]
    assert unused == 0
    exported.checkpoint = "\n".join(exported.checkpoint.partition("\nkmsctl/")[0::2][:1])
    exported.lines = exported.lines[:1]
    assert exported.kinds() == []
    left, unused = log_proof.contents(exported.checkpoint, exported.pem)
    assert [each.origin for each in left] == [control.origin] != [location.origin]
    assert unused == 1


@pytest.mark.parametrize("place", range(1 + COUNT))
def test_every_change_of_an_export_is_found(exported: Exported, place: int) -> None:
    lines = list(exported.lines)
    exported.lines[place] = lines[place].replace(b"owner@", b"nobody@")
    assert exported.kinds() == ["EDITED"]
    exported.lines = lines[:place] + lines[place + 1 :]
    assert exported.kinds() != []
    exported.lines = [*lines[:place], lines[place], *lines[place:]]
    assert exported.kinds() != []
    exported.lines = lines[:place]
    assert "REMOVED" in exported.kinds()
    if place > 1:
        exported.lines = list(lines)
        exported.lines[place - 1], exported.lines[place] = lines[place], lines[place - 1]
        assert "EDITED" in exported.kinds() or "MOVED" in exported.kinds()


def test_what_is_wrong_with_one_log_of_an_export_is_not_said_of_the_next(logged: World) -> None:
    logged.kms.create_project(OWNER, ProjectName("more"))
    export = Exported(logged)
    whole = list(export.lines)
    for lines in (whole[1:], whole[:1] + whole[2:], [whole[1], whole[0], *whole[2:]]):
        export.lines = lines
        found = list(log_proof.verify(export.checkpoint, export.pem, lines))
        assert {each.resource.rpartition("/")[2] for each in found} == {"control"}
    assert [each.message for each in log_proof.verify(export.checkpoint, export.pem, whole[:-1])] == [
        f"Record {len(whole) - 2} is missing."
    ]


def test_a_part_of_a_log_is_verified_as_well(logged: World) -> None:
    export = Exported(logged, START + 5 * DAY)
    assert len(export.lines) == 3
    assert export.kinds() == []
    export.lines.pop(0)
    assert export.kinds() != []
    later = Exported(logged, START + 500 * DAY)
    assert (later.lines, later.kinds()) == ([], [])


def test_an_export_after_old_records_were_removed(logged: World) -> None:
    whole = Exported(logged)
    logged.kms.remove_log_entries(OWNER, START + 5 * DAY, PLACE)
    left = Exported(logged)
    assert len(left.lines) == 5
    assert left.kinds() == []
    assert whole.kinds() == []
    assert "\nfirst 7\n" in left.checkpoint


def test_a_changed_checkpoint_is_found(exported: Exported) -> None:
    text = exported.checkpoint
    for old, new in (("\n9\n", "\n8\n"), ("time 2030", "time 2031"), ("epoch ", "epoch 00")):
        exported.checkpoint = text.replace(old, new, 1)
        try:
            kinds = exported.kinds()
        except InvalidArgument as error:
            kinds = ["SIGNATURE" if "this is no checkpoint" in error.message else ""]
        assert "SIGNATURE" in kinds
    exported.checkpoint = text
    exported.pem = b"".join(exported.pem.partition(b"-----END PUBLIC KEY-----\n")[:2])
    assert exported.kinds() == ["SIGNATURE"]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a\nb\n", "kmsctl/x/y\n1\nAAAA\nfirst 1\n\n\u2014 a b\n", "\ufeff"]
)
def test_what_is_no_checkpoint_is_refused(exported: Exported, text: str) -> None:
    exported.checkpoint = text
    with pytest.raises(InvalidArgument, match=r"^checkpoint: "):
        exported.kinds()


@pytest.mark.parametrize(
    "pem", [b"", b"text", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_what_is_no_public_key_is_refused(exported: Exported, pem: bytes) -> None:
    exported.pem = pem
    with pytest.raises(InvalidArgument, match=r"^public-key: "):
        exported.kinds()
