"""Objects in tokens: an intent before they are made, an attestation after, and their removal.

A token's lock is never waited for while a database's write lock is held. So whatever is done to an object
stands between two transactions: one that says it will be, one that says it is.
"""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, KmsError
from kmsctl.model import names
from kmsctl.service import backends, tokens
from kmsctl.store import token_objects, versions
from kmsctl.store.tables import TOKEN_OBJECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.model.resources import Attestation
    from kmsctl.service.audit import ResourceName
    from kmsctl.service.kms import Kms
    from kmsctl.store.database import Database
    from kmsctl.store.snapshot import Snapshot, Transaction
    from kmsctl.store.tables import Row

ID_SIZE = 16
FORMAT = "KMSCTL_PKCS11_ATTRIBUTES"
_LABEL = "kmsctl attestation"


class Intent:
    """An object that is to be made: its random ``CKA_ID``, and the token that it will be in."""

    __slots__ = ("_token", "cka_id")

    def __init__(self, kms: Kms, name: ResourceName) -> None:
        """Makes sure that the token lets its user in, before anything is written.

        Raises:
            FailedPrecondition: if no token is configured.
            TokenError: if it cannot be used.
        """
        token = backends.token(kms, name)
        self._token = tokens.name_of(token)
        self.cka_id = kms.random(ID_SIZE)
        if token.find(self.cka_id) is not None:
            raise FailedPrecondition(f"The token {self._token} already has an object with a new random id.")

    def record(self, transaction: Transaction, owner: Row, name: ResourceName, operation: str) -> Row:
        """Records, in the transaction that adds or changes the owner's row, what is about to be made."""
        return token_objects.insert(transaction, owner, str(name), self.cka_id, self._token, operation)


def attributes(token: TokenBackend, cka_id: bytes) -> dict[str, object]:
    """Reads what an attestation states of an object and its token."""
    identity = token.identity
    return {
        "attributes": dict(token.attributes(cka_id)),
        "token": {
            "label": identity.label,
            "serial": identity.serial,
            "manufacturer": identity.manufacturer,
            "model": identity.model,
        },
    }


def attest(
    transaction: Transaction, name: ResourceName, made: KeyMaterial, facts: dict[str, object]
) -> bytes:
    """Signs a statement about an object with the location's audit key (docs/format.md, "Attestations")."""
    import json
    from binascii import b2a_base64
    from hashlib import sha256

    from kmsctl.model.times import rfc3339
    from kmsctl.service.audit_keys import signing_key

    statement: dict[str, object] = {
        **facts,
        "format": FORMAT,
        "ckaId": made.secret.hex(),
        "resource": str(name),
        "time": rfc3339(transaction.now),
    }
    if made.public is not None:
        statement["publicKeySha256"] = sha256(made.public).hexdigest()
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"))
    key = signing_key(transaction)
    signature = b2a_base64(key.sign(_LABEL, text.encode()), newline=False).decode()
    content = {"keyName": key.name, "signature": signature, "statement": text}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def attestation(snapshot: Snapshot, owner: Row) -> Attestation | None:
    """Returns the attestation of a version or import job, if it has an object in a token."""
    if not backends.is_hsm(owner.integer("protection_level")):
        return None
    row = token_objects.find(snapshot, owner)
    content = None if row is None else row.values["attestation"]
    if not isinstance(content, bytes):
        return None
    from kmsctl.model.resources import Attestation

    return Attestation(FORMAT, content)


def sweep(kms: Kms, database: Database) -> list[str]:
    """Removes the objects of a location that are to be removed from their tokens.

    Returns:
        a sentence for each that could not be: it stays, and the next time it is tried again.
    """
    if not database.count(TOKEN_OBJECTS):
        return []
    with database.read() as snapshot:
        doomed = token_objects.doomed(snapshot)
    left = []
    for row in doomed:
        try:
            remove(kms, row)
            with database.write() as transaction:
                found = token_objects.by_cka_id(transaction, row.blob("cka_id"))
                if found is not None and found.integer("state") == token_objects.DOOMED:
                    transaction.delete(found)  # unless a restore has brought it back meanwhile
        except KmsError as error:
            left.append(f"{row.text('resource')}: {waiting(row)} {error.message}")
    return left


def pending_removals(snapshot: Snapshot) -> list[str]:
    """Says which objects are yet to be removed from their tokens: a sentence for each."""
    found = [f"{row.text('resource')}: {waiting(row)}" for row in token_objects.doomed(snapshot)]
    for version in versions.unfinished(snapshot, None):
        if versions.in_token(version) and versions.is_due(version, snapshot.now):
            row = token_objects.of(snapshot, version, f"Row {version.id} of {version.table.name}")
            found.append(f"{row.text('resource')}: {waiting(row)}")
    return found


def remove(kms: Kms, row: Row) -> None:
    """Removes an object from its token, if it is there. It is found by its own ``CKA_ID``."""
    name = names.parse(row.text("resource"))
    token = kms.tokens.holding(name, token_objects.token_of(row))  # type: ignore[arg-type]
    token.destroy(row.blob("cka_id"))
    kms.probe("token.removed")


def waiting(row: Row) -> str:
    """Says that an object is yet to be removed."""
    token, cka_id = token_objects.token_of(row), row.blob("cka_id").hex()
    return f"Its object (CKA_ID {cka_id}) is yet to be removed from the token {token}."
