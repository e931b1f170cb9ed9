"""Import jobs in a token: the wrapping key pair, and unwrapping what was wrapped with it.

A wrapped key is unwrapped by the token and stays in it (C_UnwrapKey): RSA-OAEP opens the ephemeral AES key,
which is a key of the session that can unwrap and nothing else; AES key wrap with padding (RFC 5649) opens the
key itself. A token that cannot do both is refused for import jobs; nothing is unwrapped outside.
"""

from __future__ import annotations

from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.mechanisms import KeyType, Mechanism

from kmsctl.crypto import foreign_keys
from kmsctl.crypto.backend import KeyMaterial
from kmsctl.crypto.importing import UNWRAP_FAILED, UnwrapError, check_length
from kmsctl.crypto.pkcs11 import attributes, failures, keys, making, proof, recovery, schemes
from kmsctl.errors import FailedPrecondition, InvalidArgument, Unimplemented
from kmsctl.model import algorithms
from kmsctl.model.import_methods import EPHEMERAL_KEY_SIZE, KWP_BLOCK_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.crypto.pkcs11.connection import Connection, TokenSession
    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.import_methods import ImportMethod

#: AES key wrap with padding. What is called PAD is RFC 5649 in SoftHSM, which has no KWP, and something else
#: in other modules: a job is made only after a key wrapped by RFC 5649 was unwrapped.
_KEY_WRAPS = (Mechanism.AES_KEY_WRAP_KWP, Mechanism.AES_KEY_WRAP_PAD)
_CURVE_NAMES = {parameters: name for name, parameters in schemes.CURVES.items()}
#: A PKCS#11 answer for a key that lacks its public key: NSS 3.87 cannot compute it from an EC private key.
_INCOMPLETE = "TemplateIncomplete"


def create_pair(
    connection: Connection, session: TokenSession, method: ImportMethod, cka_id: bytes, label: str
) -> KeyMaterial:
    """`TokenBackend.create_wrapping_pair`, within the exclusive lock."""
    scheme = schemes.wrapping_scheme()
    keys.check_free(session, cka_id)
    with making.Undo(session, cka_id):
        keys.make(session, scheme, method.wrapping_algorithm, cka_id, label)
        private = keys.confirm(session, cka_id, scheme)
        public = keys.public_of(session, cka_id, private)
        _prove(connection, session, method, private, public or b"")
    return KeyMaterial(cka_id, public)


def check_can(connection: Connection, session: TokenSession, method: ImportMethod) -> None:
    """Refuses a method that the token's list of mechanisms rules out, by name."""
    if method.hpke:
        raise FailedPrecondition(f"Import method {method.enum} is not one of HSM import jobs.")
    needed = [schemes.wrapping_scheme().making, Mechanism.RSA_PKCS_OAEP]
    missing = [each for each in needed if int(each) not in session.mechanisms]
    if method.aes_kwp and _key_wrap(session) is None:
        missing.append(Mechanism.AES_KEY_WRAP_KWP)
    if missing:
        raise _unavailable(connection, method, f"CKM_{missing[0].name}")


def _unavailable(connection: Connection, method: ImportMethod, lack: str) -> Unimplemented:
    return Unimplemented(
        f"Import method {method.enum} is not available: the {connection.name} lacks {lack}.",
        hint="Keys are unwrapped inside the token or not at all. Tokens that lack SHA-256 in OAEP often have "
        "rsa-oaep-3072-sha1-aes-256.",
    )


def _key_wrap(session: TokenSession) -> Mechanism | None:
    return next((each for each in _KEY_WRAPS if int(each) in session.mechanisms), None)


