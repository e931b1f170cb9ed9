"""Keys of a token by their CKA_ID: making, finding again, destroying.

What is made is found again by its CKA_ID and its attributes are read back before anybody is told of it (rule
3). Only objects with a CKA_ID of ours are ever touched.
"""

from __future__ import annotations

from pkcs11.constants import Attribute, ObjectClass

from kmsctl.crypto.pkcs11 import ID_SIZE, attributes, failures, public_keys, schemes
from kmsctl.errors import AlreadyExists, Internal, NotFound, TokenError
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.crypto.pkcs11.connection import TokenSession
    from kmsctl.crypto.pkcs11.schemes import Scheme
    from kmsctl.model.algorithms import Algorithm

_OURS = (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY)
#: What modules answer to usage attributes that are false and that they do not know.
_TEMPLATES = frozenset(
    ("GeneralError", "TemplateInconsistent", "AttributeValueInvalid", "AttributeTypeInvalid")
)


def search(
    session: TokenSession, cka_id: bytes, kind: ObjectClass | None = None, *, private: bool = False
) -> list[Any]:
    """Returns the objects with a CKA_ID. The search is over before an object of it is used (rule 14).

    Only ids as they are drawn for kmsctl are looked for: objects of others often have short ones, or none.
    `private` leaves out what anybody may have put into the token without its PIN.
    """
    if len(cka_id) != ID_SIZE:
        raise Internal(f"A CKA_ID of kmsctl has {ID_SIZE} bytes, not {len(cka_id)}.")
    wanted: dict[Attribute, object] = {Attribute.ID: cka_id}
    if kind is not None:
        wanted[Attribute.CLASS] = kind
    if private:
        wanted[Attribute.PRIVATE] = True
    return list(session.session.get_objects(wanted))


def find(session: TokenSession, cka_id: bytes) -> Any | None:
    """Returns the secret or private key with a CKA_ID, or None if the token says that it has none.

    Raises:
        TokenError: if there are several.
    """
    found: list[Any] = []
    for kind in _OURS:
        found += search(session, cka_id, kind, private=True)
    if not found:
        session.check_alive()
        return None
    if len(found) > 1:
        raise _ambiguous(len(found), cka_id)
    return found[0]


def key(session: TokenSession, cka_id: bytes, kind: ObjectClass) -> Any:
    """Returns the key with a CKA_ID for using it; its handle is remembered for as long as the session lives.

    Raises:
        NotFound: if the token has no such key.
    """
    known = session.keys.get((kind, cka_id))
    if known is not None:
        return known
    found = search(session, cka_id, kind, private=True)
    if len(found) == 1:
        session.keys[kind, cka_id] = found[0]
        return found[0]
    if not found:
        session.check_alive()
        raise no_such_key(session, cka_id)
    raise _ambiguous(len(found), cka_id)


def _ambiguous(count: int, cka_id: bytes) -> TokenError:
    return TokenError(
        f"{count} keys of the token have the CKA_ID {cka_id.hex()}.",
        hint="kmsctl makes one: another program has made another. None of them is used until one is left; "
        "the attestation of the version says what kmsctl's is like.",
    )


def secret(session: TokenSession, cka_id: bytes) -> Any:
    """Returns the secret key with a CKA_ID (`key`)."""
    return key(session, cka_id, ObjectClass.SECRET_KEY)


def private(session: TokenSession, cka_id: bytes) -> Any:
    """Returns the private key with a CKA_ID (`key`)."""
    return key(session, cka_id, ObjectClass.PRIVATE_KEY)


def no_such_key(session: TokenSession, cka_id: bytes) -> NotFound:
    return NotFound(
        f"The token '{session.token.label}' has no key with the CKA_ID {cka_id.hex()}.",
        hint="Another program removed it, or the URI names another token than the key was made in.",
    )


def check_free(session: TokenSession, cka_id: bytes) -> None:
    """Refuses a CKA_ID that is taken: NSS silently keeps one object for two keys of one CKA_ID (rule 9)."""
    if search(session, cka_id):
        raise AlreadyExists(f"The token has an object with the CKA_ID {cka_id.hex()} already.")


