"""Flags, positionals and configured defaults → resource names.

Wherever an id is taken, so is a full name (``projects/P/locations/L/keyRings/R/...``, also behind
``https://cloudkms.googleapis.com/v1/``). A full name wins over the flags of its parents. gcloud's
commands are of two styles, with two wordings for what is missing: those about a resource as their
subject, and those with plain flags. Both exit with status 1.
"""

from __future__ import annotations

from kmsctl.cli.failures import CommandError
from kmsctl.model import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from kmsctl.cli.session import Args, Session

    #: makes the error for a part of a name that is missing
    Missing = Callable[[str], CommandError]
    N = TypeVar("N", bound=names.Name)

_URL = "https://cloudkms.googleapis.com/v1/"
#: Part → (its type, the property that stands in for it).
_KINDS: dict[str, tuple[type[names.Name], str | None]] = {
    "location": (names.LocationName, "kms/location"),
    "keyring": (names.KeyRingName, "kms/keyring"),
    "key": (names.CryptoKeyName, None),
    "version": (names.CryptoKeyVersionName, None),
}
_PARTS = tuple(_KINDS)
_COLLECTION_FIELDS = {
    "key": ("cryptoKeysId", "cloudkms.projects.locations.keyRings.cryptoKeys"),
    "version": (
        "cryptoKeyVersionsId",
        "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions",
    ),
}


def full_name(text: str) -> names.Name | None:
    """Returns the name that `text` spells in full, or None if it does not begin like one."""
    text = text.removeprefix(_URL)
    return names.parse(text) if text.startswith("projects/") else None


def location(session: Session, args: Args, *, anchor: str) -> names.LocationName:
    """Returns the location that a command is about; `anchor` is the positional or flag that says so."""
    return _named(names.LocationName, session, args, "location", _attribute_missing("location", anchor))


def key_ring(session: Session, args: Args, *, anchor: str = "keyring") -> names.KeyRingName:
    """Returns the key ring that a command is about; `anchor` is the positional or flag that says so."""
    return _named(names.KeyRingName, session, args, "keyring", _attribute_missing("keyring", anchor))


def key(session: Session, args: Args) -> names.CryptoKeyName:
    """Returns the key that a command is about."""
    return _named(names.CryptoKeyName, session, args, "key", _attribute_missing("key", "key"))


def plain_key(session: Session, args: Args) -> names.CryptoKeyName:
    """Returns the key that plain flags name."""
    return _named(names.CryptoKeyName, session, args, "key", _flag_missing("key"))


def plain_version(session: Session, args: Args) -> names.CryptoKeyVersionName:
    """Returns the version that a positional and plain flags name."""
    return _named(names.CryptoKeyVersionName, session, args, "version", _flag_missing("version"))


def import_job(session: Session, args: Args) -> names.ImportJobName:
    """Returns the import job that a command is about."""
    given = _full_import_job(args["import_job"])
    if given is not None:
        return given
    missing = _attribute_missing("import_job", "import_job")
    return names.ImportJobName(
        _named(names.KeyRingName, session, args, "keyring", missing), args["import_job"]
    )


def plain_import_job(session: Session, args: Args) -> names.ImportJobName:
    """Returns the import job that a positional or flag, and plain flags of its key ring, name."""
    given = _full_import_job(args["import_job"])
    if given is not None:
        return given
    ring = _named(names.KeyRingName, session, args, "keyring", _flag_missing("import_job"))
    return names.ImportJobName(ring, args["import_job"])


def import_job_beside(key: names.CryptoKeyName, text: str) -> names.ImportJobName:
    """Returns the import job with an id or full name, which without one is of the key's key ring."""
    return _full_import_job(text) or names.ImportJobName(key.parent, text)


def plain_key_ring(session: Session, args: Args) -> names.KeyRingName:
    """Returns the key ring that plain flags name."""
    return _named(names.KeyRingName, session, args, "keyring", _flag_missing("import_job"))


