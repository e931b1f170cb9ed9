"""The verbs about the store itself, as a Protocol. Imported for types only; see `kmsctl.service.api`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from kmsctl.service.context import Context
from kmsctl.service.reports import (
    Finding,
    MaintenanceReport,
    RepairReport,
    RepairStep,
    StoreStatus,
    VerifyOptions,
)


class StoreApi(Protocol):
    """The store's own verbs. Each needs a permission ``kmsctl.store.*``."""

    def store_status(self, ctx: Context) -> StoreStatus: ...
    def verify_store(
        self,
        ctx: Context,
        progress: Callable[[int, int], None] | None = None,
        options: VerifyOptions | None = None,
    ) -> Iterator[Finding]:
        """Checks everything; yields what is wrong, and nothing where nothing is.

        `progress` is called with (rows done, rows in all) from time to time.
        """
        ...

    def maintain_store(
        self,
        ctx: Context,
        *,
        confirm_clock: Callable[[str], bool],
        max_master_key_age: int | None = None,
    ) -> MaintenanceReport:
        """Does all that is due. Master keys that are older (in microseconds) are rotated.

        `confirm_clock` is asked, with a sentence to show, whether the clock can be believed, where
        material would be destroyed after a large jump of it.
        """
        ...

    def repair_store(
        self,
        ctx: Context,
        *,
        confirm: Callable[[Sequence[RepairStep]], bool],
        progress: Callable[[int, int], None] | None = None,
    ) -> RepairReport:
        """Verifies the store, does what can safely be done about what is wrong, and verifies it again.

        `confirm` is asked with the steps, if there are any, before the first is done; `progress` is as
        for `verify_store`. What may be tampering is left as it is, and reported.
        """
        ...

    def accept_rollback(self, ctx: Context, location: str) -> list[str]:
        """Accepts a database that is behind its anchor, or missing, and draws a new epoch.

        `location` is a location id, or ``control`` for the control database. Of that one, also the projects
        that have key rings, but are not in it any more, are the caller's from now on: they are returned.
        """
        ...
