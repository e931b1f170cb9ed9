"""What a token can do, and what it lacks: its list of mechanisms, and attempts where that list is no proof.

SoftHSM lists RSA_PKCS_OAEP and takes it with SHA-1 only; NSS lists EC_KEY_PAIR_GEN and has no secp256k1;
newer ones list EDDSA and cannot sign. The flags of C_GetMechanismInfo are no help: SoftHSM 2.6 returns
uninitialised memory there.
"""

from __future__ import annotations

from kmsctl.crypto.pkcs11 import failures, keys, proof, public_keys, schemes
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pkcs11.mechanisms import Mechanism

    from kmsctl.crypto.pkcs11.connection import Connection, TokenSession
    from kmsctl.model.algorithms import Algorithm

#: Bits of the RSA keys that schemes are tried with: the shortest are made fastest.
_SHORTEST_RSA = 2048


def lacks(session: TokenSession, connection: Connection, algorithm: Algorithm, *, unpad: bool) -> str | None:
    """Returns what the token lacks for an algorithm of HSM keys, in words, or None.

    `unpad` says that RSA-OAEP may be unpadded outside of the token.
    """
    scheme = schemes.scheme_of(algorithm)
    if scheme is None:
        return "nothing: no HSM key has it"
    for mechanism in (scheme.making, scheme.using):
        if int(mechanism) not in session.mechanisms:
            return f"the mechanism {ckm(mechanism)}"
    too_long = _size(session, algorithm, scheme.making)
    if too_long is not None:
        return too_long
    if algorithm.family not in (algorithms.RSA_OAEP, algorithms.ECDSA, algorithms.ED25519):
        return None
    tried = (algorithm.family, algorithm.parameters, algorithm.digest)
    if tried not in connection.tried:
        connection.tried[tried] = _try(session, algorithm)
    lack = connection.tried[tried]
    if lack and unpad and algorithm.family == algorithms.RSA_OAEP and must_unpad(session, lack):
        return None
    return lack


def must_unpad(session: TokenSession, lack: str) -> bool:
    """Tells whether OAEP, of which `lack` is missing, can be had by way of the raw RSA operation."""
    from pkcs11.mechanisms import Mechanism

    return lack.startswith("CKM_RSA_PKCS_OAEP with") and int(Mechanism.RSA_X_509) in session.mechanisms


def ckm(mechanism: Mechanism) -> str:
    """Returns the standard's name of a mechanism."""
    return f"CKM_{mechanism.name}"


def _size(session: TokenSession, algorithm: Algorithm, making: Mechanism) -> str | None:
    if algorithm.secret_size is not None or algorithm.key_bits is None:
        return None
    try:
        most = session.token.slot.get_mechanism_info(making).max_key_length
    except failures.kinds():
        return None
    if most and most < algorithm.key_bits:
        return f"RSA keys of {algorithm.key_bits} bits: {most} bits are its most"
    return None


def to_make(algorithm: Algorithm) -> Algorithm:
    """Returns the algorithm to make a key of for trying another: an RSA key of any size tries a scheme."""
    if algorithm.secret_size is not None or algorithm.key_bits is None:
        return algorithm
    family = [each for each in algorithms.ALGORITHMS if each.family == algorithm.family]
    return next(each for each in family if each.key_bits == _SHORTEST_RSA)


def _try(session: TokenSession, algorithm: Algorithm) -> str | None:
    """Makes a key pair for the session, uses it, and returns what failed."""
    shortest = to_make(algorithm)
    scheme = schemes.scheme_of(shortest)
    assert scheme is not None  # noqa: S101 - `lacks` has seen to it
    try:
        public, private = keys.make_for_session(session, scheme, shortest)
    except failures.kinds() as error:
        failure = failures.name(error)
        if failure not in failures.UNSUPPORTED:
            raise
        made = f"keys on the curve {algorithm.parameters}" if algorithm.parameters else "keys of a session"
        return f"{made} ({failures.ckr(failure)})"
    try:
        proof.use(session, algorithm, private, public_keys.encode(public))
    except failures.kinds() as error:
        failure = failures.name(error)
        if failure not in failures.UNSUPPORTED:
            raise
        if algorithm.family == algorithms.RSA_OAEP:
            return f"CKM_RSA_PKCS_OAEP with {algorithm.digest} ({failures.ckr(failure)})"
        return f"{ckm(scheme.using)} with {algorithm.parameters} ({failures.ckr(failure)})"
    finally:
        for each in (public, private):
            _destroy(each)
    return None


def _destroy(key: object) -> None:
    try:
        key.destroy()  # type: ignore[attr-defined]
    except failures.kinds():
        pass
