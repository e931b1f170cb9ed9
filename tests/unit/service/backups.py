"""Backups of a `World`, in memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from kmsctl.service.restores import RestoreReport, RestoreRequest
from kmsctl.service.unlocking import Container, Unlock
from tests.unit.service.world import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.service.context import Context
    from kmsctl.service.differences import Difference
    from kmsctl.service.restores import RestorePlan
    from tests.unit.service.world import World


def container(data: bytes, label: str = "the backup") -> Container:
    return Container(io.BytesIO(data).read, label)


def back_up(world: World, **more: Any) -> bytes:
    pieces: list[bytes] = []
    world.kms.create_backup(OWNER, pieces.append, **more)
    return b"".join(pieces)


def tombstones(world: World) -> bytes:
    pieces: list[bytes] = []
    world.kms.export_tombstones(OWNER, pieces.append)
    return b"".join(pieces)


def yes(plan: RestorePlan) -> bool:
    del plan
    return True


def restore(
    world: World,
    data: bytes,
    *,
    location: str | None = None,
    known: bytes | None = None,
    unlock: Unlock | None = None,
    confirm: Callable[[RestorePlan], bool] = yes,
    context: Context = OWNER,
) -> RestoreReport | None:
    carried = None if known is None else container(known, "the tombstones")
    request = RestoreRequest("a drill", location, carried)
    return world.kms.restore_backup(context, container(data), request, unlock or Unlock(), confirm=confirm)


def differences(world: World, data: bytes, **more: Any) -> dict[str, Difference]:
    """Returns what a dry run shows, by the end of the resource's name."""
    found: dict[str, Difference] = {}

    def look(plan: RestorePlan) -> bool:
        found.update(
            {each.resource.partition("/keyRings/")[2] or each.resource: each for each in plan.differences()}
        )
        return False

    assert restore(world, data, confirm=look, **more) is None
    return found


def check(world: World, data: bytes, unlock: Unlock | None = None) -> list[str]:
    """Returns what is wrong with a backup."""
    found = world.kms.verify_backup(OWNER, container(data), unlock or Unlock(), manifest=lambda _: None)
    return [each.message for each in found]
