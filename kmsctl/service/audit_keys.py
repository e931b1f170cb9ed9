"""Signing with the audit key of a location: checkpoints of its log, and statements about its keys.

Each database has an Ed25519 key of its own, made with it and sealed under its master key. A signature tells
whoever has the public key that the holder of this store said so; it is verified without the store.
"""

from __future__ import annotations

from kmsctl.store import audit_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.snapshot import Snapshot


class SigningKey:
    """The signing key of a database.

    Attributes:
        name: ``kmsctl/STORE_ID/DATABASE``, the name of the key in signed notes.
        public: its 32 bytes (RFC 8032).
    """

    __slots__ = ("_seed", "name", "public")

    def __init__(self, name: str, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.name = name
        self._seed = seed
        self.public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()

    def public_pem(self) -> str:
        """Returns the public key as SubjectPublicKeyInfo (RFC 8410) in PEM."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = Ed25519PublicKey.from_public_bytes(self.public)
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign_note(self, text: str) -> bytes:
        """Signs the text of a note: lines of printable characters. Returns the 64 bytes of the signature."""
        if not text.endswith("\n") or not all(line.isprintable() for line in text[:-1].split("\n")):
            raise ValueError("the text of a note has lines of printable characters")
        return self._sign(text.encode())

    def sign(self, label: str, statement: bytes) -> bytes:
        r"""Signs a statement that is no note, such as an attestation. Returns the 64 bytes of the signature.

        What is signed is ``label ‖ 01 ‖ statement``: with the byte 01 no statement is a note, and
        with another label each kind of statement is told from all others.

        Args:
            label: what kind of statement it is, such as ``kmsctl attestation``: printable ASCII.
            statement: the bytes.
        """
        if not label.isascii() or not label.isprintable():
            raise ValueError("a label is printable ASCII")
        return self._sign(statement_data(label, statement))

    def _sign(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed).sign(data)


def statement_data(label: str, statement: bytes) -> bytes:
    """Returns the bytes that the signature of a statement is over."""
    return label.encode("ascii") + b"\x01" + statement


def key_name(store_id: bytes, database: str) -> str:
    """Returns the name of a database's audit key, which is also the origin of its checkpoints."""
    return f"kmsctl/{store_id.hex()}/{database}"


def signing_key(snapshot: Snapshot) -> SigningKey:
    """Returns the signing key of the database that a snapshot or transaction is of.

    Raises:
        IntegrityError: if it was changed outside kmsctl.
    """
    row = audit_keys.find(snapshot)
    name = key_name(snapshot.head.store_id, snapshot.head.name)
    return SigningKey(name, audit_keys.secret(snapshot, row)[:32])
