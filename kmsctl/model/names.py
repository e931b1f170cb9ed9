"""Resource names, parsed at the edge and passed on as types.

The grammar is that of the Cloud KMS v1 API: ids match ``[a-zA-Z0-9_-]{1,63}``, versions are
decimal counters from 1. A name object can only be built from parts that fit, so whoever holds
one may put its location into a path.
"""

from __future__ import annotations

from kmsctl.errors import InvalidArgument

_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_PROJECT_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.:")
_LOCATION_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
ID_PATTERN = "([a-zA-Z0-9_-]{1,63})"
MAX_VERSION = 2**63 - 1


def check_id(field: str, value: str) -> str:
    """Returns `value` if it is a resource id; `field` is the API's name of it in the error."""
    if not 1 <= len(value) <= 63 or not _ID_CHARACTERS.issuperset(value):
        raise InvalidArgument(f"{field}: '{value}' does not match pattern '{ID_PATTERN}'.")
    return value


def check_project(value: str) -> str:
    """Returns `value` if it can be a project id (domain-scoped ids such as ``example.com:p`` too)."""
    if (
        not 1 <= len(value) <= 100
        or not _PROJECT_CHARACTERS.issuperset(value)
        or not value[0].isalpha()
        or value[-1] in "-.:"
    ):
        raise InvalidArgument(
            f"project: '{value}' is not a project id.",
            hint="A project id has lower-case letters, digits and hyphens and starts with a letter.",
        )
    return value


def check_location(value: str) -> str:
    if not 1 <= len(value) <= 63 or not _LOCATION_CHARACTERS.issuperset(value):
        raise InvalidArgument(f"location: '{value}' does not match pattern '([a-z0-9-]{{1,63}})'.")
    return value


def check_version(value: str) -> int:
    """Returns the number of a version id, which is decimal, from 1, and has no leading zero."""
    if not value.isascii() or not value.isdigit() or value[0] == "0" or len(value) > 19:
        raise InvalidArgument(f"crypto_key_version: '{value}' is not a version number (1, 2, 3, ...).")
    number = int(value)
    if number > MAX_VERSION:
        raise InvalidArgument(f"crypto_key_version: '{value}' is not a version number (1, 2, 3, ...).")
    return number


class Name:
    """A resource name. Names are values: they compare, hash and print as their full text."""

    __slots__ = ("text",)
    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class ProjectName(Name):
    """``projects/PROJECT``."""

    __slots__ = ("project",)

    def __init__(self, project: str) -> None:
        self.project = check_project(project)
        self.text = f"projects/{project}"


class ServiceAccountName(Name):
    """``projects/PROJECT/serviceAccounts/EMAIL``; the project may be ``-``, whichever it is in."""

    __slots__ = ("email", "project")

    def __init__(self, project: str, email: str) -> None:
        from kmsctl.model.members import parse_service_account

        self.project = project if project == "-" else check_project(project)
        self.email = parse_service_account(email)
        self.text = f"projects/{project}/serviceAccounts/{self.email}"


class LocationName(Name):
    """``projects/PROJECT/locations/LOCATION``."""

    __slots__ = ("location", "project")

    def __init__(self, project: str, location: str) -> None:
        self.project = check_project(project)
        self.location = check_location(location)
        self.text = f"projects/{project}/locations/{location}"


class _Below(Name):
    """The name of something in a location."""

    __slots__ = ("parent",)
    parent: LocationName | _Below

    @property
    def location(self) -> str:
        return self.parent.location

    @property
    def project(self) -> str:
        return self.parent.project


class KeyRingName(_Below):
    """``projects/PROJECT/locations/LOCATION/keyRings/KEY_RING``."""

    __slots__ = ("key_ring",)
    parent: LocationName

    def __init__(self, parent: LocationName, key_ring: str) -> None:
        self.parent = parent
        self.key_ring = check_id("key_ring_id", key_ring)
        self.text = f"{parent.text}/keyRings/{key_ring}"


class ImportJobName(_Below):
    """``projects/PROJECT/locations/LOCATION/keyRings/KEY_RING/importJobs/IMPORT_JOB``."""

    __slots__ = ("import_job",)
    parent: KeyRingName

    def __init__(self, parent: KeyRingName, import_job: str) -> None:
        self.parent = parent
        self.import_job = check_id("import_job_id", import_job)
        self.text = f"{parent.text}/importJobs/{import_job}"


class CryptoKeyName(_Below):
    """``projects/PROJECT/locations/LOCATION/keyRings/KEY_RING/cryptoKeys/CRYPTO_KEY``."""

    __slots__ = ("crypto_key",)
    parent: KeyRingName

    def __init__(self, parent: KeyRingName, crypto_key: str) -> None:
        self.parent = parent
        self.crypto_key = check_id("crypto_key_id", crypto_key)
        self.text = f"{parent.text}/cryptoKeys/{crypto_key}"

    def version(self, number: int) -> CryptoKeyVersionName:
        return CryptoKeyVersionName(self, number)


class CryptoKeyVersionName(_Below):
    """``.../cryptoKeys/CRYPTO_KEY/cryptoKeyVersions/NUMBER``."""

    __slots__ = ("number",)
    parent: CryptoKeyName

    def __init__(self, parent: CryptoKeyName, number: int) -> None:
        self.parent = parent
        self.number = number
        self.text = f"{parent.text}/cryptoKeyVersions/{number}"


_COLLECTIONS = ("projects", "locations", "keyRings", "cryptoKeys", "cryptoKeyVersions")


def parse(text: str) -> Name:
    """Parses a full resource name of any kind into the type of its kind.

    Raises:
        InvalidArgument: if `text` is no full resource name.
    """
    parts = text.split("/")
    if len(parts) % 2 or not all(parts):
        raise InvalidArgument(f"Resource name '{text}' is not a full resource name.")
    collections, ids = parts[::2], parts[1::2]
    kinds = tuple(collections)
    is_job = kinds == ("projects", "locations", "keyRings", "importJobs")
    if not is_job and kinds != _COLLECTIONS[: len(kinds)]:
        raise InvalidArgument(f"Resource name '{text}' is not a full resource name.")
    if len(ids) == 1:
        return ProjectName(ids[0])
    location = LocationName(ids[0], ids[1])
    if len(ids) == 2:
        return location
    ring = KeyRingName(location, ids[2])
    if len(ids) == 3:
        return ring
    if is_job:
        return ImportJobName(ring, ids[3])
    key = CryptoKeyName(ring, ids[3])
    if len(ids) == 4:
        return key
    return CryptoKeyVersionName(key, check_version(ids[4]))
