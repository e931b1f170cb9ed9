"""Keys: created, shown, listed, updated; their primary version and their rotation schedule."""

from __future__ import annotations

from kmsctl.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from kmsctl.model import algorithms, states
from kmsctl.model.labels import check_labels
from kmsctl.model.protection import PROTECTION_LEVEL_NUMBERS, PROTECTION_LEVELS
from kmsctl.model.times import MAX_TIME
from kmsctl.service import due, generation
from kmsctl.service.backends import is_hsm
from kmsctl.service.call import Mutation, Reading, not_found
from kmsctl.service.defaults import (
    BLOCK_SIZE,
    MAX_DESTROY_SCHEDULED_DURATION,
    MAX_ROTATION_PERIOD,
    MIN_DESTROY_SCHEDULED_DURATION,
    MIN_ROTATION_PERIOD,
    PAGE_SIZE,
    SIFT_SIZE,
)
from kmsctl.store import keys, labels, rings, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeVar

    from kmsctl.model.algorithms import Algorithm, Purpose
    from kmsctl.model.names import CryptoKeyName, KeyRingName
    from kmsctl.model.resources import CryptoKey, CryptoKeySpec
    from kmsctl.service.api import Keep
    from kmsctl.service.context import Context
    from kmsctl.service.kms import Kms
    from kmsctl.store.snapshot import Snapshot
    from kmsctl.store.tables import Row

    T = TypeVar("T")

_POLICY = "key_access_justifications_policy"
#: Field of an update mask → the field whose new value the record has; none where it was taken away.
_RECORDED = {
    "labels": "labels",
    "next_rotation_time": "nextRotationTime",
    "not_exportable": "notExportable",
    "rotation_period": "rotationPeriod",
    "version_template.algorithm": "versionTemplate",
}


def create(
    kms: Kms, ctx: Context, name: CryptoKeyName, spec: CryptoKeySpec, *, skip_version: bool
) -> CryptoKey:
    duration = _check_spec(kms, spec, name, skip_version=skip_version)
    level, algorithm = PROTECTION_LEVEL_NUMBERS[spec.protection_level], algorithms.by_enum(spec.algorithm)
    slow = generation.is_slow(level, algorithm)
    if is_hsm(level) or (slow and not skip_version):
        with Reading(kms, ctx, "CreateCryptoKey", name) as snapshot:  # before a lease is written
            ring = None if snapshot is None else rings.find(snapshot, name.parent)
            if snapshot is None or ring is None:
                raise not_found(name.parent)
            if keys.find(snapshot, ring, name) is not None:
                raise AlreadyExists(f"CryptoKey {name} already exists.")
        if is_hsm(level):
            generation.check_available(kms, level, algorithm, name)
    if skip_version or not slow:
        return _create(kms, ctx, name, spec, duration, None, skip_version=skip_version)
    with generation.Generation(kms, name, level) as making:
        created = _create(kms, ctx, name, spec, duration, making, skip_version=False)
        making.complete(name.version(1))
    return created


def _create(
    kms: Kms,
    ctx: Context,
    name: CryptoKeyName,
    spec: CryptoKeySpec,
    duration: int,
    slow: generation.Generation | None,
    *,
    skip_version: bool,
) -> CryptoKey:
    with Mutation(kms, ctx, "CreateCryptoKey", name, within=name.parent) as call:
        transaction = call.transaction
        call.request = {"purpose": spec.purpose, "algorithm": spec.algorithm, "labels": spec.labels}
        if spec.allowed_access_reasons is not None:
            call.request["allowedAccessReasons"] = list(spec.allowed_access_reasons)
        ring = rings.find(transaction, name.parent)
        if ring is None:
            raise not_found(name.parent)
        if keys.find(transaction, ring, name) is not None:
            raise AlreadyExists(f"CryptoKey {name} already exists.")
        following = spec.next_rotation_time
        _check_schedule(spec.purpose, spec.rotation_period, following, transaction.now, fresh=following)
        _check_rotatable(name, import_only=spec.import_only, following=following)
        row = keys.insert(transaction, ring, name, spec, duration)
        if not skip_version:
            number = generation.add_version(kms, transaction, row, name, slow)
            if algorithms.purpose_by_enum(spec.purpose).has_primary:
                transaction.update(row, primary_version=number)
        return keys.resource(row, name, keys.primary_of(transaction, row, name), transaction.now)


