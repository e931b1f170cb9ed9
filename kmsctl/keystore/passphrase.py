"""Protectors of type ``passphrase``: the slot's key is stretched from what somebody knows."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.keystore import stretching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kmsctl.keystore.ports import Asking, Parameters, Request
    from kmsctl.keystore.slots import Parameter, Slot

LEAST, MOST = 8, 1024


def enrol(
    request: Request, store_id: bytes, asking: Asking, random: Callable[[int], bytes]
) -> tuple[dict[str, Parameter], bytes, Sequence[bytes]]:
    del request, store_id
    secret = asking.new_passphrase("New passphrase: ")
    if secret is None:
        raise FailedPrecondition(
            "A protector of type passphrase needs a passphrase.",
            hint="Use a terminal, --passphrase-file or --passphrase-fd.",
        )
    normal = normalized(secret)
    if not LEAST <= len(normal) <= MOST:
        raise InvalidArgument(f"A passphrase has {LEAST} to {MOST} bytes.")
    parameters = stretching.draw(random)
    return parameters, stretching.stretch(parameters, normal), ()


def key_of(slot: Slot, store_id: bytes, asking: Asking) -> bytes | None:
    del store_id
    secret = asking.passphrase(f"Passphrase of protector {slot.number}: ")
    return None if secret is None else stretching.stretch(slot.parameters, normalized(secret)[:MOST])


def describe(parameters: Parameters) -> str:
    return stretching.describe(parameters)


def forget(parameters: Parameters) -> None:
    del parameters


def normalized(secret: bytes) -> bytes:
    """Returns a passphrase in one form, however a keyboard or an editor composes its letters."""
    from unicodedata import normalize

    try:
        return normalize("NFC", secret.decode()).encode()
    except UnicodeDecodeError:
        return secret
