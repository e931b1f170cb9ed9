"""Protection levels: which backend keeps and uses the material of a version."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.model.protection import HSM, PROTECTION_LEVELS, SOFTWARE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import Backend
    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.service.audit import ResourceName
    from kmsctl.service.kms import Kms


def backend(kms: Kms, level: int, name: ResourceName | None = None) -> Backend:
    """Returns the backend of a protection level, given as its number.

    `name` is the resource that it is needed for: its project and location choose the token.
    """
    if PROTECTION_LEVELS[level] == SOFTWARE:
        from kmsctl.crypto.software import SoftwareBackend

        return SoftwareBackend(kms.random)
    if name is not None and is_hsm(level):
        return token(kms, name)
    raise FailedPrecondition(
        f"Protection level {PROTECTION_LEVELS[level]} is not available in this version of kmsctl.",
        hint="Use --protection-level=software.",
    )


def is_hsm(level: int) -> bool:
    return PROTECTION_LEVELS[level] == HSM


def token(kms: Kms, name: ResourceName) -> TokenBackend:
    """Returns the token that serves the project and location of a resource.

    Raises:
        InvalidArgument: if there are no HSM keys in that location.
        FailedPrecondition: if no token is configured.
    """
    from kmsctl.model import locations

    place = locations.find(name.location)
    if place is None or not place.hsm:
        raise InvalidArgument(
            f"Protection level HSM is not offered in location {name.location}.",
            hint="kmsctl locations list shows where it is (HSM_AVAILABLE).",
        )
    return kms.tokens.of(name)


def public_backend(kms: Kms, level: int) -> Backend:
    """Returns what serves public keys of a protection level: no token is needed for them."""
    if not is_hsm(level):
        return backend(kms, level)
    from kmsctl.crypto.software import SoftwareBackend

    class PublicKeys(SoftwareBackend):
        """Public keys of an HSM, used outside of it, within the limits of its requests."""

        __slots__ = ()
        protection_level = HSM

    return PublicKeys(kms.random)
