"""The flags and positionals of the commands: each is written down once, here.

Commands put these together (`kmsctl.cli.command`). Everything is a plain click parameter with a few
facts beside, which usage, help, completion and the parser read.
"""

from __future__ import annotations

import click

from kmsctl.cli import params
from kmsctl.cli.properties import VERBOSITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    #: a type of click's, or one of `kmsctl.cli.params`
    Type = click.ParamType[Any]


class Flag(click.Option):
    """``--name=VALUE``, or a switch without a value.

    Attributes:
        fallback: the property that stands in for a required flag that is not given.
        in_resource: whether it gives a part of the name of the command's resource.
        available: whether this version of kmsctl can do what it asks for.
        heads_resource: whether it gives the last part of the name of the command's resource.
    """

    def __init__(
        self,
        name: str,
        text: str,
        value: Type | None = None,
        *,
        short: str | None = None,
        inverse: bool = False,
        metavar: str | None = None,
        **facts: Any,
    ) -> None:
        self.fallback: str | None = facts.pop("fallback", None)
        self.in_resource: bool = facts.pop("in_resource", False)
        self.heads_resource: bool = facts.pop("heads_resource", False)
        self.available: bool = facts.pop("available", True)
        declaration = f"--{name}/--no-{name}" if inverse else f"--{name}"
        super().__init__(
            [declaration, *([short] if short else [])],
            help=text,
            is_flag=value is None,
            default=None,
            type=value,
            metavar=None if value is None else metavar or name.upper().replace("-", "_"),
            hidden=not self.available,
            **facts,
        )

    @property
    def spelling(self) -> str:
        """How errors name it: ``--quiet/-q``."""
        return "/".join(self.opts)


class Positional(click.Argument):
    """A word of the command line that is no flag.

    Attributes:
        text: what it is, for help.
        heads_resource: whether it gives the last part of the name of the command's resource.
        several: whether it takes all words that are left; it is the last one then.
    """

    def __init__(
        self,
        name: str,
        text: str,
        *,
        metavar: str | None = None,
        heads_resource: bool = False,
        required: bool = True,
        several: bool = False,
    ) -> None:
        self.text = text
        self.heads_resource = heads_resource
        self.several = several
        super().__init__([name], metavar=metavar or name.upper(), type=click.STRING, required=required)

    @property
    def shown(self) -> str:
        """How usage and errors name it: ``KEY``."""
        name = self.metavar or self.human_readable_name
        if self.several:
            name = f"{name} [{name} ...]"
        return name if self.required else f"[{name}]"


def flag(name: str, text: str, value: Type | None = None, **facts: Any) -> Flag:
    """Returns a flag with a value (text, if no type is given)."""
    return Flag(name, text, value or click.STRING, **facts)


def switch(name: str, text: str, **facts: Any) -> Flag:
    """Returns a flag without a value, and its inverse ``--no-NAME``."""
    return Flag(name, text, inverse=True, **facts)


def not_available(*names: str) -> list[Flag]:
    """Returns flags of gcloud's that take a value and cannot be served yet; using one says so."""
    return [flag(name, "", available=False) for name in names]


# Names of resources. Commands of one style take the last part as a word or a flag of its own and
# gcloud's messages speak of attributes; those of the other have plain flags.

_WHOLE = "ID or full resource name"


def resource(name: str, *parents: str) -> list[click.Parameter]:
    """Returns the positional of a resource and the flags of its parents (``keyring``, ``location``)."""
    shown = {"keyring": "key ring", "import_job": "import job"}.get(name, name)
    head = Positional(name, f"{_WHOLE} of the {shown}.", heads_resource=True)
    return [head, *(_PARTS[parent](in_resource=True) for parent in parents)]


def plain_key_ring() -> list[click.Parameter]:
    """Returns the positional of a key ring and its location's flag, where they stand for themselves."""
    return [Positional("keyring", f"{_WHOLE} of the key ring."), _location()]


def resource_flags(name: str, *parents: str) -> list[click.Parameter]:
    """Returns the flags of a resource that a command lists below; the first is required."""
    head = _PARTS[name](required=True, heads_resource=True)
    return [head, *(_PARTS[parent](in_resource=True) for parent in parents)]


def plain_flags(*names: str) -> list[click.Parameter]:
    """Returns name flags that stand for themselves."""
    return [_PARTS[name]() for name in names]


def version_argument() -> Positional:
    return Positional("version", f"{_WHOLE} of the version.")


def import_job_argument() -> Positional:
    return Positional("import_job", f"{_WHOLE} of the import job.")


def required_version() -> Flag:
    """Returns the flag of a version that the command line itself has to have."""
    return _version(required=True)


def _location(**facts: Any) -> Flag:
    return flag("location", "Location, such as us-east1.", fallback="kms/location", **facts)


def _keyring(**facts: Any) -> Flag:
    return flag("keyring", f"Key ring: its {_WHOLE}.", fallback="kms/keyring", **facts)


def _key(**facts: Any) -> Flag:
    return flag("key", f"Key: its {_WHOLE}.", **facts)


def _version(**facts: Any) -> Flag:
    return flag("version", "Version: its number or full resource name.", **facts)


_PARTS = {"location": _location, "keyring": _keyring, "key": _key, "version": _version}


# Keys.


def purpose() -> Flag:
    from kmsctl.cli.offers import purposes
    from kmsctl.model.algorithms import PURPOSES

    return flag(
        "purpose",
        "What the key is for.",
        params.Choice(
            [offered.spelling for offered in purposes()], later=[each.spelling for each in PURPOSES]
        ),
        required=True,
    )


