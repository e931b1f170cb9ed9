"""``kmsctl generate-random-bytes``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources, terminal
from kmsctl.cli.files import Inputs, Output
from kmsctl.model.random_requests import GenerateRandomBytesRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session


def generate_random_bytes() -> Command:
    from kmsctl.cli import options, params
    from kmsctl.cli.command import Command
    from kmsctl.model.algorithms import MAX_RANDOM_BYTES, MIN_RANDOM_BYTES

    return Command(
        "generate-random-bytes",
        run,
        [
            *options.resource_flags("location"),
            options.flag(
                "length-bytes",
                f"How many bytes: {MIN_RANDOM_BYTES} to {MAX_RANDOM_BYTES}.",
                params.PositiveInteger(lower=MIN_RANDOM_BYTES, upper=MAX_RANDOM_BYTES),
                required=True,
            ),
            options.flag(
                "protection-level",
                "Whose generator is asked; software if not given.",
                params.Choice(["software", "hsm"]),
            ),
            options.output_file("output-file", "bytes", required=False),
        ],
        about="""
            Generates random bytes. They are printed in base64, or written as they are to
            --output-file, which is for its owner alone (mode 0600); directories that it needs are
            made.

            The generator is the operating system's, or that of the HSM with
            --protection-level=hsm.
        """,
        examples=[
            (
                "To make a password of 24 random bytes:",
                "generate-random-bytes --location=us-east1 --length-bytes=24",
            ),
            (
                "To make a key file:",
                "generate-random-bytes --location=us-east1 --length-bytes=32 --output-file=disk.key",
            ),
        ],
    )


def run(session: Session, args: Args) -> None:
    name = resources.location(session, args, anchor="--location")
    path: str | None = args["output_file"]
    target = None
    if path is not None:
        target = Output("--output-file", path, private=True, inputs=Inputs(), makes_parents=True)
    level: str = (args["protection_level"] or "software").upper()
    request = GenerateRandomBytesRequest(name, args["length_bytes"], protection_level=level)
    response = session.kms.generate_random_bytes(session.context, request)
    integrity.check_response(response.data, response.data_crc32c)
    if target is not None:
        target.write(response.data)
    elif session.user_output:
        from binascii import b2a_base64

        terminal.write_stdout(b2a_base64(response.data))
    output.show_nothing(session, stdout_taken=target is None or target.is_stdout)
