"""Key Access Justifications: a key that says for which reasons it may be used. Loaded only for such a key."""

from __future__ import annotations

from kmsctl.errors import AccessReasonDenied
from kmsctl.model.access_reasons import DEFAULT, checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.service.context import Context
    from kmsctl.store.tables import Row


def check(ctx: Context, key: Row, name: object) -> None:
    """Refuses a call whose reason the key does not allow; one that gives none is `DEFAULT`.

    Raises:
        AccessReasonDenied: if the reason is not in the key's policy.
        InvalidArgument: if it is no reason at all.
    """
    (reason,) = checked([ctx.access_reason or DEFAULT], "access_reason")
    if reason not in key.text("allowed_access_reasons").split():
        raise AccessReasonDenied(
            f"Access reason {reason} is not allowed by the Key Access Justifications policy of {name}.",
            hint="Whoever may update the key changes that: kmsctl keys update --allowed-access-reasons, or "
            "--remove-key-access-justifications-policy.",
        )
