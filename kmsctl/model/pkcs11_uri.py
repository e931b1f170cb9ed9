"""PKCS#11 URIs (RFC 7512) that name a token and the module that drives it.

    pkcs11:token=kms;serial=a1b2?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin

A URI never carries the PIN itself: ``pin-value`` is refused. Attributes of the RFC that name a module by
anything but its path, or an object in a token, are refused too, as nothing here would heed them.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

SCHEME = "pkcs11:"
MODULE_PATH = "module-path"
PIN_SOURCE = "pin-source"
#: What NSS's softokn is given as ``pReserved`` of C_Initialize, such as ``configdir='sql:/home/me/.nssdb'``.
INIT_ARGS = "x-init-args"
SLOT_ID = "slot-id"

#: Path attributes, which pick the token: each that is given must be the token's own (RFC 7512, 2.3).
TOKEN_ATTRIBUTES = ("token", "serial", "manufacturer", "model")
SLOT_ATTRIBUTES = (SLOT_ID, "slot-description", "slot-manufacturer")
LIBRARY_ATTRIBUTES = ("library-manufacturer", "library-description", "library-version")
_PATH = (*TOKEN_ATTRIBUTES, *SLOT_ATTRIBUTES, *LIBRARY_ATTRIBUTES)
_QUERY = (MODULE_PATH, PIN_SOURCE, INIT_ARGS)
_REFUSED = {
    "pin-value": "a PIN in a URI ends up in histories, logs and process lists. "
    "Use pin-source=file:/PATH, pin-source=fd:N or pin-source=|/COMMAND, or set KMSCTL_HSM_PIN.",
    "module-name": "modules are not searched for. Use module-path=/PATH/TO/MODULE.so.",
    "object": "it names an object; the URI names a token, and kmsctl finds its own keys in it.",
    "type": "it names an object; the URI names a token, and kmsctl finds its own keys in it.",
    "id": "it names an object; the URI names a token, and kmsctl finds its own keys in it.",
}
#: Characters that stand for themselves in a value (RFC 7512, 2.3: pk11-pchar and pk11-qchar, less what
#: separates attributes). In the query ``/``, ``?`` and ``|`` do as well; in the path ``&`` does.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~" + ":[]@!$'()*+,=")
_PATH_PLAIN = _PLAIN | {"&"}
#: ``|`` is not in the RFC's grammar although its own text writes ``pin-source=|/command``.
_QUERY_PLAIN = _PLAIN | {"/", "?", "|"}
_HEX = frozenset("0123456789abcdefABCDEF")


class Pkcs11Uri:
    """A parsed URI.

    Attributes:
        module_path: the absolute path of the module.
        pin_source: where the PIN is read from, decoded; None if the URI does not say.
        init_args: the module's initialisation string, or None.
        attributes: what the token, its slot and its library must be: attribute name → value.
    """

    __slots__ = ("attributes", "init_args", "module_path", "pin_source")

    def __init__(
        self,
        module_path: str,
        attributes: dict[str, str],
        pin_source: str | None = None,
        init_args: str | None = None,
    ) -> None:
        self.module_path = module_path
        self.attributes = attributes
        self.pin_source = pin_source
        self.init_args = init_args

    @property
    def slot_id(self) -> int | None:
        text = self.attributes.get(SLOT_ID)
        return None if text is None else int(text)

    def __str__(self) -> str:
        """Returns the URI in one canonical form; `parse` reads it back to the same."""
        path = ";".join(
            f"{name}={_encode(self.attributes[name], _PATH_PLAIN)}"
            for name in _PATH
            if name in self.attributes
        )
        query = {MODULE_PATH: self.module_path, PIN_SOURCE: self.pin_source, INIT_ARGS: self.init_args}
        return f"{SCHEME}{path}?" + "&".join(
            f"{name}={_encode(value, _QUERY_PLAIN)}" for name, value in query.items() if value
        )

    def __repr__(self) -> str:
        return f"Pkcs11Uri({str(self)!r})"


def parse(text: str) -> Pkcs11Uri:
    """Parses a URI.

    Raises:
        InvalidArgument: if it is not a PKCS#11 URI, or one with an attribute that is unknown, given twice,
            or of no use here; or without a module path.
    """
    if text[: len(SCHEME)].lower() != SCHEME:
        raise InvalidArgument(
            "A PKCS#11 URI begins with 'pkcs11:'.",
            hint="For example: pkcs11:token=kms?module-path=/usr/lib/softhsm/libsofthsm2.so",
        )
    path, _, query = text[len(SCHEME) :].partition("?")
    attributes: dict[str, str] = {}
    for item in filter(None, path.split(";")):
        _add(attributes, item, _PATH, _PATH_PLAIN, "path")
    settings: dict[str, str] = {}
    for item in filter(None, query.split("&")):
        _add(settings, item, _QUERY, _QUERY_PLAIN, "query")
    module_path = settings.get(MODULE_PATH)
    if not module_path:
        raise InvalidArgument(
            "The PKCS#11 URI has no module-path: modules are not searched for.",
            hint="Add ?module-path=/PATH/TO/MODULE.so to it.",
        )
    if not module_path.startswith("/"):
        raise InvalidArgument("The module-path of the PKCS#11 URI must be an absolute path.")
    slot = attributes.get(SLOT_ID)
    if slot is not None:
        if not (slot.isascii() and slot.isdecimal()):
            raise InvalidArgument("The slot-id of the PKCS#11 URI must be a decimal number.")
        attributes[SLOT_ID] = str(int(slot))
    return Pkcs11Uri(module_path, attributes, settings.get(PIN_SOURCE), settings.get(INIT_ARGS))


def _add(found: dict[str, str], item: str, known: tuple[str, ...], plain: frozenset[str], where: str) -> None:
    name, equals, value = item.partition("=")
    if name in _REFUSED:
        raise InvalidArgument(f"The attribute {name} of the PKCS#11 URI is refused: {_REFUSED[name]}")
    if name not in known:
        hint = None
        if name in _PATH + _QUERY:
            hint = (
                "Path attributes stand before '?', separated by ';', all others behind it, separated by '&'."
            )
        # An unknown attribute may be a misspelled pin-value: its value is not repeated.
        shown = name if name.replace("-", "").isalnum() and len(name) < 40 else "..."
        raise InvalidArgument(f"The PKCS#11 URI has an unknown {where} attribute: {shown}.", hint=hint)
    if not equals or not value:
        raise InvalidArgument(f"The attribute {name} of the PKCS#11 URI has no value.")
    if name in found:
        raise InvalidArgument(f"The attribute {name} is in the PKCS#11 URI twice.")
    found[name] = _decode(name, value, plain)


def _decode(name: str, value: str, plain: frozenset[str]) -> str:
    decoded = bytearray()
    position = 0
    while position < len(value):
        character = value[position]
        if character == "%":
            digits = value[position + 1 : position + 3]
            if len(digits) != 2 or not _HEX.issuperset(digits):
                raise InvalidArgument(
                    f"The attribute {name} of the PKCS#11 URI has a '%' that two hexadecimal digits do not "
                    "follow."
                )
            decoded.append(int(digits, 16))
            position += 3
            continue
        if character not in plain:
            raise InvalidArgument(
                f"The attribute {name} of the PKCS#11 URI has the character {character!r}: "
                "it must be percent-encoded.",
                hint=f"Write {_encode(character, frozenset())} instead.",
            )
        decoded += character.encode()
        position += 1
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        raise InvalidArgument(f"The attribute {name} of the PKCS#11 URI is not UTF-8.") from None
    if "\0" in text:
        raise InvalidArgument(f"The attribute {name} of the PKCS#11 URI has a zero byte.")
    return text


def _encode(value: str, plain: frozenset[str]) -> str:
    return "".join(
        character if character in plain else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in value
    )
