"""What a call carries besides its request."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Context:
    """The caller of one verb.

    Attributes:
        principal: who asks, as an e-mail-like account name.
        impersonated: the addresses of the service accounts that the caller acts as, each by leave of the
            one before it; the last is whose permissions count.
        access_reason: an access reason of Key Access Justifications, or None.
        request_id: names this call in the audit records.
        user_agent: what the caller calls the program that asks.
        deadline: when the caller stops waiting, in seconds of `time.monotonic()`, or None.
    """

    __slots__ = ("access_reason", "deadline", "impersonated", "principal", "request_id", "user_agent")

    def __init__(
        self,
        principal: str,
        *,
        impersonated: Sequence[str] = (),
        request_id: str = "",
        access_reason: str | None = None,
        user_agent: str = "",
        deadline: float | None = None,
    ) -> None:
        self.principal = principal
        self.impersonated = tuple(impersonated)
        self.request_id = request_id
        self.access_reason = access_reason
        self.user_agent = user_agent
        self.deadline = deadline