def _prove(
    connection: Connection, session: TokenSession, method: ImportMethod, private: Any, public: bytes
) -> None:
    """Unwraps a key of no use, to see that the pair does what it was made for."""
    import os

    from kmsctl.crypto.import_wrapping import wrap
    from kmsctl.model import pem

    wrapped = wrap(method, pem.encode(pem.PUBLIC_KEY, public), os.urandom(EPHEMERAL_KEY_SIZE), os.urandom)
    head, tail = wrapped[: method.encapsulation_size], wrapped[method.encapsulation_size :]
    lack = f"unwrapping by CKM_RSA_PKCS_OAEP with {method.wrapping_algorithm.digest}"
    try:
        opened = _unwrap_first(method, private, head)
        try:
            if method.aes_kwp:
                lack = "unwrapping by AES key wrap with padding (RFC 5649)"
                second = opened.unwrap_key(
                    ObjectClass.SECRET_KEY,
                    KeyType.AES,
                    tail,
                    store=False,
                    capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
                    mechanism=_key_wrap(session),
                    template=dict(attributes.KEPT_INSIDE),
                )
                making.quietly(second.destroy)
        finally:
            making.quietly(opened.destroy)
    except failures.kinds() as error:
        failure = failures.name(error)
        if failure not in failures.UNSUPPORTED | failures.UNDECRYPTABLE:
            raise
        raise _unavailable(connection, method, f"{lack} ({failures.ckr(failure)})") from None


def _unwrap_first(method: ImportMethod, private: Any, head: bytes) -> Any:
    """Opens the ephemeral key."""
    return private.unwrap_key(
        ObjectClass.SECRET_KEY,
        KeyType.AES,
        head,
        store=False,
        capabilities=MechanismFlag.UNWRAP,
        mechanism=Mechanism.RSA_PKCS_OAEP,
        mechanism_param=(*schemes.DIGESTS[method.wrapping_algorithm.digest], None),
        template=dict(attributes.KEPT_INSIDE),
    )


class Target:
    """What a wrapped key is to become: `TokenBackend.unwrap` says what the attributes are."""

    __slots__ = ("algorithm", "cka_id", "label", "unpad")

    def __init__(self, algorithm: Algorithm, cka_id: bytes, label: str, *, unpad: bool) -> None:
        self.algorithm = algorithm
        self.cka_id = cka_id
        self.label = label
        self.unpad = unpad


def unwrap(
    connection: Connection,
    session: TokenSession,
    method: ImportMethod,
    wrapping_id: bytes,
    target: Target,
    wrapped: bytes,
) -> KeyMaterial:
    """`TokenBackend.unwrap`, within the exclusive lock."""
    algorithm, cka_id = target.algorithm, target.cka_id
    check_length(method, wrapped)
    method.check_takes(algorithm)
    scheme = making.scheme_of(algorithm)
    if algorithm.family == algorithms.ED25519:
        raise Unimplemented(
            f"{algorithm.enum} keys cannot be imported into a token: it does not tell their public keys.",
            hint="Make the key in the token: kmsctl keys versions create",
        )
    keys.check_free(session, cka_id)
    private = keys.private(session, wrapping_id)
    with making.Undo(session, cka_id):
        try:
            _unwrap_into(
                session, method, private, algorithm, wrapped, id=cka_id, label=target.label, store=True
            )
        except failures.kinds() as error:
            failure = failures.name(error)
            if failure == _INCOMPLETE and algorithm.family == algorithms.ECDSA:
                raise Unimplemented(
                    f"{algorithm.enum} keys cannot be imported: the {connection.name} wants the public key "
                    "of what it unwraps, which only the wrapped key tells."
                ) from None
            if failure not in failures.UNSUPPORTED | failures.UNDECRYPTABLE:
                raise
            raise UnwrapError(UNWRAP_FAILED) from None
        _check_kind(session, method, algorithm, cka_id, wrapped)
        made = keys.confirm(session, cka_id, scheme)
        public = _tried(session, target, made)
    return KeyMaterial(cka_id, public)


