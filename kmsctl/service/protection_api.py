"""The verbs about root and master keys, as a Protocol. Imported for types only; see `kmsctl.service.api`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kmsctl.keystore.enrolment import Enrolled
from kmsctl.keystore.ports import Asking, HandOut, Request
from kmsctl.service.context import Context
from kmsctl.service.reports import RootRotationReport, RotationReport


class ProtectionApi(Protocol):
    """Protectors of the root key, and the rotation of root and master keys."""

    def init_store(
        self, ctx: Context, type_: str, request: Request, asking: Asking, hand_out: HandOut
    ) -> list[Enrolled]:
        """Makes root key and anchor with a first protector of a type; `add_protector` says what is given."""
        ...

    def list_protectors(self, ctx: Context) -> tuple[list[Enrolled], str | None]:
        """Returns the protectors, and why nothing vouches for the list, if nothing does."""
        ...

    def add_protector(
        self, ctx: Context, type_: str, request: Request, asking: Asking, hand_out: HandOut
    ) -> Enrolled:
        """Enrols a protector.

        `request` says what it is to be like, `asking` is asked for its secret, `hand_out` is given
        the shares of one of type ``shares`` before it is enrolled.
        """
        ...

    def remove_protector(
        self, ctx: Context, number: int, confirm: Callable[[Enrolled], None]
    ) -> tuple[Enrolled, str | None]:
        """Removes a protector, if `confirm` does not raise. Returns it, and what is left elsewhere."""
        ...

    def unlock_store(self, ctx: Context, seconds: int) -> bool:
        """Leaves the root key with an agent for some time. Returns whether the agent's memory is locked."""
        ...

    def lock_store(self, ctx: Context) -> bool:
        """Ends the agent. Returns False if there is none."""
        ...

    def rotate_master_key(
        self, ctx: Context, name: str | None, progress: Callable[[int, int], None] | None = None
    ) -> list[RotationReport]:
        """Rotates the master key of a location (or ``control``), or of all for None.

        `progress` is called with (rows done, rows in all) of a database from time to time.
        """
        ...

    def rotate_root_key(
        self, ctx: Context, asking: Asking, *, drop_unavailable: bool = False
    ) -> RootRotationReport:
        """Rotates the root key. `asking` is asked for what each protector takes."""
        ...
