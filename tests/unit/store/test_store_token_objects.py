"""What a restored copy keeps of the token objects that the replaced database knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kmsctl.store import token_objects
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, Row
from tests.unit.store.stores import PLACE, store_in

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.store.snapshot import Transaction

TOKEN = token_objects.TokenName("label", "serial", "module")


def doomed(transaction: Transaction, cka_id: bytes) -> Row:
    """Adds the object of a version, which is to be removed."""
    owner = Row(CRYPTO_KEY_VERSIONS, 1, {}, b"")
    row = token_objects.insert(transaction, owner, "a version", cka_id, TOKEN, "C_GenerateKey")
    token_objects.doom(transaction, row)
    return row


def test_what_is_to_be_removed_is_carried_beside_what_has_its_number(tmp_path: Path) -> None:
    copy, live = (store_in(tmp_path / name).open(PLACE) for name in ("copy", "live"))
    with live.write() as transaction:
        first = doomed(transaction, b"live")
    with copy.write() as transaction, live.read() as snapshot:
        second = doomed(transaction, b"copy")
        assert first.id == second.id
        assert token_objects.carry(transaction, snapshot) == []
    with copy.read() as snapshot:
        found = token_objects.doomed(snapshot)
    assert sorted(row.blob("cka_id") for row in found) == [b"copy", b"live"]
    assert [row.integer("row_id") for row in found] == [row.id for row in found]