def default_algorithm() -> Flag:
    from kmsctl.cli.offers import algorithms
    from kmsctl.model.algorithms import ALGORITHMS

    return flag(
        "default-algorithm",
        "Algorithm of the versions that are made from now on.",
        params.Choice(
            [offered.spelling for offered in algorithms()], later=[each.spelling for each in ALGORITHMS]
        ),
    )


def protection_level() -> Flag:
    return flag(
        "protection-level",
        "Where the key is kept and used; software if not given.",
        params.Choice(["software", "hsm"], later=["external", "external-vpc"]),
    )


def import_algorithm() -> Flag:
    from kmsctl.cli.offers import algorithms
    from kmsctl.model.algorithms import ALGORITHMS

    return flag(
        "algorithm",
        "Algorithm of the key.",
        params.Choice(
            sorted(offered.spelling for offered in algorithms() if offered.importable),
            later=[each.spelling for each in ALGORITHMS if each.importable],
        ),
        required=True,
    )


def import_method() -> Flag:
    from kmsctl.model.import_methods import IMPORT_METHODS

    return flag(
        "import-method",
        "How keys are wrapped for the import job.",
        params.Choice(sorted(each.spelling for each in IMPORT_METHODS)),
        required=True,
    )


def import_protection_level() -> Flag:
    return flag(
        "protection-level",
        "Where the import job's private key is kept and used; that of the keys to import into.",
        params.Choice(["software", "hsm"]),
        required=True,
    )


def not_exportable() -> Flag:
    return Flag("not-exportable", "Never let the key be exported to another store; this can never be undone.")


def rotation_period() -> Flag:
    return flag(
        "rotation-period",
        "How often the key rotates by itself, at least 1d: 30d, 12w, P3M.",
        params.Duration(lower="1d"),
    )


def next_rotation_time() -> Flag:
    return flag(
        "next-rotation-time",
        "When the key rotates next: 2030-01-02T03:04:05Z, or relative to now: P30D.",
        params.DateTime(),
    )


def primary_version(name: str, *, required: bool = False) -> Flag:
    return flag(name, "Version that is to be primary: its number or full resource name.", required=required)


def allowed_access_reasons() -> Flag:
    return flag(
        "allowed-access-reasons",
        "The only reasons to use the key for; an empty list allows none.",
        params.AccessReasons(),
        metavar="[REASON,...]",
    )


def access_reason() -> Flag:
    return flag(
        "access-reason",
        "Why the key is used, for its Key Access Justifications policy and for the record; "
        "customer-initiated-access if not given.",
        params.AccessReason(),
    )


# Files.


def input_file(name: str, what: str, *, required: bool = False) -> Flag:
    return flag(name, f"File to read the {what} from; - is standard input.", required=required)


def output_file(name: str, what: str, *, required: bool = True) -> Flag:
    return flag(name, f"File to write the {what} to; - is standard output.", required=required)


def aad_file() -> Flag:
    return input_file("additional-authenticated-data-file", "additional authenticated data")


def digest_algorithm() -> Flag:
    return flag(
        "digest-algorithm",
        "Digest of the input that is signed; without it the input itself is sent, at most 64 KiB.",
        params.Choice(["sha256", "sha384", "sha512", "external-mu"]),
    )


def public_key_format() -> Flag:
    from kmsctl.model.algorithms import PUBLIC_KEY_FORMATS

    return flag(
        "public-key-format",
        "Format of the public key; pem if not given.",
        params.Choice([each.lower().replace("_", "-") for each in PUBLIC_KEY_FORMATS]),
    )


def skip_integrity_verification() -> Flag:
    return switch(
        "skip-integrity-verification",
        "Neither send nor check the CRC32C checksums of what is sent and received.",
    )


# Lists.


def list_flags() -> list[Flag]:
    return [
        flag("filter", "Show only resources that an expression is true of.", metavar="EXPRESSION"),
        flag("limit", "Show at most so many resources.", params.PositiveInteger()),
        flag("page-size", "Print tables in pages of so many resources.", params.PositiveInteger()),
        flag("sort-by", "Sort by these fields; ~FIELD sorts downwards.", params.Items(), metavar="FIELD"),
        switch("uri", "Print the resources' URIs alone."),
    ]


# Flags of every command.

GLOBAL = (
    flag("account", "Account to run the command as."),
    flag("configuration", "Named configuration to take properties from; kmsctl config configurations list."),
    flag("flags-file", "YAML or JSON file of flags and their values; - is standard input."),
    flag(
        "flatten", "Show each item of a list as a resource of its own.", params.Items(), metavar="[KEY,...]"
    ),
    flag(
        "impersonate-service-account",
        "Service account to act as, or several, each acting as the next; you need iam.serviceAccounts."
        "getAccessToken on it.",
        metavar="SERVICE_ACCOUNT_EMAILS",
    ),
    flag("format", "Format of what is printed: json, yaml, table(...), value(...) and others."),
    Flag("help", "Show help; -h shows the usage alone.", short="-h"),
    switch(
        "log-http", "Show each call of the service on standard error, in the API's form, without secrets."
    ),
    flag("project", "Project of resource names that are not full."),
    Flag("quiet", "Ask nothing: every question is answered by its default, or by yes.", short="-q"),
    switch("user-output-enabled", "Print resources and messages."),
    flag(
        "verbosity",
        "Least severe messages to show.",
        params.Choice(VERBOSITIES),
    ),
    *not_available(
        "access-token-file",
        "billing-project",
        "trace-token",
    ),
)