def make(session: TokenSession, scheme: Scheme, algorithm: Algorithm, cka_id: bytes, label: str) -> None:
    """Makes a key, or a pair of them, which `confirm` then looks at."""
    _without_refused(
        session, lambda: _generate(session, scheme, algorithm, id=cka_id, label=label, store=True)
    )


def make_for_session(session: TokenSession, scheme: Scheme, algorithm: Algorithm) -> tuple[Any, Any]:
    """Makes a key that is gone with the session; returns (public key or None, private or secret key)."""
    made: tuple[Any, Any] = _without_refused(
        session, lambda: _generate(session, scheme, algorithm, store=False)
    )
    return made


def _without_refused(session: TokenSession, generate: Any) -> Any:
    """Tries once more without the usage attributes that are false: tpm2-pkcs11 refuses them."""
    try:
        return generate()
    except failures.kinds() as error:
        if session.mapper.omits_false or failures.name(error) not in _TEMPLATES:
            raise
        session.mapper.omits_false = True
        try:
            return generate()
        except failures.kinds():
            session.mapper.omits_false = False
            raise error from None


def _generate(
    session: TokenSession, scheme: Scheme, algorithm: Algorithm, **named: object
) -> tuple[Any, Any]:
    inside = dict(attributes.KEPT_INSIDE)
    common = {"capabilities": scheme.flags, "mechanism": scheme.making, **named}
    if algorithm.secret_size is not None:
        made = session.session.generate_key(
            scheme.key_type, algorithm.secret_size * 8, template=inside, **common
        )
        return None, made
    if algorithm.key_bits is not None:
        pair: tuple[Any, Any] = session.session.generate_keypair(
            scheme.key_type, algorithm.key_bits, private_template=inside, **common
        )
        return pair
    parameters = [schemes.CURVES[algorithm.parameters]]
    if algorithm.family == algorithms.ED25519:
        parameters.append(schemes.EDWARDS25519_NAME)
    for last, spelling in enumerate(parameters, 1 - len(parameters)):
        try:
            pair = session.session.generate_keypair(
                scheme.key_type,
                public_template={Attribute.EC_PARAMS: spelling},
                private_template=inside,
                **common,
            )
        except failures.kinds():
            if not last:
                raise
        else:
            return pair
    raise Internal("A curve without parameters.")


def confirm(session: TokenSession, cka_id: bytes, scheme: Scheme) -> Any:
    """Finds a key that was just made, and reads its attributes back.

    Raises:
        TokenError: if the token has lost it, or keeps an attribute as it was not asked to.
    """
    found = find(session, cka_id)
    if found is None:
        raise TokenError(
            f"The token '{session.token.label}' reported a key as made and does not have it.",
            hint="Another program may have written to the token at the same time.",
        )
    attributes.enforce(found, scheme.usage)
    wrong = attributes.not_kept(found, scheme.usage)
    if wrong is not None:
        raise TokenError(
            f"The token '{session.token.label}' did not keep the attribute {wrong} as it was asked to: the "
            "key was destroyed again."
        )
    return found


def public_of(session: TokenSession, cka_id: bytes, found: Any) -> bytes | None:
    """Returns the SubjectPublicKeyInfo of a key pair, or None for secret keys or if the token has none."""
    if attributes.read(found, Attribute.CLASS) != ObjectClass.PRIVATE_KEY:
        return None
    published = search(session, cka_id, ObjectClass.PUBLIC_KEY)
    if published:
        return public_keys.encode(published[0])
    return public_keys.of_private(found)


def _keys(session: TokenSession, cka_id: bytes) -> list[Any]:
    return [each for kind in (*_OURS, ObjectClass.PUBLIC_KEY) for each in search(session, cka_id, kind)]


def destroy(session: TokenSession, cka_id: bytes) -> bool:
    """Destroys the keys with a CKA_ID; returns whether there were any, and checks that none is left.

    A certificate or data object with the same CKA_ID is somebody else's work, and stays.
    """
    found = _keys(session, cka_id)
    if not found:
        session.check_alive()
        return False
    for each in found:
        each.destroy()
    session.keys = {name: known for name, known in session.keys.items() if name[1] != cka_id}
    if _keys(session, cka_id):
        raise TokenError(
            f"The token '{session.token.label}' reported the key with the CKA_ID {cka_id.hex()} as destroyed "
            "and still has it."
        )
    return True
