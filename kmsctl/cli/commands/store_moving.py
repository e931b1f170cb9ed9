"""``kmsctl store export`` and ``import``: whole key rings from one store to another."""

from __future__ import annotations

from kmsctl.cli import backup_files, options, output, resources
from kmsctl.cli.files import Inputs, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.service.departures import Movement

_MAX_KEY = 1 << 16


def get_public_key() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store get-public-key",
        run_get_public_key,
        [options.Positional("file", "File to write; - is standard output.")],
        about="""
            Writes the public key of this store in PEM. Other stores export key rings to it; only
            this store can import them. The key pair is made when it is first asked for.
        """,
        examples=[("To write it:", "store get-public-key target.pem")],
    )


def export() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store export",
        run_export,
        [
            options.Positional("file", "File to write; - is standard output."),
            *options.resource_flags("keyring", "location"),
            options.input_file("to", "public key of the store that is to have the key ring", required=True),
        ],
        about="""
            Writes a key ring with all its keys and versions into a file that only one other store can
            open. Key material is in it, sealed to that store's public key, and never shown. The key
            ring stays here too.

            Destroyed versions and those in an HSM travel as metadata only. Import jobs do not
            travel. A key that is marked with --not-exportable keeps the whole key ring from
            being exported.

            Compare the digest that is printed with the one that kmsctl store import prints, by
            a way that nobody can change.
        """,
        examples=[
            (
                "To move a key ring:",
                "store export --keyring=prod --location=us-east1 --to=target.pem prod.rings",
            )
        ],
    )


def import_() -> Command:
    from kmsctl.cli.command import Command

    return Command(
        "store import",
        run_import,
        [
            options.Positional("file", "File that kmsctl store export wrote; - is standard input."),
            options.Flag("with-policies", "Take the IAM policies of the key ring and its keys too."),
        ],
        about="""
            Adds a key ring that another store exported to this one, under the same names, so that what
            was encrypted there can be decrypted here. There must be no key ring of that name. Public
            keys are checked to belong to their private keys. All of it is added, or nothing.

            Who made the file cannot be told from it: compare its digest with the one that was
            printed when it was exported.
        """,
        examples=[("To import a key ring:", "store import prod.rings")],
    )


def run_get_public_key(session: Session, args: Args) -> None:
    target = Output("FILE", args["file"], private=False, inputs=Inputs())
    target.write(session.kms.get_store_public_key(session.context))


def run_export(session: Session, args: Args) -> None:
    inputs = Inputs()
    public = inputs.read("--to", args["to"], "public key", _MAX_KEY)
    name = resources.key_ring(session, args)
    target = Output("FILE", args["file"], private=True, inputs=inputs)
    moved: list[Movement] = []

    def fill(sink: Callable[[bytes], object]) -> None:
        moved.append(session.kms.export_key_ring(session.context, name, public, sink))

    target.stream(fill)
    _report(session, "Exported", moved[0], stdout_taken=target.is_stdout)


def run_import(session: Session, args: Args) -> None:
    with backup_files.Opened(args["file"]) as container:
        moved = session.kms.import_key_ring(
            session.context, container, with_policies=bool(args["with_policies"])
        )
    _report(session, "Imported", moved, stdout_taken=False)


def _report(session: Session, what: str, moved: Movement, *, stdout_taken: bool) -> None:
    session.status(f"{what} [{moved.key_ring}]: {moved.keys} keys, {moved.versions} versions.")
    for name in moved.metadata_only:
        session.status(f"Metadata only, its key material does not travel: {name}")
    session.status(f"SHA-256 of the file: {moved.digest}")
    if not stdout_taken:
        output.show_silent(
            session,
            {
                "keyRing": moved.key_ring,
                "keys": moved.keys,
                "versions": moved.versions,
                "metadataOnly": moved.metadata_only,
                "sha256": moved.digest,
            },
        )
