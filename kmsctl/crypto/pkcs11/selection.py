"""Which of a module's tokens a URI names."""

from __future__ import annotations

from kmsctl.crypto.pkcs11 import failures
from kmsctl.errors import TokenError
from kmsctl.model.pkcs11_uri import LIBRARY_ATTRIBUTES, SLOT_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pkcs11._pkcs11 import lib
    from pkcs11.types import Token

    from kmsctl.model.pkcs11_uri import Pkcs11Uri


class AbsentToken(TokenError):
    """No token of the module matches the URI."""


def text(field: bytes | str) -> str:
    """Returns a field of fixed width without what fills it up, and without what a terminal would obey."""
    decoded = field.decode("utf-8", "replace") if isinstance(field, bytes) else field
    stripped = decoded.rstrip("\0 ")
    return stripped if stripped.isprintable() else "".join(c if c.isprintable() else "?" for c in stripped)


def present(library: lib) -> list[Token]:
    """Returns the tokens that are there and initialised; a slot that fails does not hide the others."""
    from pkcs11.constants import TokenFlag
    from pkcs11.exceptions import PKCS11Error

    tokens = []
    for slot in library.get_slots(token_present=True):
        try:
            token = slot.get_token()
        except PKCS11Error:
            continue
        # SoftHSM always shows one blank token more.
        if token.flags & TokenFlag.TOKEN_INITIALIZED:
            tokens.append(token)
    return tokens


def _is(value: dict[str, str], wanted: dict[str, str]) -> bool:
    return all(value[name] == wanted[name] for name in wanted)


def _library(library: lib) -> dict[str, str]:
    version = ".".join(str(part) for part in library.library_version)
    return {
        "library-manufacturer": library.manufacturer_id,
        "library-description": library.library_description,
        "library-version": version,
    }


def describe(token: Token) -> dict[str, str]:
    """Returns what a URI may say of a token and its slot."""
    return {
        "token": token.label,
        "serial": text(token.serial),
        "manufacturer": token.manufacturer_id,
        "model": token.model,
        SLOT_ID: str(token.slot.slot_id),
        "slot-description": token.slot.slot_description,
        "slot-manufacturer": token.slot.manufacturer_id,
    }


def select(library: lib, uri: Pkcs11Uri) -> Token:
    """Returns the one token that `uri` names.

    Raises:
        AbsentToken: if none is there; the hint lists those that are.
        TokenError: if several are.
    """
    of_library = {name: uri.attributes[name] for name in LIBRARY_ATTRIBUTES if name in uri.attributes}
    of_token = {name: value for name, value in uri.attributes.items() if name not in LIBRARY_ATTRIBUTES}
    try:
        tokens = present(library)
    except failures.kinds() as error:
        raise failures.translate(error, f"PKCS#11 module {uri.module_path}", "listing its tokens") from None
    found = []
    if _is(_library(library), of_library):
        found = [token for token in tokens if _is(describe(token), of_token)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"token={text(token.label)};serial={text(token.serial)}" for token in tokens)
    if found:
        raise TokenError(
            f"{len(found)} tokens of {uri.module_path} match the URI; it must name one of them.",
            hint=f"Its tokens: {listed}. Add the serial number, or a slot-id.",
        )
    raise AbsentToken(
        f"No token of {uri.module_path} matches the URI.",
        hint=f"Its tokens: {listed}." if listed else "It has no initialised token. Is the token there?",
    )
