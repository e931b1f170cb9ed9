"""Settings of HSM keys: which token, and where its PIN comes from."""

from __future__ import annotations

from kmsctl.cli.failures import CommandError
from kmsctl.errors import InvalidArgument
from kmsctl.model import pkcs11_uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.properties import Properties
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

#: The environment variable of a PIN, read as a property's would be: KMSCTL_HSM_PIN.
PIN = "hsm/pin"


def uri(properties: Properties, project: str, location: str) -> Pkcs11Uri | None:
    """Returns the token that has the keys of a project in a location, or None if none is set.

    A location's own setting is heeded before a project's, and that before the general one; all of the
    environment's come before all of the configuration's.
    """
    names = (f"hsm/locations/{location}/uri", f"hsm/projects/{project}/uri", "hsm/uri")
    for name in names:
        if properties.overriding(name) is not None:
            return _parsed(properties, name)
    return next((_parsed(properties, name) for name in names if name in properties.stored()), None)


def all_uris(properties: Properties) -> dict[str, Pkcs11Uri]:
    """Returns every token that is set: property → URI, the general one first."""
    from kmsctl.cli.properties import is_token

    names = ["hsm/uri", *sorted(name for name in properties.stored() if is_token(name) and name != "hsm/uri")]
    found = {}
    for name in names:
        if properties.get(name) is not None:
            found[name] = _parsed(properties, name)
    return found


def _parsed(properties: Properties, name: str) -> Pkcs11Uri:
    text = properties.get(name) or ""
    try:
        return pkcs11_uri.parse(text)
    except InvalidArgument as error:
        raise CommandError(f"Invalid value for property [{name}]: {error.message}") from None


def pin(properties: Properties, token: Pkcs11Uri) -> bytes | str:
    """Returns the PIN of a token: from its pin-source, else from KMSCTL_HSM_PIN, else from who is asked."""
    if token.pin_source is not None:
        from kmsctl.crypto.pkcs11 import pins

        return pins.read(token.pin_source)
    given = properties.overriding(PIN)
    if given:
        return given
    from kmsctl.cli import terminal

    label = token.attributes.get("token")
    return terminal.ask_secret(
        f"PIN of the token {label}: " if label else "PIN of the token: ",
        otherwise="pin-source in the property hsm/uri, or the variable KMSCTL_HSM_PIN",
    )