def get(kms: Kms, ctx: Context, name: CryptoKeyName) -> CryptoKey:
    def shown(snapshot: Snapshot, row: Row) -> CryptoKey:
        return keys.resource(row, name, keys.primary_of(snapshot, row, name), snapshot.now)

    return due.read_key(kms, ctx, "GetCryptoKey", name, name, shown)


def list_(
    kms: Kms, ctx: Context, parent: KeyRingName, prefix: str, limit: int | None, keep: Keep | None
) -> Iterator[CryptoKey]:
    if keep is not None and limit is None:
        yield from _sifted(kms, ctx, parent, prefix, keep)
        return
    after = ""
    left = limit
    while left is None or left > 0:
        size = PAGE_SIZE if left is None else min(left, PAGE_SIZE)
        reading = Reading(kms, ctx, "ListCryptoKeys", parent)
        with reading as snapshot:
            ring = None if snapshot is None else rings.find(snapshot, parent)
            if snapshot is None or ring is None:
                raise not_found(parent)
            found = list(keys.page(snapshot, ring, parent, prefix=prefix, after=after, limit=size))
        if not after:
            reading.record()
        yield from found
        if len(found) < size:
            return
        after = found[-1].name.crypto_key
        left = None if left is None else left - size


def shaped(
    kms: Kms, ctx: Context, parent: KeyRingName, shape: Callable[[Iterable[CryptoKey]], T]
) -> Iterator[T]:
    """Yields what `shape` makes of some keys at a time; of a long list, on all processors that there are."""
    count = 0
    after = ""
    for key in list_(kms, ctx, parent, "", PAGE_SIZE, None):
        yield shape((key,))  # one by one: what comes before a row that is damaged is shown
        count += 1
        after = key.name.crypto_key
    if count == PAGE_SIZE:
        from kmsctl.service import blocks

        for made in blocks.worked(_blocks(kms, ctx, parent, shape, after), blocks.processors()):
            yield from made


def _blocks(
    kms: Kms, ctx: Context, parent: KeyRingName, shape: Callable[[Iterable[CryptoKey]], T], after: str
) -> Iterator[Callable[[], list[T]]]:
    """Reads blocks of keys, as they are in the database, and yields the work that is left on each."""

    def work(parts: list[Iterator[CryptoKey]]) -> Callable[[], list[T]]:
        return lambda: list(map(shape, parts))

    while True:
        with Reading(kms, ctx, "ListCryptoKeys", parent) as snapshot:
            ring = None if snapshot is None else rings.find(snapshot, parent)
            if snapshot is None or ring is None:
                raise not_found(parent)
            parts, last = keys.block(snapshot, ring, parent, after=after, limit=BLOCK_SIZE)
        yield work(parts)
        if last is None:
            return
        after = last


def _sifted(kms: Kms, ctx: Context, parent: KeyRingName, prefix: str, keep: Keep) -> Iterator[CryptoKey]:
    """Yields the keys that are kept; of the others no more is read than what they are asked for by."""
    after = ""
    while True:
        reading = Reading(kms, ctx, "ListCryptoKeys", parent)
        with reading as snapshot:
            ring = None if snapshot is None else rings.find(snapshot, parent)
            if snapshot is None or ring is None:
                raise not_found(parent)
            outlines = keys.outlines(snapshot, ring, prefix=prefix, after=after, limit=SIFT_SIZE)
            kept = [each.crypto_key for each in outlines if keep(each)]
            found = list(keys.named(snapshot, ring, parent, kept))
        if not after:
            reading.record()
        yield from found
        if len(outlines) < SIFT_SIZE:
            return
        after = outlines[-1].crypto_key


