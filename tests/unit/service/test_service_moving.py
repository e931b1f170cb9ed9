"""Key rings that move from one store to another."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import (
    AlreadyExists,
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    KmsError,
    PermissionDenied,
)
from kmsctl.model.asymmetric_requests import AsymmetricSignRequest
from kmsctl.model.iam_resources import IamRole
from kmsctl.model.names import CryptoKeyName, ProjectName
from kmsctl.model.policies import Binding, Policy
from kmsctl.service.unlocking import Container
from tests.unit.service.test_service_planted_bytes import spellings
from tests.unit.service.world import DAY, HOUR, KEY, OWNER, P256, PROJECT, RING, STRANGER, World, spec

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.service.departures import Movement

SIGN = CryptoKeyName(RING, "sign")


@pytest.fixture
def source(tmp_path: Path) -> World:
    made = World(tmp_path / "source")
    made.make_key(destroy_scheduled_duration=DAY, labels={"a": "b"})
    made.kms.create_crypto_key(OWNER, SIGN, spec(P256))
    return made


@pytest.fixture
def target(tmp_path: Path) -> World:
    (tmp_path / "target" / "config").mkdir(parents=True, mode=0o700)
    return World(tmp_path / "target")


def export(source: World, public: bytes) -> bytes:
    pieces: list[bytes] = []
    source.kms.export_key_ring(OWNER, RING, public, pieces.append)
    return b"".join(pieces)


def arrive(target: World, data: bytes, *, with_policies: bool = False) -> Movement:
    container = Container(io.BytesIO(data).read, "the export")
    return target.kms.import_key_ring(OWNER, container, with_policies=with_policies)


def test_a_ring_works_where_it_arrives(source: World, target: World) -> None:
    ciphertext = source.encrypt()
    source.kms.create_crypto_key_version(OWNER, KEY)
    source.kms.update_crypto_key_version(OWNER, KEY.version(2), "DISABLED")
    moved = arrive(target, export(source, target.kms.get_store_public_key(OWNER)))
    assert (moved.keys, moved.versions, moved.metadata_only) == (2, 3, [])
    assert target.decrypt(ciphertext) == b"text"
    assert target.state(2) == "DISABLED"
    before = source.kms.get_public_key(OWNER, SIGN.version(1)).data
    assert target.kms.get_public_key(OWNER, SIGN.version(1)).data == before
    target.kms.asymmetric_sign(OWNER, AsymmetricSignRequest(SIGN.version(1), data=b"data"))
    assert dict(target.kms.get_crypto_key(OWNER, KEY).labels) == {"a": "b"}
    for world in (source, target):
        assert world.kinds() == set()
    assert source.records()[-1]["protoPayload"]["methodName"] == "ExportKeyRing"
    record = target.records()[-1]["protoPayload"]
    assert record["methodName"] == "ImportKeyRing"
    assert record["request"]["fileDigest"] == moved.digest


def test_no_key_bytes_show_on_the_way(source: World, target: World) -> None:
    data = export(source, target.kms.get_store_public_key(OWNER))
    for secret in source.random.drawn + target.random.drawn:  # type: ignore[attr-defined]
        if len(secret) == 32:
            assert not any(spelling in data for spelling in spellings(secret))


def test_destroyed_versions_travel_as_metadata(source: World, target: World) -> None:
    source.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    source.clock.now += DAY + HOUR
    target.clock.now = source.clock.now
    moved = arrive(target, export(source, target.kms.get_store_public_key(OWNER)))
    assert moved.metadata_only == [KEY.version(1).text]
    assert target.state() == "DESTROYED"
    assert target.kinds() == set()


def test_a_key_that_is_not_exportable_stays_for_good(source: World, target: World) -> None:
    public = target.kms.get_store_public_key(OWNER)
    assert source.kms.update_crypto_key(OWNER, KEY, {"not_exportable": True}).not_exportable
    with pytest.raises(FailedPrecondition, match="never to be exported"):
        export(source, public)
    with pytest.raises(InvalidArgument):
        source.kms.update_crypto_key(OWNER, KEY, {"not_exportable": False})
    other = CryptoKeyName(RING, "other")
    source.kms.create_crypto_key(OWNER, other, spec(not_exportable=True))
    assert source.kms.get_crypto_key(OWNER, other).not_exportable


def test_only_the_store_that_it_is_for_can_import_it_and_only_once(source: World, target: World) -> None:
    data = export(source, target.kms.get_store_public_key(OWNER))
    source.kms.get_store_public_key(OWNER)
    with pytest.raises(FailedPrecondition, match="not sealed to this store's public key"):
        arrive(source, data)
    arrive(target, data)
    before = target.generation()
    with pytest.raises(AlreadyExists):
        arrive(target, data)
    assert target.generation() == before


def test_an_altered_export_is_refused_and_leaves_nothing(source: World, target: World) -> None:
    data = export(source, target.kms.get_store_public_key(OWNER))
    step = max(1, len(data) // 60)
    for place in range(0, len(data), step):
        altered = bytearray(data)
        altered[place] ^= 4
        with pytest.raises(KmsError):
            arrive(target, bytes(altered))
        with pytest.raises((IntegrityError, InvalidArgument, FailedPrecondition)):
            arrive(target, data[:place])
    assert target.kms.find_store().names() == ["control"]  # type: ignore[union-attr]
    arrive(target, data)


def test_policies_travel_only_if_they_are_asked_for(source: World, tmp_path: Path) -> None:
    granted = Policy([Binding("roles/cloudkms.viewer", ["user:a@example.com"])], [], "")
    source.kms.set_iam_policy(OWNER, KEY, granted, ["bindings"])
    for name, with_policies in (("one", False), ("two", True)):
        (tmp_path / name / "config").mkdir(parents=True, mode=0o700)
        target = World(tmp_path / name)
        data = export(source, target.kms.get_store_public_key(OWNER))
        arrive(target, data, with_policies=with_policies)
        found = target.kms.get_iam_policy(OWNER, KEY)
        assert [binding.role for binding in found.bindings] == ["roles/cloudkms.viewer"] * with_policies


@pytest.mark.parametrize(
    ("binding", "missing"),
    [
        (
            Binding("roles/cloudkms.viewer", ["group:team@example.com"]),
            r"Group team@example\.com does not exist",
        ),
        (Binding(f"projects/{PROJECT}/roles/reader", ["user:a@example.com"]), r"Role .* is not supported"),
    ],
)
def test_a_policy_that_names_what_others_could_make_here_does_not_arrive(
    source: World, target: World, binding: Binding, missing: str
) -> None:
    """Whoever made a project of their own could else make the group, and be in it."""
    source.kms.create_group(OWNER, ProjectName(PROJECT), "team@example.com")
    source.kms.create_custom_role(
        OWNER, ProjectName(PROJECT), "reader", IamRole("", "", "", "GA", ["cloudkms.cryptoKeys.get"])
    )
    account = source.kms.create_service_account(OWNER, ProjectName(PROJECT), "runner").email
    gone = Binding("roles/cloudkms.admin", [f"serviceAccount:{account}"])
    source.kms.set_iam_policy(OWNER, KEY, Policy([binding, gone], [], ""), ["bindings"])
    data = export(source, target.kms.get_store_public_key(OWNER))
    with pytest.raises(InvalidArgument, match=missing):
        arrive(target, data, with_policies=True)
    assert list(target.kms.list_key_rings(OWNER, RING.parent)) == []
    target.kms.create_group(OWNER, ProjectName(PROJECT), "team@example.com")
    target.kms.create_custom_role(OWNER, ProjectName(PROJECT), "reader", IamRole("", "", "", "GA", []))
    arrive(target, data, with_policies=True)
    found = target.kms.get_iam_policy(OWNER, KEY).bindings
    assert found[0].members == binding.members
    assert found[1].members[0].startswith("deleted:serviceAccount:runner@")  # it is none of this store
    assert target.kinds() == set()


def test_a_public_key_that_is_not_the_private_key_s_is_refused(
    source: World, target: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kmsctl.service import departures

    plain = departures._plain

    def lie(row: object, *without: str) -> dict[str, object]:
        found = plain(row, *without)  # type: ignore[arg-type]
        if found.get("public"):
            found["public"] = found["public"][:-2] + "00"
        return found

    monkeypatch.setattr(departures, "_plain", lie)
    data = export(source, target.kms.get_store_public_key(OWNER))
    with pytest.raises(IntegrityError, match="does not belong to its private key"):
        arrive(target, data)
    assert target.kms.find_store().names() == ["control"]  # type: ignore[union-attr]


def test_permissions(source: World, target: World) -> None:
    public = target.kms.get_store_public_key(OWNER)
    with pytest.raises(PermissionDenied, match=r"kmsctl\.store\.export"):
        source.kms.export_key_ring(STRANGER, RING, public, lambda _: None)
    data = export(source, public)
    target.make_key(CryptoKeyName(RING.__class__(RING.parent, "mine"), "key"))
    container = Container(io.BytesIO(data).read, "the export")
    with pytest.raises(PermissionDenied, match=r"kmsctl\.store\.import"):
        target.kms.import_key_ring(STRANGER, container)


@pytest.mark.parametrize(
    "public", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_what_is_no_public_key_of_a_store(source: World, public: bytes) -> None:
    with pytest.raises(InvalidArgument, match="no public key"):
        export(source, public)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("purpose", 6),
        ("purpose", 99),
        ("algorithm", 12345),
        ("protection_level", 7),
        ("primary_version", 9),
        ("rotation_period", 0),
        ("labels", "A=b"),
        ("labels", "no labels"),
        ("policy", "rubbish"),
        ("name", "../../etc"),
        ("create_time", -1),
        ("create_time", 1 << 62),
        ("last_version", 99),
        ("state", 4711),
        ("uid", "00"),
        ("material", "00"),
        ("number", 2),
        ("extra", 1),
        ("generate_time", [1]),
        ("import_only", None),
        ("import_job", 7),
        ("import_job", ""),
        ("import_failure_reason", 7),
        ("import_failure_reason", "\x1b[31m"),
        ("import_failure_reason", "\ud800"),
        ("generation_failure_reason", "x" * 1001),
        ("allowed_access_reasons", "WHATEVER"),
        ("allowed_access_reasons", "\ud800"),
        ("destroy_scheduled_duration", 121 * DAY),
        ("destroy_time", 1 << 59),
    ],
)
def test_what_was_made_up_is_refused(
    source: World, target: World, monkeypatch: pytest.MonkeyPatch, column: str, value: object
) -> None:
    from kmsctl.service import departures

    write = departures._write

    def lie(writer: Any, record: dict[str, Any]) -> None:
        write(writer, {**record, column: value} if column in record or column == "extra" else record)

    monkeypatch.setattr(departures, "_write", lie)
    data = export(source, target.kms.get_store_public_key(OWNER))
    with pytest.raises(IntegrityError, match=r"cannot be imported|changed or cut off"):
        arrive(target, data)
    assert target.kms.find_store().names() == ["control"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        {"keyRing": 7},
        {"keyRing": "projects/p"},
        {"ring": []},
        {"ring": {"create_time": 1 << 60, "tags": "", "policy": ""}},
        {"ring": {"create_time": True, "tags": "", "policy": ""}},
        {"keys": "many"},
        {"keys": 1 << 40},
        {"more": "x" * (1 << 21)},
    ],
    ids=str,
)
def test_a_manifest_that_was_made_up_is_refused(
    source: World, target: World, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    from kmsctl.service import departures

    made = departures._manifest
    monkeypatch.setattr(departures, "_manifest", lambda *args: {**made(*args), **change})
    data = export(source, target.kms.get_store_public_key(OWNER))
    with pytest.raises(IntegrityError, match=r"cannot be imported|changed or cut off"):
        arrive(target, data)
    assert target.kms.find_store().names() == ["control"]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", [b"[" * 50_000, b"no JSON", b"[]", b"\xff"])
def test_a_manifest_that_is_none_is_refused(source: World, target: World, text: bytes) -> None:
    """Neither as a manifest, which has to be opened first, nor in the header, which anybody can write."""
    import zlib

    from kmsctl.crypto.integrity import digest
    from kmsctl.crypto.streams import Sealer
    from kmsctl.keystore.containers import BACKUP, Header
    from kmsctl.service import departures, transport
    from kmsctl.service.unlocking import Unlock

    sealed = transport.seal(target.kms.get_store_public_key(OWNER), bytes(32))
    header = departures._header(target.kms, bytes(16), sealed)
    pieces = [header.encode()]
    sealer = Sealer(bytes(32), digest(header.encode()), pieces.append)
    sealer.write(zlib.compress(len(text).to_bytes(4, "big") + text))
    sealer.finish()
    with pytest.raises(IntegrityError, match="changed or cut off"):
        arrive(target, b"".join(pieces))
    data = Header(BACKUP, target.database("control")._keys.store_id, bytes(16), text).encode()
    with pytest.raises(IntegrityError, match="changed or cut off"):
        target.kms.verify_backup(
            OWNER, Container(io.BytesIO(data).read, "it"), Unlock(), manifest=lambda _: None
        ).__next__()
