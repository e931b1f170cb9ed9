"""Token objects: what a PKCS#11 token holds, or is about to hold, of a version or an import job.

A row is written before its object is made in the token, and goes after the object has gone from there: a
crash leaves no object behind that nobody knows of. Nothing in a row is secret.
"""

from __future__ import annotations

from kmsctl.errors import IntegrityError
from kmsctl.model import states
from kmsctl.store import scrub
from kmsctl.store.tables import CRYPTO_KEY_VERSIONS, TOKEN_OBJECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

_DESTROYED = states.STATE_NUMBERS[states.DESTROYED]

#: The object is about to be made; whether it is there, only the token knows.
INTENT = 1
#: The object is there, and its version or import job may be used.
LIVE = 2
#: The object, if it is there, is to be removed from the token.
DOOMED = 3


class TokenName:
    """Which token holds an object: what is remembered of its `identity`.

    Attributes:
        label, serial: of the token; the serial is empty where the module gives none.
        module: the file that it was reached through when the object was made. It is shown, never loaded.
    """

    __slots__ = ("label", "module", "serial")

    def __init__(self, label: str, serial: str, module: str) -> None:
        self.label = label
        self.serial = serial
        self.module = module

    def __str__(self) -> str:
        return f"'{self.label}' (serial {self.serial})" if self.serial else f"'{self.label}'"


def insert(
    transaction: Transaction, owner: Row, resource: str, cka_id: bytes, token: TokenName, operation: str
) -> Row:
    """Records that the object of a version or an import job, the `resource`, is about to be made.

    `operation` is the function of the module that makes it, such as ``C_GenerateKey``.
    """
    return transaction.insert(
        TOKEN_OBJECTS,
        {
            "tbl": owner.table.number,
            "row_id": owner.id,
            "resource": resource,
            "cka_id": cka_id,
            "label": token.label,
            "serial": token.serial,
            "module": token.module,
            "operation": operation,
            "state": INTENT,
            "attempts": 1,
            "since": transaction.now,
            "encryptions": 0,
            "attestation": None,
        },
    )


def find(snapshot: Snapshot, owner: Row) -> Row | None:
    """Returns the row of an owner's object, or None if it has none that is not doomed."""
    label = f"The token object of row {owner.id} of {owner.table.name}"
    return snapshot.find(TOKEN_OBJECTS, label, tbl=owner.table.number, row_id=owner.id)


def of(snapshot: Snapshot, owner: Row, label: str) -> Row:
    """Returns the row of an owner's object.

    Raises:
        IntegrityError: if there is none; `label` names the owner in it.
    """
    row = find(snapshot, owner)
    if row is None:
        raise IntegrityError(
            f"Which object of which token {label} has is missing: it was removed outside kmsctl.",
            hint="Bring the store back from a backup; kmsctl store verify tells what else is affected.",
        )
    return row


def by_cka_id(snapshot: Snapshot, cka_id: bytes) -> Row | None:
    """Returns the row of the object with this ``CKA_ID``."""
    return snapshot.find(TOKEN_OBJECTS, f"The token object {cka_id.hex()}", cka_id=cka_id)


def token_of(row: Row) -> TokenName:
    """Returns the token that an object is in."""
    return TokenName(row.text("label"), row.text("serial"), row.text("module"))


def confirm(transaction: Transaction, row: Row, *, attestation: bytes, encryptions: int = 0) -> None:
    """Records that an object is in its token and does what it has to."""
    # A restore may have brought the intent back, of an object that has served since.
    most = max(encryptions, row.integer("encryptions"))
    transaction.update(row, state=LIVE, attestation=attestation, encryptions=most)


def doom(transaction: Transaction, row: Row) -> None:
    """Records that an object is to be removed from its token; its owner has none from now on."""
    transaction.update(row, state=DOOMED, tbl=0, row_id=row.id, since=transaction.now, attestation=None)


def doomed(snapshot: Snapshot) -> list[Row]:
    """Returns the objects that are to be removed, oldest first."""
    return snapshot.scan(TOKEN_OBJECTS, "state = 3 ORDER BY since, id", ())  # as in the partial index


def bury(transaction: Transaction) -> None:
    """Records of a copy in which versions were buried that their objects are to be removed."""
    sql = (
        "SELECT o.cka_id FROM token_objects AS o JOIN crypto_key_versions AS v ON v.id = o.row_id "
        "WHERE o.tbl = ? AND v.state = ? ORDER BY o.id"
    )
    for (cka_id,) in transaction.connection.all(sql, (CRYPTO_KEY_VERSIONS.number, _DESTROYED)):
        row = by_cka_id(transaction, cka_id) if isinstance(cka_id, bytes) else None
        if row is not None:
            doom(transaction, row)


def renew(copy: Transaction, random: Callable[[int], bytes]) -> None:
    """Gives what was about to be made when a copy was taken another ``CKA_ID``.

    It was made since, perhaps, and has served: to make it anew under its id would destroy it.
    """
    for row in copy.scan(TOKEN_OBJECTS, "state = 1 ORDER BY id", ()):
        copy.update(row, cka_id=random(len(row.blob("cka_id"))))


def carry(copy: Transaction, live: Snapshot) -> list[tuple[str, TokenName, bytes]]:
    """Keeps in a copy what the database that it replaces knows of tokens, which nothing takes back.

    How often a key has encrypted never becomes less, and what is to be removed still is. Rows of a damaged
    database that do not fit their tags are left out.

    Returns:
        resource, token and CKA_ID of each object that the copy does not know: nothing will, afterwards.
    """
    orphans = []
    for row in scrub.sound(live, TOKEN_OBJECTS):
        found = by_cka_id(copy, row.blob("cka_id"))
        if found is not None:
            if row.integer("encryptions") > found.integer("encryptions"):
                copy.update(found, encryptions=row.integer("encryptions"))
        elif row.integer("state") == DOOMED:
            copy.insert(TOKEN_OBJECTS, {**row.values, "row_id": copy.next_id(TOKEN_OBJECTS)})
        else:
            orphans.append((row.text("resource"), token_of(row), row.blob("cka_id")))
    return orphans