def update(kms: Kms, ctx: Context, name: CryptoKeyName, changes: Mapping[str, object]) -> CryptoKey:
    if not changes:
        raise InvalidArgument("The update mask is empty: name at least one field to change.")
    algorithm = changes.get("version_template.algorithm")
    if isinstance(algorithm, str):
        _check_new_algorithm(kms, ctx, name, algorithms.by_enum(algorithm))
    due.settle_token(kms, ctx, "UpdateCryptoKey", name, name)
    with Mutation(kms, ctx, "UpdateCryptoKey", name) as call:
        transaction = call.transaction
        call.request = {"updateMask": ",".join(sorted(changes))}
        row = due.find_key(transaction, name)
        if row is None:
            raise not_found(name)
        due.apply(kms, transaction, row, name)
        columns: dict[str, int | str | None] = {}
        for field, value in changes.items():
            columns.update(_change(field, value))
        reasons = columns.get("allowed_access_reasons")
        if isinstance(reasons, str):
            call.request["allowedAccessReasons"] = reasons.split()
        if columns.keys() & {"rotation_period", "next_rotation_time"}:
            merged = {**row.values, **columns}
            purpose = algorithms.purpose_by_number(row.integer("purpose")).enum
            period, following = merged["rotation_period"], merged["next_rotation_time"]
            fresh = following if "next_rotation_time" in columns else None
            _check_schedule(purpose, period, following, transaction.now, fresh=fresh)  # type: ignore[arg-type]
            _check_rotatable(name, import_only=bool(row.integer("import_only")), following=following)
        transaction.update(row, **columns)
        updated = keys.resource(row, name, keys.primary_of(transaction, row, name), transaction.now)
        from kmsctl.model.rest import crypto_key_json

        now = crypto_key_json(updated)
        call.request |= {shown: now[shown] for field in changes if (shown := _RECORDED.get(field, "")) in now}
        return updated


def update_primary_version(kms: Kms, ctx: Context, name: CryptoKeyName, number: int) -> CryptoKey:
    due.settle_token(kms, ctx, "UpdateCryptoKeyPrimaryVersion", name, name)
    with Mutation(kms, ctx, "UpdateCryptoKeyPrimaryVersion", name) as call:
        transaction = call.transaction
        version = name.version(number)
        call.request = {"cryptoKeyVersionId": str(number)}
        row = due.find_key(transaction, name)
        if row is None:
            raise not_found(name)
        due.apply(kms, transaction, row, name)
        purpose = algorithms.purpose_by_number(row.integer("purpose"))
        if not purpose.has_primary:
            raise FailedPrecondition(
                f"Operation requested for Key {name} has incorrect key purpose: {purpose.enum}"
            )
        found = versions.find(transaction, row, version)
        if found is None:
            raise not_found(version)
        state = versions.state_of(found, transaction.now)
        if state not in states.HOLDS_MATERIAL:
            raise transition_refused(str(version), state)
        transaction.update(row, primary_version=number)
        return keys.resource(row, name, found, transaction.now)


def transition_refused(name: str, state: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"The request cannot be fulfilled. Resource {name} has value {state} "
        "in field crypto_key_version.state."
    )


def _check_spec(kms: Kms, spec: CryptoKeySpec, name: CryptoKeyName, *, skip_version: bool) -> int:
    """Checks what does not depend on the store. Returns the destroy window."""
    purpose = algorithms.purpose_by_enum(spec.purpose)
    if spec.protection_level not in PROTECTION_LEVEL_NUMBERS:
        raise InvalidArgument(f"protection_level: '{spec.protection_level}' is not a ProtectionLevel.")
    algorithm = algorithms.by_enum(spec.algorithm)
    _check_algorithm(purpose, spec.protection_level, algorithm)
    level = PROTECTION_LEVEL_NUMBERS[spec.protection_level]
    if not is_hsm(level):  # a token is asked by whoever may make keys in it
        generation.check_available(kms, level, algorithm, name)
    check_labels(spec.labels)
    if spec.allowed_access_reasons is not None:
        spec.allowed_access_reasons = _checked_reasons(spec.allowed_access_reasons)
    if spec.import_only and not skip_version:
        raise InvalidArgument(
            "An import-only key cannot have a generated first version.",
            hint="Add --skip-initial-version-creation.",
        )
    duration = spec.destroy_scheduled_duration
    if duration is None:
        duration = kms.destroy_scheduled_duration
    least = 0 if spec.import_only else MIN_DESTROY_SCHEDULED_DURATION
    if not least <= duration <= MAX_DESTROY_SCHEDULED_DURATION:
        raise InvalidArgument(
            "destroy_scheduled_duration must be at least 24 hours (0 for import-only keys) "
            "and at most 120 days."
        )
    return duration


