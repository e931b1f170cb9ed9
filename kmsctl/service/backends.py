"""Protection levels: which backend keeps and uses the material of a version."""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition
from kmsctl.model.protection import PROTECTION_LEVELS, SOFTWARE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.crypto.backend import Backend
    from kmsctl.service.kms import Kms


def backend(kms: Kms, level: int) -> Backend:
    """Returns the backend of a protection level, given as its number."""
    if PROTECTION_LEVELS[level] == SOFTWARE:
        from kmsctl.crypto.software import SoftwareBackend

        return SoftwareBackend(kms.random)
    raise FailedPrecondition(
        f"Protection level {PROTECTION_LEVELS[level]} is not available in this version of kmsctl.",
        hint="Use --protection-level=software.",
    )
