"""What a call carries besides its request."""

from __future__ import annotations


class Context:
    """The caller of one verb.

    Attributes:
        principal: who asks, as an e-mail-like account name.
        access_reason: an access reason of Key Access Justifications, or None.
        request_id: names this call in the audit records.
        deadline: when the caller stops waiting, in seconds of `time.monotonic()`, or None.
    """

    __slots__ = ("access_reason", "deadline", "principal", "request_id")

    def __init__(
        self,
        principal: str,
        *,
        request_id: str = "",
        access_reason: str | None = None,
        deadline: float | None = None,
    ) -> None:
        self.principal = principal
        self.request_id = request_id
        self.access_reason = access_reason
        self.deadline = deadline