def _check_algorithm(purpose: Purpose, level: str, algorithm: Algorithm) -> None:
    """Refuses an algorithm that keys of a purpose and a protection level cannot have."""
    if algorithm.purpose != purpose.enum:
        raise InvalidArgument(f"Algorithm {algorithm.enum} does not fit the purpose {purpose.enum}.")
    if level not in algorithm.protection_levels:
        raise InvalidArgument(f"Algorithm {algorithm.enum} is not offered at protection level {level}.")


def _check_new_algorithm(kms: Kms, ctx: Context, name: CryptoKeyName, algorithm: Algorithm) -> None:
    """Checks an algorithm for an existing key. What it is checked against never changes."""
    with Reading(kms, ctx, "UpdateCryptoKey", name) as snapshot:
        row = None if snapshot is None else due.find_key(snapshot, name)
        if row is None:
            raise not_found(name)
    purpose = algorithms.purpose_by_number(row.integer("purpose"))
    level = row.integer("protection_level")
    _check_algorithm(purpose, PROTECTION_LEVELS[level], algorithm)
    generation.check_available(kms, level, algorithm, name)


def _change(field: str, value: object) -> dict[str, int | str | None]:
    """Returns the columns that a field of the update mask changes."""
    if field == "labels" and isinstance(value, dict):
        check_labels(value)
        return {"labels": labels.encode(value)}
    if field in ("rotation_period", "next_rotation_time") and (value is None or isinstance(value, int)):
        return {field: value}
    if field == "version_template.algorithm" and isinstance(value, str):
        return {"algorithm": algorithms.by_enum(value).number}
    if field == "not_exportable" and value is True:
        return {field: 1}  # for good: there is no way back
    if field == _POLICY and (value is None or isinstance(value, list | tuple)):
        return {"allowed_access_reasons": keys.encode_reasons(_checked_reasons(value))}
    raise InvalidArgument(f"update_mask: '{field}' cannot be changed.")


def _checked_reasons(reasons: Sequence[str] | None) -> tuple[str, ...] | None:
    """Checks a Key Access Justifications policy; None is none."""
    if reasons is None:
        return None
    from kmsctl.model.access_reasons import checked

    return checked(reasons, f"{_POLICY}.allowed_access_reasons")


def _check_rotatable(name: CryptoKeyName, *, import_only: bool, following: object) -> None:
    """Refuses to schedule what could never be done, and would stand in the way of everything else."""
    if import_only and following is not None:
        raise InvalidArgument(
            f"CryptoKey {name} is import-only: it has no rotation schedule, for its versions are imported."
        )


def _check_schedule(
    purpose: str, period: int | None, following: int | None, now: int, *, fresh: int | None = None
) -> None:
    """Checks a rotation schedule; `fresh` is the next rotation time if this call sets it."""
    if period is None and following is None:
        return
    if not algorithms.purpose_by_enum(purpose).rotates:
        raise InvalidArgument(
            f"A rotation schedule is for symmetric encryption keys only; this key's purpose is {purpose}."
        )
    if period is not None:
        if not MIN_ROTATION_PERIOD <= period <= MAX_ROTATION_PERIOD:
            raise InvalidArgument("rotation_period must be at least 24 hours and at most 876000 hours.")
        if following is None:
            raise InvalidArgument(
                "next_rotation_time must be set when rotation_period is.", hint="Add --next-rotation-time."
            )
    if fresh is not None and not now < fresh <= MAX_TIME:
        raise InvalidArgument("next_rotation_time must lie in the future, and before the year 10000.")
