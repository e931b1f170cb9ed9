"""``kmsctl logging``: export, get-public-key and delete."""

from __future__ import annotations

from kmsctl.cli import output, terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, Inputs, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

_SUFFIX = ".checkpoint"
_CHUNK = 1 << 18


def export() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    return Command(
        "logging export",
        run_export,
        [
            options.Positional("file", "File to write the records to; - is standard output."),
            options.flag(
                "checkpoint",
                "File to write the signed checkpoints to; FILE.checkpoint if not given.",
            ),
            options.flag("location", "Location whose log is exported, or control; all if not given."),
            options.flag(
                "since",
                "Export from the first record that is not older than this time, such as -P30D.",
                params.DateTime(),
                metavar="TIME",
            ),
        ],
        about="""
            Writes the audit logs, a line of JSON for each record, oldest first, one log after the
            other, and a checkpoint of each log: a note, signed by the log's key, of how many
            records there are and the hash of all. Whoever has the public key
            (kmsctl logging get-public-key) can tell by it that nothing in the export was
            changed, left out or added: kmsctl logging verify --checkpoint --public-key.

            Nothing is written if a record in the store is not as it was.
        """,
        examples=[
            ("To export the log of a location:", "logging export audit.jsonl --location=us-east1"),
            ("To export what is new since yesterday:", "logging export audit.jsonl --since=-P1D"),
        ],
    )


def get_public_key() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "logging get-public-key",
        run_get_public_key,
        [
            options.flag("location", "Location whose key is printed, or control; all if not given."),
            options.output_file("output-file", "public keys", required=False),
        ],
        about="""
            Prints the Ed25519 public keys, in PEM, that verify checkpoints of exported logs. Each
            location has one, and control has one. Keep them where the store cannot be reached.
        """,
        examples=[
            ("To write the keys of all logs to a file:", "logging get-public-key --output-file=audit.pem")
        ],
    )


def delete() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command

    return Command(
        "logging delete",
        run_delete,
        [
            options.flag(
                "older-than",
                "Age of the records to remove, such as 400d; at least one day.",
                params.Duration(lower="1d"),
                required=True,
            ),
            options.flag("location", "Location whose log is cut, or control; all if not given."),
        ],
        about="""
            Removes the records of the audit logs that are older than that, up to the first that
            is not. How many they were, and a hash of them, stays in the head of the log, so that
            what is left can be verified as before, and exports that were made before still fit.
            That it was done is recorded.
        """,
        examples=[
            (
                "To remove what is older than 400 days, as Cloud Logging does with its required logs:",
                "logging delete --older-than=400d",
            )
        ],
    )


def run_export(session: Session, args: Args) -> None:
    path: str = args["file"]
    beside: str | None = args["checkpoint"]
    inputs = Inputs()
    target = Output("FILE", path, private=True, inputs=inputs)
    if beside is None:
        if not target.is_regular:
            raise CommandError("Invalid value for [FILE]: it is no regular file, so give --checkpoint too.")
        beside = path + _SUFFIX
    checkpoint = Output("--checkpoint", beside, private=True, inputs=inputs)
    if target.is_same(checkpoint):
        raise CommandError(
            "Invalid value for [--checkpoint]: it is the file that the records are written to."
        )
    export = session.kms.export_logs(session.context, args["location"], since=args["since"])
    target.write(_chunks(export))
    checkpoint.write("\n".join(export.checkpoints).encode())
    session.status(f"Exported the logs to [{path}] and their checkpoints to [{beside}].")


def _chunks(lines: Iterable[str]) -> Iterator[bytes]:
    pieces: list[str] = []
    size = 0
    for line in lines:
        pieces.append(line)
        size += len(line)
        if size >= _CHUNK:
            yield "".join(pieces).encode()
            pieces, size = [], 0
    yield "".join(pieces).encode()


def run_get_public_key(session: Session, args: Args) -> None:
    target = Output("--output-file", args["output_file"] or STDIO, private=False, inputs=Inputs())
    found = session.kms.describe_logs(session.context, args["location"])
    if session.user_output or not target.is_stdout:
        target.write("".join(each.public_key for each in found).encode())
    output.show_nothing(session, stdout_taken=target.is_stdout)


def run_delete(session: Session, args: Args) -> None:
    from kmsctl.model.times import now_us, rfc3339

    before = now_us() - args["older_than"]
    place = "all logs" if args["location"] is None else f"the log of [{args['location']}]"
    terminal.confirm(
        f"The records of {place} from before {rfc3339(before)} will be removed for good.", quiet=session.quiet
    )
    removed = session.kms.remove_log_entries(session.context, before, args["location"])
    for name, count in removed.items():
        if count:
            session.status(f"Removed {count} record{'' if count == 1 else 's'} of [{name}].")
    if not any(removed.values()):
        session.status("There were no records that old.")
    output.show_silent(session, {"removed": {name: str(count) for name, count in removed.items()}})
