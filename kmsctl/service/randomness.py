"""GenerateRandomBytes: the only cryptographic verb of a location."""

from __future__ import annotations

from kmsctl.crypto.checksums import crc32c
from kmsctl.errors import InvalidArgument
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS
from kmsctl.model.random_requests import GenerateRandomBytesResponse
from kmsctl.service.backends import backend
from kmsctl.service.call import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.random_requests import GenerateRandomBytesRequest
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms


def generate(kms: Kms, ctx: Context, request: GenerateRandomBytesRequest) -> GenerateRandomBytesResponse:
    with Reading(kms, ctx, "GenerateRandomBytes", request.name):
        pass  # the decision is what is needed; nothing is read
    level = PROTECTION_LEVEL_NUMBERS.get(request.protection_level)
    if level is None:
        raise InvalidArgument(f"protection_level: '{request.protection_level}' is not a ProtectionLevel.")
    data = backend(kms, level, request.name).random_bytes(request.length_bytes)
    return GenerateRandomBytesResponse(data, data_crc32c=crc32c(data))
