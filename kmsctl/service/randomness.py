"""GenerateRandomBytes: the only cryptographic verb of a location."""

from __future__ import annotations

from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS, SOFTWARE
from kmsctl.service.backends import backend
from kmsctl.service.call import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import LocationName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms


def generate(kms: Kms, ctx: Context, name: LocationName, length: int, level: str = SOFTWARE) -> bytes:
    """Returns 8 to 1024 random bytes from the generator of a protection level."""
    with Reading(kms, ctx, "GenerateRandomBytes", name):
        pass  # the decision is what is needed; nothing is read
    return backend(kms, PROTECTION_LEVEL_NUMBERS[level]).random_bytes(length)
