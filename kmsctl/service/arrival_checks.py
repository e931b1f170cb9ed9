"""What an exported key ring must be before it is imported: anybody can make one up for a public key."""

from __future__ import annotations

from kmsctl.errors import IntegrityError, InvalidArgument, KmsError
from kmsctl.model import algorithms, states
from kmsctl.model.access_reasons import checked
from kmsctl.model.labels import check_labels
from kmsctl.model.names import check_id
from kmsctl.model.policies import decode, encode
from kmsctl.model.protection import PROTECTION_LEVELS, SOFTWARE
from kmsctl.model.times import DAY, MAX_TIME
from kmsctl.service.backends import backend
from kmsctl.service.defaults import MAX_DESTROY_SCHEDULED_DURATION, MAX_ROTATION_PERIOD
from kmsctl.store import labels
from kmsctl.store.keys import encode_reasons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kmsctl.service.departures import Movement
    from kmsctl.service.kms import Kms

_UID_SIZE = 16
_MOST_REASON = 1000
_TEXTS = frozenset(
    (
        "name",
        "labels",
        "policy",
        "allowed_access_reasons",
        "generation_failure_reason",
        "import_job",
        "import_failure_reason",
    )
)
_TIMES = (
    "create_time",
    "generate_time",
    "import_time",
    "destroy_time",
    "destroy_event_time",
    "destroy_scheduled_duration",
    "rotation_period",
    "next_rotation_time",
)
#: In versions that hold material; all others have none of these states for long.
_SETTLED = frozenset(states.STATE_NUMBERS) - {states.PENDING_GENERATION}


def wrong(label: str, what: str) -> IntegrityError:
    return IntegrityError(f"{label} cannot be imported: {what}.", hint="Export the key ring again.")


def columns(
    found: dict[str, Any], known: tuple[str, ...], binary: frozenset[str], label: str
) -> dict[str, Any]:
    """Returns the columns of a row, of the types that are stored."""
    row: dict[str, Any] = {}
    for column, value in found.items():
        if column not in known:
            raise wrong(label, f"it has a field {column[:40]!r} that this release does not know")
        if column in binary and value is not None:
            row[column] = bytes.fromhex(value)
        elif value is None or _is_text_or_number(value, column):
            row[column] = value
        else:
            raise wrong(label, f"its field '{column}' has the wrong type")
    for column in _TIMES:
        value = row.get(column)
        if value is not None and not 0 <= value <= MAX_TIME:
            raise wrong(label, f"its field '{column}' is no time")
    return row


def _is_text_or_number(value: object, column: str) -> bool:
    """Tells whether a value has the very type of its column: SQLite would store another one changed."""
    if column not in _TEXTS:
        return type(value) is int
    # A reason is shown as it is; all other texts have a grammar, by which they are checked.
    if column.endswith("_reason"):
        return isinstance(value, str) and value.isprintable() and len(value) <= _MOST_REASON
    return isinstance(value, str)


def check_ring(ring: dict[str, Any], label: str) -> None:
    time = ring["create_time"]
    if set(ring) != {"create_time", "tags", "policy"} or type(time) is not int or not 0 <= time <= MAX_TIME:
        raise wrong(label, "it does not have the form of an export")
    _check_text(ring["tags"], ring["policy"], label)


def check_key(key: dict[str, Any], label: str) -> None:
    """Checks a key: that what it is fits together, and is within the bounds that a key here has."""
    purpose = algorithms.purpose_by_number(key["purpose"])
    fits = (
        algorithms.by_number(key["algorithm"]).purpose == purpose.enum
        and key["protection_level"] in PROTECTION_LEVELS
        and key["import_only"] in {0, 1}
        and key["not_exportable"] == 0
        and key["last_version"] >= 0
        and key["create_time"] is not None
        and 0 <= key["destroy_scheduled_duration"] <= MAX_DESTROY_SCHEDULED_DURATION
    )
    primary = key["primary_version"]
    if primary is not None:
        fits = fits and purpose.has_primary and 1 <= primary <= key["last_version"]
    if key["rotation_period"] is not None or key["next_rotation_time"] is not None:
        fits = fits and purpose.has_primary and key["next_rotation_time"] is not None
        fits = fits and 0 < (key["rotation_period"] or DAY) <= MAX_ROTATION_PERIOD
    reasons = key["allowed_access_reasons"]
    if reasons is not None:
        fits = fits and encode_reasons(checked(reasons.split(), "allowed_access_reasons")) == reasons
    if not fits:
        raise wrong(label, f"the key '{key['name']}' is not one that kmsctl makes")
    _check_text(key["labels"], key["policy"], label)
    check_labels(labels.decode(key["labels"]))


def check_version(
    kms: Kms, key: dict[str, Any], version: dict[str, Any], name: str, moved: Movement, label: str
) -> None:
    """Checks that a version is what it says: material of its algorithm, a public key of that material."""
    if version["import_job"] is not None:
        check_id("import_job_id", version["import_job"])
    algorithm = algorithms.by_number(version["algorithm"])
    state = states.STATE_NAMES[version["state"]]
    fits = (
        algorithm.purpose == algorithms.purpose_by_number(key["purpose"]).enum
        and version["protection_level"] == key["protection_level"]
        and isinstance(version["uid"], bytes)
        and len(version["uid"]) == _UID_SIZE
        and version["create_time"] is not None
        and state in _SETTLED
        and (state != states.DESTROY_SCHEDULED or version["destroy_time"] is not None)
    )
    if not fits:
        raise wrong(label, f"{name} is not a version that kmsctl makes")
    moved.versions += 1
    secret = version.get("material")
    if secret is not None:
        _check_material(kms, algorithm, version, state, name, label)
        return
    if state in states.HOLDS_MATERIAL:  # it is in the other store's HSM, for good
        version["state"] = states.STATE_NUMBERS[states.DESTROYED]
        version["destroy_time"] = version["destroy_event_time"] = kms.clock()
    if states.STATE_NAMES[version["state"]] == states.DESTROYED:
        moved.metadata_only.append(name)


def _check_material(
    kms: Kms, algorithm: algorithms.Algorithm, version: dict[str, Any], state: str, name: str, label: str
) -> None:
    if state not in states.HOLDS_MATERIAL or PROTECTION_LEVELS[version["protection_level"]] != SOFTWARE:
        raise wrong(label, f"{name} is {state} and has key material")
    try:
        made = backend(kms, version["protection_level"]).check_material(algorithm, version["material"])
    except KmsError as error:
        raise wrong(label, f"the key material of {name} is not right: {error.message}") from None
    if made.public != version.get("public"):
        raise wrong(label, f"the public key of {name} does not belong to its private key")


def _check_text(written: object, policy: object, label: str) -> None:
    """Refuses labels or a policy that are not as they are stored."""
    try:
        fits = isinstance(written, str) and labels.encode(labels.decode(written)) == written
        fits = fits and isinstance(policy, str) and (not policy or encode(decode(policy)) == policy)
    except (IndexError, TypeError, ValueError, InvalidArgument):
        fits = False
    if not fits:
        raise wrong(label, "its labels, tags or policies are not as kmsctl writes them")
