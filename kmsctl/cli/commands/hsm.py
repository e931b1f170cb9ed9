"""``kmsctl hsm``: PKCS#11 modules and tokens. gcloud has no such commands."""

from __future__ import annotations

import os

from kmsctl.cli import hsm_settings, output
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from kmsctl.cli.command import Command
    from kmsctl.cli.options import Flag
    from kmsctl.cli.session import Args, Session
    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

TOKENS = "table(label, serial, manufacturer, model, slotId, pin, modulePath:label=MODULE)"
CHECKS = "table(algorithm, result, seconds)"
_NO_URI = (
    "No HSM is configured.\nName its token: kmsctl config set hsm/uri 'pkcs11:token=LABEL?module-path=/PATH'"
)


def tokens_list() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "hsm tokens list",
        run_tokens_list,
        [
            options.flag(
                "module-path",
                "The PKCS#11 module whose tokens to list, instead of those that are configured.",
                metavar="PATH",
            ),
            *options.list_flags(),
        ],
        about="""
            Lists the tokens of the modules that are configured, or of one module. No PIN is
            needed. The format 'value(uri)' prints what to set the property hsm/uri to.
        """,
        examples=[
            (
                "To list the tokens of SoftHSM:",
                "hsm tokens list --module-path=/usr/lib/softhsm/libsofthsm2.so",
            ),
        ],
    )


def status() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "hsm status",
        run_status,
        [_location()],
        about="""
            Shows the token that has HSM keys: its module, its sessions and mechanisms, which
            algorithms it can serve, and what it lacks for the others. It logs in, because some
            of that shows only when it is tried.
        """,
        examples=[("To show which algorithms can be used:", "hsm status --format='value(algorithms)'")],
    )


def check() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "hsm check",
        run_check,
        [_location()],
        about="""
            Makes a key of each kind that the token can do, uses it once and destroys it. The
            keys are those of a session: nothing is left in the token. The exit status is 1 if
            anything fails; what the token lacks is no failure.
        """,
        examples=[("To check the token of a location:", "hsm check --location=us-east1")],
    )


def _location() -> Flag:
    from kmsctl.cli import options

    return options.flag(
        "location", "Location whose token it is, if locations have their own.", metavar="LOCATION"
    )


def run_tokens_list(session: Session, args: Args) -> None:
    from kmsctl.crypto.pkcs11 import inspection
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

    path: str | None = args["module_path"]
    if path is None:
        uris = list(hsm_settings.all_uris(session.properties).values())
        if not uris:
            raise CommandError(f"{_NO_URI}\nOr say --module-path.")
    else:
        if not os.path.isabs(path):
            raise CommandError("--module-path: the path of a module must be absolute.")
        uris = [Pkcs11Uri(path, {})]
    modules = {(uri.module_path, uri.init_args): uri for uri in uris}
    locks = _locks(session)
    found = [token for uri in modules.values() for token in inspection.tokens(uri, locks)]
    output.show_list(session, found, TOKENS, args)


def run_status(session: Session, args: Args) -> None:
    from kmsctl.crypto.pkcs11 import inspection

    uri, token = _token(session, args)
    try:
        output.show(session, {"uri": str(uri), **inspection.status(token)})
    finally:
        token.close()


def run_check(session: Session, args: Args) -> None:
    from time import monotonic

    from kmsctl.crypto.pkcs11 import inspection

    _, token = _token(session, args)
    failed = 0

    def found() -> Iterator[dict[str, object]]:
        nonlocal failed
        for each in inspection.check(token, monotonic):
            failed += each.passed is False
            yield {
                "algorithm": each.algorithm,
                "result": each.result,
                "seconds": round(each.seconds, 3),
            }

    try:
        output.show_findings(session, found(), CHECKS)
    finally:
        token.close()
    if failed:
        raise CommandError(
            f"The token failed {failed} of the checks; what it answered is on standard output."
        )
    session.status("The token does what it says it can.")


def _locks(session: Session) -> str:
    """Returns the directory of the lock files that all commands share."""
    from kmsctl.service.tokens import LOCKS
    from kmsctl.store.files import make_directory

    make_directory(session.paths.data)
    locks = os.path.join(session.paths.data, LOCKS)
    make_directory(locks)
    return locks


def _token(session: Session, args: Args) -> tuple[Pkcs11Uri, TokenBackend]:
    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.model.names import check_location

    properties = session.properties
    location = args["location"] or properties.get("kms/location") or "global"
    uri = hsm_settings.uri(properties, session.project, check_location(location))
    if uri is None:
        raise CommandError(_NO_URI)
    backend = TokenBackend.open(
        uri,
        lambda: hsm_settings.pin(properties, uri),
        _locks(session),
        allow_software_oaep_unpadding=bool(properties.flag("hsm/allow_software_oaep_unpadding")),
    )
    return uri, backend