def _tried(session: TokenSession, target: Target, made: Any) -> bytes | None:
    """Uses a key that was unwrapped, and returns its public key.

    Modules take what is no key, such as 31 bytes for AES or a modulus that is even, and fail at using it.
    """
    algorithm = target.algorithm
    try:
        public = keys.public_of(session, target.cka_id, made)
        if algorithm.family == algorithms.ECDSA:
            public = recovery.public_key(made, algorithm)
        proof.use(session, algorithm, made, public, unpad=target.unpad)
    except failures.every() as error:
        told = failures.name(error) if isinstance(error, failures.kinds()) else None
        if told is not None and told not in failures.UNSUPPORTED | failures.UNDECRYPTABLE:
            raise
        raise InvalidArgument(_unsound(algorithm)) from None
    return public


def _unsound(algorithm: Algorithm) -> str:
    if algorithm.secret_size is None:
        return foreign_keys.unsound(algorithm)
    return f"Key material for {algorithm.enum} must be exactly {algorithm.secret_size} bytes, not encoded."


def _unwrap_into(
    session: TokenSession,
    method: ImportMethod,
    private: Any,
    algorithm: Algorithm,
    wrapped: bytes,
    **named: object,
) -> None:
    scheme = making.scheme_of(algorithm)
    kind = ObjectClass.PRIVATE_KEY if algorithm.secret_size is None else ObjectClass.SECRET_KEY
    into = {"capabilities": scheme.flags, "template": dict(attributes.KEPT_INSIDE), **named}
    head, tail = wrapped[: method.encapsulation_size], wrapped[method.encapsulation_size :]
    if not method.aes_kwp:
        parameters = (*schemes.DIGESTS[method.wrapping_algorithm.digest], None)
        private.unwrap_key(
            kind, scheme.key_type, head, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameters, **into
        )
        return
    ephemeral = _unwrap_first(method, private, head)
    try:
        if attributes.read(ephemeral, Attribute.VALUE_LEN) not in (
            EPHEMERAL_KEY_SIZE,
            *attributes.UNTOLD_SIZES,
        ):
            raise UnwrapError(UNWRAP_FAILED)
        ephemeral.unwrap_key(kind, scheme.key_type, tail, mechanism=_key_wrap(session), **into)
    finally:
        making.quietly(ephemeral.destroy)


def _check_size(method: ImportMethod, size: int, told: int | None, wrapped: bytes) -> bool:
    """Tells whether an unwrapped secret key has `size` bytes, of which the token told `told`.

    Where it tells nothing, the length of what was wrapped says it to within the 8 bytes of a block, and using
    the key once says the rest for AES. Only an HMAC key may then be up to 7 bytes shorter than it should be.
    """
    if told not in attributes.UNTOLD_SIZES:
        return told == size
    if not method.aes_kwp:
        raise Unimplemented("The token does not tell the length of keys that were unwrapped.")
    padded = -(-size // KWP_BLOCK_SIZE) * KWP_BLOCK_SIZE
    return len(wrapped) - method.encapsulation_size == padded + KWP_BLOCK_SIZE


def _check_kind(
    session: TokenSession, method: ImportMethod, algorithm: Algorithm, cka_id: bytes, wrapped: bytes
) -> None:
    """Refuses what is not of the algorithm's type and size."""
    found = keys.find(session, cka_id)
    if algorithm.secret_size is not None:
        told = attributes.read(found, Attribute.VALUE_LEN)
        if not _check_size(method, algorithm.secret_size, told, wrapped):
            raise InvalidArgument(_unsound(algorithm))
        return
    if algorithm.key_bits is None:
        curve = _CURVE_NAMES.get(attributes.read(found, Attribute.EC_PARAMS), "another curve")
        info = foreign_keys.PrivateKeyInfo(foreign_keys.EC, curve=curve)
    else:
        modulus = int.from_bytes(attributes.read(found, Attribute.MODULUS) or b"", "big")
        exponent = int.from_bytes(attributes.read(found, Attribute.PUBLIC_EXPONENT) or b"", "big")
        info = foreign_keys.PrivateKeyInfo(foreign_keys.RSA, bits=modulus.bit_length(), exponent=exponent)
    problem = foreign_keys.mismatch(algorithm, info)
    if problem is not None:
        raise InvalidArgument(problem)
