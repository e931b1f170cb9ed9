"""``kmsctl batch``."""

from __future__ import annotations

import os
import sys

from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError, UsageError
from kmsctl.cli.files import STDIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session


def batch() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    command = Command(
        "batch",
        run_batch,
        [
            options.Positional(
                "file", "File of command lines; - or nothing is standard input.", required=False
            ),
            options.Flag("keep-going", "Run all lines, also after one that failed."),
            options.Flag("stop-on-error", "Run no more lines after one that failed; this is the default."),
        ],
        about="""
            Runs many command lines in one process and one open store, which saves each of them the
            start of the program.

            A line is a command line, with or without the word kmsctl; quotes and backslashes are
            those of a shell, and there is nothing else of a shell. Or it is a JSON object: "args" is
            the list of arguments, and "data" has the contents of files in base64, by the names of
            their flags: {"args": ["encrypt", "--key=db"], "data": {"plaintext-file": "aGVsbG8="}}.
            Files that have to be named and are not are data too, and so is - for a file, in both
            forms. Empty lines and lines that begin with # are left out.

            Each line has a line of JSON as its result, in the same order, as soon as it is known:
            "index" (from 0), "status" (OK, the service's status, USAGE, FAILED or CRASHED), "exit"
            (what the exit status would be), "output" (standard output), and if there are any:
            "data" (files in base64; "output" among them is a standard output that is no text),
            "messages" (standard error), "error".

            Global flags of the batch hold for all lines. The exit status is 1 if a line failed.
        """,
        examples=[
            ("To run the command lines in a file:", "batch rotate-all.txt --keep-going"),
            ("To run what another program writes:", "batch - --configuration=ci"),
        ],
    )
    command.exclusive = (("keep-going", "stop-on-error"),)
    return command


def run_batch(session: Session, args: Args) -> None:
    from json import JSONEncoder

    from kmsctl.cli.batch import Batch, LineSession, lines
    from kmsctl.cli.main import run

    if isinstance(session, LineSession):
        raise UsageError(session.command, "A batch cannot be a line of a batch.", show_usage=False)
    encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    running = Batch(session, run)
    path: str = args["file"] or STDIO
    # Where results are seen as they come, they are the progress.
    progress = terminal.Progress("Running", visible=not terminal.is_terminal(sys.stdout))
    total = os.path.getsize(path) if os.path.isfile(path) else 0
    index = failed = done = 0
    try:
        for text in lines(path):
            result = running.result(text)
            done += len(text)
            if total:
                progress.update(done, total)
            if result is None:
                continue
            terminal.write_text(encode({"index": index, **result}) + "\n")
            index += 1
            if result["exit"]:
                failed += 1
                if not args["keep_going"]:
                    raise CommandError(
                        f"Line {index - 1} (counted from 0) failed; no other line was run after it."
                    )
    except BrokenPipeError:
        raise CommandError(
            f"Nobody reads the results: line {index} (counted from 0) was the last that was run."
        ) from None
    finally:
        progress.clear()
        running.close()
    if failed:
        raise CommandError(f"{failed} of {index} lines failed.")
