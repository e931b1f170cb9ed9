"""Reasons for access to a key: Key Access Justifications, as google.cloud.kms.v1.AccessReason has them."""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: In the order of their numbers, from 0.
ACCESS_REASONS = (
    "REASON_UNSPECIFIED",
    "CUSTOMER_INITIATED_SUPPORT",
    "GOOGLE_INITIATED_SERVICE",
    "THIRD_PARTY_DATA_REQUEST",
    "GOOGLE_INITIATED_REVIEW",
    "CUSTOMER_INITIATED_ACCESS",
    "GOOGLE_INITIATED_SYSTEM_OPERATION",
    "REASON_NOT_EXPECTED",
    "MODIFIED_CUSTOMER_INITIATED_ACCESS",
    "MODIFIED_GOOGLE_INITIATED_SYSTEM_OPERATION",
    "GOOGLE_RESPONSE_TO_PRODUCTION_ALERT",
    "CUSTOMER_AUTHORIZED_WORKFLOW_SERVICING",
)
#: What a call is that gives no reason: somebody uses their own account on their own data.
DEFAULT = "CUSTOMER_INITIATED_ACCESS"


def checked(reasons: Sequence[str], field: str) -> tuple[str, ...]:
    """Returns reasons without those that are named twice.

    Raises:
        InvalidArgument: if one is none; the message names the field.
    """
    for reason in reasons:
        if reason not in ACCESS_REASONS:
            raise InvalidArgument(f"{field}: '{reason}' is not an AccessReason.")
    return tuple(dict.fromkeys(reasons))


def spelling(reason: str) -> str:
    """Returns how flags spell a reason: ``customer-initiated-access``."""
    return reason.lower().replace("_", "-")
