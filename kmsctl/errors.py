"""Everything that can go wrong, as types.

Each error carries the canonical status name of the Google API error model
(https://google.aip.dev/193). Front ends own exit statuses and layout; they never need to look
into a message to know what happened.
"""

from __future__ import annotations


class KmsError(Exception):
    """A request that was refused, or could not be carried out. Nothing was changed.

    Attributes:
        status: the canonical status name, such as ``NOT_FOUND``.
        message: one sentence for people; it never holds key material, plaintext or a secret.
        hint: what to do next, where that is known.
    """

    status = "UNKNOWN"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidArgument(KmsError):
    status = "INVALID_ARGUMENT"


class NotFound(KmsError):
    status = "NOT_FOUND"


class AlreadyExists(KmsError):
    status = "ALREADY_EXISTS"


class PermissionDenied(KmsError):
    """The caller may not.

    Attributes:
        asked: the permission that is missing, and the resource that it is missing on, where it is one.
        account: who was refused, where that is not known from the call: of a chain of service accounts, the
            one that may not act as the next.
    """

    status = "PERMISSION_DENIED"
    asked: tuple[str, str] | None = None
    account: str | None = None


class AccessReasonDenied(PermissionDenied):
    """The caller has the permission, but not for the reason that the call gives."""


class FailedPrecondition(KmsError):
    status = "FAILED_PRECONDITION"


class Aborted(KmsError):
    """Somebody else changed the same thing first; reading it again and retrying may succeed."""

    status = "ABORTED"


class Unimplemented(KmsError):
    """The installed libraries cannot do this; the message names the one that would."""

    status = "UNIMPLEMENTED"


class Internal(KmsError):
    status = "INTERNAL"


class StoreError(KmsError):
    """The store itself cannot serve; the resources in it are not at fault."""

    status = "UNAVAILABLE"


class StoreBusy(StoreError):
    """Another process holds the store's write lock for longer than the time-out."""


class StoreFull(StoreError):
    """The disk or the quota is full. What was being written was rolled back."""

    status = "RESOURCE_EXHAUSTED"


class StoreAccess(StoreError):
    """A file or directory of the store has the wrong owner, mode or kind, or cannot be opened."""

    status = "FAILED_PRECONDITION"


class StoreNewer(StoreAccess):
    """A database has a newer format than this release reads."""


class StoreLocked(StoreError):
    """No protector of the root key could be opened: nobody gave the passphrase, a command failed, ..."""

    status = "FAILED_PRECONDITION"


class IntegrityError(KmsError):
    """Something stored is not what was stored: edited, moved, removed, replayed or damaged."""

    status = "INTEGRITY"


class RollbackError(IntegrityError):
    """A database is older than its anchor says, or missing although it is anchored."""


class TokenError(KmsError):
    """A PKCS#11 token or its module cannot serve; the message names both and the cause."""

    status = "UNAVAILABLE"


class TokenPinError(TokenError):
    """A token does not let its user in: the PIN is wrong, locked, missing or not set."""

    status = "FAILED_PRECONDITION"


class TokenBusy(TokenError):
    """A token has no room or no session left for now."""

    status = "RESOURCE_EXHAUSTED"
