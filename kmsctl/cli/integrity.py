"""End-to-end checks of what a cryptographic command sends and receives: CRC32C in both directions.

See https://cloud.google.com/kms/docs/data-integrity-guidelines. The texts begin as gcloud's.
"""

from __future__ import annotations

from kmsctl.cli.failures import CommandError
from kmsctl.crypto.checksums import crc32c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.files import Inputs
    from kmsctl.errors import KmsError

_CORRUPTED = "The {what} was corrupted in-transit. Please try again. This should happen rarely."
REQUEST_CORRUPTED = _CORRUPTED.format(what="request sent to the server")
_RESPONSE_CORRUPTED = _CORRUPTED.format(what="response received from the server")


def read_aad(inputs: Inputs, path: str | None, limit: int) -> bytes:
    """Reads the additional authenticated data; no file is none."""
    if path is None:
        return b""
    flag = "--additional-authenticated-data-file"
    return inputs.read(flag, path, "additional authenticated data", limit)


def check_name(*, asked: str, used: str) -> None:
    """Checks that the service used the resource that it was asked to."""
    if asked != used:
        raise CommandError(
            f"Found a mismatch between user-requested crypto resource ({asked})and server-reported resource "
            f"used for the cryptographic operation ({used})."
        )


def check_request(*verified: bool) -> None:
    """Checks that the service says of each checksum sent that it has verified it."""
    if not all(verified):
        raise CommandError(REQUEST_CORRUPTED)


def is_checksum_mismatch(error: KmsError) -> bool:
    """Tells whether the service itself found that a checksum does not fit what was sent."""
    return error.status == "INVALID_ARGUMENT" and error.message.startswith("The checksum in field ")


def check_response(data: bytes, checksum: int) -> None:
    """Checks received data against the service's checksum of it."""
    if crc32c(data) != checksum:
        raise CommandError(_RESPONSE_CORRUPTED)


def check_success(success: bool, confirmed: bool) -> None:
    """Checks the answer to a verification against the service's second word on it."""
    if success is not confirmed:
        raise CommandError(_RESPONSE_CORRUPTED)
