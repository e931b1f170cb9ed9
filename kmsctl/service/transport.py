"""The public key of a store, and what is sealed to it."""

from __future__ import annotations

from kmsctl.crypto import hpke
from kmsctl.crypto.integrity import digest
from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms, pem
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS
from kmsctl.service import audit
from kmsctl.service.backends import backend
from kmsctl.service.backups import require_store
from kmsctl.service.generation import UID_SIZE
from kmsctl.service.maintenance import decide
from kmsctl.store import transport_keys
from kmsctl.store.store import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms

#: X25519 and ML-KEM-768 together: what is recorded today stays closed to tomorrow's machines.
ALGORITHM = algorithms.by_enum("KEM_XWING")
_METHOD = "HPKE_XWING"


def public_key(kms: Kms, ctx: Context) -> bytes:
    """Returns the store's public key (SubjectPublicKeyInfo, PEM), which is made by the first call."""
    decision = decide(kms, ctx, "GetStorePublicKey")
    control = kms.open_store().open(CONTROL)
    with control.read() as snapshot:
        known = transport_keys.each(snapshot)
    if not known:
        made = backend(kms, PROTECTION_LEVEL_NUMBERS["SOFTWARE"]).generate(ALGORITHM)
        with control.write() as transaction:
            known = transport_keys.each(transaction)
            if not known:
                uid = kms.random(UID_SIZE)
                row = transport_keys.insert(
                    transaction, uid, ALGORITHM.number, made.secret, made.public or b""
                )
                known = [row]
            request: dict[str, object] = {"publicKeyDigest": digest(known[-1].blob("public")).hex()}
            audit.append_store(transaction, ctx, decision, request)
    return pem.encode(pem.PUBLIC_KEY, known[-1].blob("public"))


def seal(public: bytes, file_key: bytes) -> dict[str, object]:
    """Returns, for JSON, a file's key sealed to another store's public key (PEM or DER)."""
    from binascii import b2a_base64

    der = public
    if pem.label_of(public) is not None:
        decoded = pem.decode(public, pem.PUBLIC_KEY)
        if decoded is None:
            raise InvalidArgument("to: the file holds no public key.")
        der = decoded
    try:
        sealed = hpke.seal(ALGORITHM, der, file_key)
    except InvalidArgument:
        raise InvalidArgument(
            "to: the file holds no public key of a store.",
            hint="It is written there by: kmsctl store get-public-key FILE",
        ) from None
    text = b2a_base64(sealed, newline=False).decode()
    return {"method": _METHOD, "publicKeyDigest": digest(der).hex(), "sealed": text}


def open_(kms: Kms, label: str, sealed: dict[str, Any]) -> bytes:
    """Returns the file's key that `seal` was given, if it was sealed to this store.

    Raises:
        FailedPrecondition: if it was not.
    """
    from binascii import Error, a2b_base64

    store = require_store(kms)
    with store.open(CONTROL).read() as snapshot:
        for row in transport_keys.each(snapshot):
            if digest(row.blob("public")).hex() == sealed.get("publicKeyDigest"):
                try:
                    content = a2b_base64(str(sealed.get("sealed")), strict_mode=True)
                    return hpke.open_(ALGORITHM, transport_keys.material(snapshot, row), content)
                except (Error, hpke.InvalidTag):
                    break
    raise FailedPrecondition(
        f"{label} is not sealed to this store's public key, or was changed.",
        hint="Export again, to the key that is written here by: kmsctl store get-public-key FILE",
    )
