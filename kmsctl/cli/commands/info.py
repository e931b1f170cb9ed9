"""``kmsctl info`` and ``kmsctl version``."""

from __future__ import annotations

from kmsctl.cli import output
from kmsctl.cli.libraries import versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session


def info() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "info",
        run_info,
        [],
        about="""
            Shows where the store and its configuration are, what protects the root key, who you
            are to the store, and the versions of everything involved.

            A copy of the data directory and the configuration directory together is a copy of
            the keys.
        """,
        examples=[("To see where the store is:", "info --format='value(store.directory)'")],
    )


def version() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "version",
        run_version,
        [],
        examples=[("To print the version of kmsctl alone:", "version --format='value(kmsctl)'")],
    )


def run_info(session: Session, args: Args) -> None:
    del args
    from kmsctl.cli.opening import protectors, secrets_directory

    paths = session.paths
    output.show(
        session,
        {
            "account": session.account,
            "project": session.project,
            "configuration": {
                "directory": paths.config,
                "properties": session.properties.path,
                "moved_by": _moved_by(session, "KMSCTL_CONFIG", "KMSCTL_HOME"),
            },
            "store": {
                "directory": paths.data,
                "moved_by": _moved_by(session, "KMSCTL_HOME"),
            },
            "root_key": {
                "directory": secrets_directory(paths),
                "protectors": protectors(paths) or "none yet; the first key ring makes a file",
                "protection": "Each protector opens the store. A file is readable for its owner alone (mode "
                "0600), and not encrypted.",
            },
            "versions": versions(),
        },
    )


def run_version(session: Session, args: Args) -> None:
    del args
    output.show_versions(session, versions())


def _moved_by(session: Session, *variables: str) -> str:
    return next((name for name in variables if session.environment.get(name)), "nothing")
