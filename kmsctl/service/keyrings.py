"""Key rings: made once, never renamed, never removed."""

from __future__ import annotations

from kmsctl.errors import AlreadyExists, InvalidArgument
from kmsctl.model.resources import KeyRing
from kmsctl.service.call import Mutation, Reading, decide, not_found
from kmsctl.service.defaults import PAGE_SIZE
from kmsctl.service.targets import Target
from kmsctl.store import rings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kmsctl.model.names import KeyRingName, LocationName
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms


_TAGGING = "CreateTagBinding"


def create(kms: Kms, ctx: Context, name: KeyRingName, tags: Mapping[str, str] | None = None) -> KeyRing:
    for key, value in (tags or {}).items():
        _check_tag(name, key, value)
    if tags:
        with Reading(kms, ctx, _TAGGING, name):
            pass  # whoever may not is refused, and that is recorded, before the lock is taken
    with Mutation(kms, ctx, "CreateKeyRing", name, creates=True) as call:
        if tags:
            decide(kms, ctx, _TAGGING, Target(name), call.transaction)
            call.request = {"tags": dict(tags)}
        if rings.find(call.transaction, name) is not None:
            raise AlreadyExists(f"KeyRing {name} already exists.")
        return rings.resource(rings.insert(call.transaction, name, tags), name)


def get(kms: Kms, ctx: Context, name: KeyRingName) -> KeyRing:
    reading = Reading(kms, ctx, "GetKeyRing", name)
    with reading as snapshot:
        row = None if snapshot is None else rings.find(snapshot, name)
        if row is None:
            raise not_found(name)
        ring = rings.resource(row, name)
    reading.record()
    return ring


def list_(kms: Kms, ctx: Context, parent: LocationName, prefix: str, limit: int | None) -> Iterator[KeyRing]:
    after = ""
    left = limit
    while left is None or left > 0:
        size = PAGE_SIZE if left is None else min(left, PAGE_SIZE)
        reading = Reading(kms, ctx, "ListKeyRings", parent)
        with reading as snapshot:
            found = (
                []
                if snapshot is None
                else list(rings.page(snapshot, parent, prefix=prefix, after=after, limit=size))
            )
        if not after:
            reading.record()
        yield from found
        if len(found) < size:
            return
        after = found[-1].name.key_ring
        left = None if left is None else left - size


def _check_tag(name: KeyRingName, key: str, value: str) -> None:
    """Refuses a tag that is not ``PROJECT/NAME`` with a value, in the grammar of Google's tags."""
    project, slash, short = key.rpartition("/")
    for text in (short, value):
        right = 1 <= len(text) <= 63 and text[0].isalnum() and text[-1].isalnum()
        if (
            not right
            or not text.isascii()
            or not text.replace("-", "").replace("_", "").replace(".", "").isalnum()
        ):
            raise InvalidArgument(f"tags: '{text}' is neither the name nor the value of a tag.")
    if not slash or project != name.project:
        raise InvalidArgument(f"tags: the key '{key}' is not one of the project {name.project}.")