def _full_import_job(text: str) -> names.ImportJobName | None:
    given = full_name(text)
    if given is None or isinstance(given, names.ImportJobName):
        return given
    kind = type(given).__name__.removesuffix("Name")
    raise CommandError(
        f"Invalid value for [import_job]: {given} is the name of a {kind}, not of an ImportJob."
    )


def key_or_version(session: Session, args: Args) -> names.CryptoKeyName | names.CryptoKeyVersionName:
    """Returns the version that plain flags name, or the key if they name no version.

    ``--key`` may hold the full name of a version.
    """
    if args["version"]:
        return plain_version(session, args)
    given = full_name(args["key"] or "")
    return given if isinstance(given, names.CryptoKeyVersionName) else plain_key(session, args)


def version_number(text: str) -> int:
    """Returns the number of a version that is given by number or full name."""
    given = full_name(text)
    return given.number if isinstance(given, names.CryptoKeyVersionName) else names.check_version(text)


def _named(kind: type[N], session: Session, args: Args, part: str, missing: Missing) -> N:
    found = _build(session, args, part, missing)
    if not isinstance(found, kind):
        raise TypeError(part)
    return found


def _build(session: Session, args: Args, part: str, missing: Missing) -> names.Name:
    """Goes from the last part up to the first full name, and from there down again."""
    ids: list[tuple[str, str]] = []
    base: names.Name | None = None
    absent: list[str] = []
    for each in _PARTS[_PARTS.index(part) :: -1]:
        text = _value(session, args, each)
        if not text:
            absent.append(each)
            continue
        base = full_name(text)
        if base is not None:
            _check_kind(base, each)
            break
        ids.append((each, text))
    if absent:
        # The outermost is named first, as it would be asked for first.
        raise missing(absent[-1])
    if base is None:
        base = names.ProjectName(session.project)
    for each, text in reversed(ids):
        base = _below(base, each, text)
    return base


def _value(session: Session, args: Args, part: str) -> str | None:
    text: str | None = args.get(part)
    fallback = _KINDS[part][1]
    return session.properties.get(fallback) if text is None and fallback else text


def _below(parent: names.Name, part: str, text: str) -> names.Name:
    if isinstance(parent, names.ProjectName):
        return names.LocationName(parent.project, text)
    if isinstance(parent, names.LocationName):
        return names.KeyRingName(parent, text)
    if isinstance(parent, names.KeyRingName):
        return names.CryptoKeyName(parent, text)
    if isinstance(parent, names.CryptoKeyName):
        return parent.version(names.check_version(text))
    raise TypeError(part)


def _check_kind(name: names.Name, part: str) -> None:
    if not isinstance(name, _KINDS[part][0]):
        kind, wanted = (cls.removesuffix("Name") for cls in (type(name).__name__, _KINDS[part][0].__name__))
        raise CommandError(f"Invalid value for [{part}]: {name} is the name of a {kind}, not of a {wanted}.")


def _flag_missing(subject: str) -> Missing:
    def error(part: str) -> CommandError:
        if part == subject:
            field, collection = _COLLECTION_FIELDS[part]
            return CommandError(
                f"value for field [{field}] in collection [{collection}] is required but was not provided"
            )
        return CommandError(f"argument --{part}: Must be specified.")

    return error


def _attribute_missing(subject: str, anchor: str) -> Missing:
    def error(part: str) -> CommandError:
        if part == subject:
            ways = [f"provide the argument `{anchor}` on the command line"]
        else:
            ways = [
                f"provide the argument `{anchor}` on the command line with a fully specified name",
                f"provide the argument `--{part}` on the command line",
            ]
        fallback = _KINDS[part][1]
        if fallback:
            ways.append(f"set the property `{fallback}`")
        noun = subject.replace("_", " ")
        return CommandError(
            f"Error parsing [{subject}].\nThe [{noun}] resource is not properly specified.\n"
            f"Failed to find attribute [{part}]. The attribute can be set in the following ways: \n"
            + "\n".join(f"- {way}" for way in ways)
        )

    return error
