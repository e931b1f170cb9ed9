"""Reading the logs, and removing what is old."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import (
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    StoreFull,
)
from kmsctl.model.log_filters import parse
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName, ProjectName
from kmsctl.model.policies import AuditConfig, Binding, Policy
from kmsctl.service import audit
from kmsctl.service.context import Context
from kmsctl.service.log_query import compile_test
from tests.unit.service.world import DAY, KEY, MINUTE, OWNER, PLACE, RING, START, STRANGER, World

if TYPE_CHECKING:
    from collections.abc import Iterator


ABROAD = KeyRingName(LocationName("acme", "global"), "ring")
OTHERS = KeyRingName(LocationName("other", PLACE), "ring")
ANN = Context("ann@example.com")


def methods(entries: Iterator[dict[str, Any]]) -> list[str]:
    return [entry["protoPayload"]["methodName"] for entry in entries]


def read(world: World, text: str = "", **more: Any) -> list[str]:
    return methods(world.kms.list_log_entries(OWNER, ["acme"], text, **more))


@pytest.fixture
def busy(keyed: World) -> World:
    """A store with records a minute apart, in two locations and two projects."""
    for act in (
        lambda: keyed.kms.create_crypto_key_version(OWNER, KEY),
        lambda: keyed.kms.create_key_ring(OWNER, ABROAD),
        lambda: keyed.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED"),
        lambda: keyed.kms.create_key_ring(Context("somebody@example.com"), OTHERS),
        lambda: keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(1)),
    ):
        keyed.clock.now += MINUTE
        act()
    return keyed


ALL = [
    "DestroyCryptoKeyVersion",
    "UpdateCryptoKeyVersion",
    "CreateKeyRing",
    "CreateCryptoKeyVersion",
    "CreateCryptoKey",
    "CreateKeyRing",
    "CreateProject",
]


def test_entries_of_all_logs_are_merged_by_time(busy: World) -> None:
    assert read(busy) == ALL
    assert read(busy, order="asc") == ["CreateProject", *ALL[-2:-8:-1]]
    assert read(busy, limit=2) == ALL[:2]
    assert read(busy, order="asc", limit=1) == ["CreateProject"]
    assert read(busy, location="global") == ["CreateKeyRing"]
    assert read(busy, location="control") == ["CreateProject"]
    assert read(busy, since=START + 2 * MINUTE) == ALL[:3]
    assert len(methods(busy.kms.list_log_entries(OWNER, ["acme", "acme"]))) == len(ALL)


def test_long_logs_are_read_in_pages(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kmsctl.service.log_entries._PAGE", 2)
    assert read(busy) == ALL
    assert sorted(read(busy, order="asc")) == sorted(ALL)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("protoPayload.methodName=createkeyring", 2),
        ("protoPayload.methodName=(CreateKeyRing OR CreateCryptoKey)", 3),
        ('protoPayload.methodName!="CreateKeyRing"', 5),
        ("protoPayload.methodName=~^Create", 5),
        ("protoPayload.methodName!~^Create", 2),
        ("protoPayload.methodName:VERSION", 3),
        ("resource.labels.crypto_key_id=key", 4),
        ("resource.labels.crypto_key_id:*", 4),
        ("NOT resource.labels.crypto_key_id:*", 3),
        ("resource.labels.crypto_key_id!=key", 0),
        ("NOT resource.labels.crypto_key_id=key", 3),
        ("resource.labels.crypto_key_version_id=1", 2),
        ("resource.labels.crypto_key_version_id<2", 2),
        ("resource.labels:location", 6),
        ("resource.type=cloudkms_cryptokeyversion", 2),
        ("protoPayload.authorizationInfo.permission:destroy", 1),
        ("protoPayload.authorizationInfo.granted=true", 6),
        ("protoPayload.authenticationInfo.principalEmail=OWNER@example.com", 7),
        (f'protoPayload.resourceName="{KEY}"', 2),
        ('timestamp>="2030-01-01T00:02:00Z"', 3),
        ("timestamp<=2030-01-01T00:02:00Z", 5),
        ("timestamp>2030-01-01T00:02:00.000000001Z", 2),
        ("timestamp<2030-01-01", 0),
        ("timestamp=2030-01-01", 3),
        ("severity=NOTICE", 7),
        ("severity>=warning", 0),
        ("severity<400", 7),
        ("severity!=NOTICE", 0),
        ('log_id("cloudaudit.googleapis.com/activity")', 7),
        ("log_id(cloudaudit.googleapis.com%2Factivity)", 7),
        ("log_id(other)", 0),
        ("logName:activity", 7),
        ("textPayload:x", 0),
        ('"cryptoKeys/KEY"', 4),
        ("disabled", 1),
        ("-disabled -destroy", 5),
        ("global OR project", 7),
    ],
)
def test_filters(busy: World, text: str, found: int) -> None:
    assert len(read(busy, text)) == found


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("timestamp>soon", 11),
        ("severity>=BAD", 11),
        ('insertId=~"("', 11),
        ("insertId=a thud=1", 12),
    ],
)
def test_values_that_make_no_sense_are_refused_at_their_column(busy: World, text: str, column: int) -> None:
    with pytest.raises(InvalidArgument, match=rf"^filter: column {column}: "):
        read(busy, text)


@pytest.mark.parametrize("text", ["aaa!", "aaa", "\ud800aaa", ""])
@pytest.mark.parametrize("installed", [True, False])
def test_patterns_are_looked_for_whether_or_not_re2_is_there(
    monkeypatch: pytest.MonkeyPatch, text: str, *, installed: bool
) -> None:
    if not installed:
        monkeypatch.setitem(sys.modules, "re2", None)
    for pattern, found in (("^a+$", text == "aaa"), ("a", "a" in text), ("\\x{", None), ("\u00e9", False)):
        filter_ = parse(f'insertId=~"{pattern}"')
        if found is None:
            with pytest.raises(InvalidArgument, match="the regular expression makes no sense"):
                compile_test(filter_)
        else:
            assert compile_test(filter_)({"insertId": text}) is found


def test_no_pattern_takes_for_ever() -> None:
    """What only a search that goes back and tries again can do is refused: that could take for ever."""
    with pytest.raises(InvalidArgument, match="invalid perl operator"):
        compile_test(parse('insertId=~"(?=a)"'))
    assert not compile_test(parse('insertId=~"^(a+)+$"'))({"insertId": "a" * 5000 + "!"})


def test_what_else_makes_no_sense(busy: World) -> None:
    for more, error in (
        ({"order": "up"}, InvalidArgument),
        ({"limit": 0}, InvalidArgument),
        ({"location": "europe-west9"}, NotFound),
        ({"location": "../control"}, InvalidArgument),
    ):
        with pytest.raises(error):
            read(busy, **more)


def test_there_is_nothing_to_read_where_there_is_no_store(world: World) -> None:
    assert read(world) == []
    with pytest.raises(FailedPrecondition):
        world.kms.export_logs(OWNER)


def grant(world: World, role: str) -> None:
    bindings = [Binding("roles/owner", ["user:owner@example.com"]), Binding(role, ["user:ann@example.com"])]
    world.kms.set_iam_policy(OWNER, ProjectName("acme"), Policy(bindings), ["bindings"])


def test_only_projects_that_the_caller_may_read_are_read(busy: World) -> None:
    for ctx, projects in ((STRANGER, ["acme"]), (OWNER, ["other"]), (OWNER, ["acme", "other"])):
        with pytest.raises(PermissionDenied, match=r"logging\.logEntries\.list"):
            list(busy.kms.list_log_entries(ctx, projects))
    grant(busy, "roles/cloudkms.admin")
    with pytest.raises(PermissionDenied):
        list(busy.kms.list_log_entries(ANN, ["acme"]))
    grant(busy, "roles/logging.viewer")
    assert "CreateCryptoKey" in methods(busy.kms.list_log_entries(ANN, ["acme"]))


def test_data_access_is_shown_to_those_who_may_see_it(busy: World) -> None:
    config = AuditConfig("allServices", {"DATA_READ": ()})
    busy.kms.set_iam_policy(OWNER, ProjectName("acme"), Policy([], [config]), ["auditConfigs"])
    busy.encrypt(KEY.version(2))
    assert "Encrypt" in read(busy)
    grant(busy, "roles/logging.viewer")
    assert "Encrypt" not in methods(busy.kms.list_log_entries(ANN, ["acme"]))
    assert methods(busy.kms.list_log_entries(ANN, ["acme"], "protoPayload.methodName=Encrypt")) == []
    grant(busy, "roles/logging.privateLogViewer")
    assert "Encrypt" in methods(busy.kms.list_log_entries(ANN, ["acme"]))
    # Reading the logs is data access as well.
    record = busy.records("control")[-1]["protoPayload"]
    assert record["methodName"] == "ListLogEntries"
    assert record["serviceName"] == "logging.googleapis.com"


def test_what_is_of_no_project_is_shown_with_the_first(busy: World) -> None:
    with pytest.raises(PermissionDenied):
        busy.kms.store_status(STRANGER)
    assert "StoreStatus" in read(busy, "severity=ERROR")
    other = Context("somebody@example.com")
    assert "StoreStatus" not in methods(busy.kms.list_log_entries(other, ["other"]))


def test_maintenance_records_what_refusals_were_counted(keyed: World) -> None:
    for _ in range(5):
        with pytest.raises(PermissionDenied):
            keyed.kms.get_crypto_key(STRANGER, KEY)
    assert len(keyed.records()) == 3
    keyed.clock.now += 2 * MINUTE
    keyed.maintain()
    assert keyed.records()[-1]["protoPayload"]["metadata"]["repeats"] == "4"
    count = len(keyed.records())
    keyed.maintain()
    assert len(keyed.records()) == count


# Retention


def test_old_records_are_removed_and_what_is_left_is_verified(busy: World) -> None:
    before = list(busy.kms.export_logs(OWNER))
    busy.clock.now = START + 100 * DAY
    busy.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "later"))
    removed = busy.kms.remove_log_entries(OWNER, START + DAY)
    assert removed == {"control": 2, "global": 1, PLACE: 6}
    assert busy.kinds() == {"PURGE_PENDING"}
    assert list(busy.kms.verify_logs(OWNER)) == []
    record = busy.records()[-1]["protoPayload"]
    assert record["methodName"] == "RetainLogs"
    assert record["request"] == {"before": "2030-01-02T00:00:00Z", "removed": "6", "remaining": "1"}
    assert methods(busy.kms.list_log_entries(OWNER, ["acme"])).count("CreateKeyRing") == 1
    # Another time there is nothing to remove, and so nothing to record.
    count = len(busy.records())
    assert set(busy.kms.remove_log_entries(OWNER, START + DAY).values()) == {0}
    assert len(busy.records()) == count
    busy.kms.close()
    for line in before[2:]:
        for path in busy.files_of():
            assert not path.exists() or line.strip().encode() not in path.read_bytes()


def test_nothing_is_removed_behind_a_record_that_was_changed(busy: World) -> None:
    busy.kms.close()
    busy.sql("UPDATE audit SET record = replace(record, 'owner@', 'nobody@') WHERE sequence = 2")
    count = len(busy.records())
    with pytest.raises(IntegrityError, match="Audit record 2 "):
        busy.kms.remove_log_entries(OWNER, START + DAY, PLACE)
    busy.kms.close()
    assert len(busy.records()) == count


def test_a_removal_whose_record_cannot_be_kept_is_undone(
    busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise StoreFull("no room")

    count = len(busy.records())
    monkeypatch.setattr(audit, "append_store", full)
    with pytest.raises(StoreFull):
        busy.kms.remove_log_entries(OWNER, START + DAY, PLACE)
    assert len(busy.records()) == count
    assert busy.verify() == []


def test_only_whoever_owns_the_store_may_remove_export_and_verify(busy: World) -> None:
    grant(busy, "roles/editor")
    for act in (
        lambda: busy.kms.remove_log_entries(ANN, START),
        lambda: busy.kms.export_logs(ANN),
        lambda: list(busy.kms.verify_logs(ANN)),
        lambda: busy.kms.describe_logs(ANN),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_filters_of_keys_in_other_letters(busy: World) -> None:
    busy.make_key(CryptoKeyName(RING, "Key"))
    assert len(read(busy, f'protoPayload.resourceName="{RING}/cryptoKeys/KEY"')) == 3
