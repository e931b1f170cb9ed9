"""``kmsctl mac-sign`` and ``kmsctl mac-verify``."""

from __future__ import annotations

from kmsctl.cli import integrity, output, resources, terminal
from kmsctl.cli.files import Inputs, Output, check_one_standard_input
from kmsctl.crypto.checksums import crc32c
from kmsctl.model.mac_requests import MacSignRequest, MacVerifyRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

MAX_DATA = 65536
#: The longest tag is that of HMAC-SHA512.
MAX_MAC = 64
_INPUT = "--input-file"
_SIGNATURE = "--signature-file"


def sign() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "mac-sign",
        run_sign,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.input_file("input-file", "input", required=True),
            options.output_file("signature-file", "tag"),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Computes the MAC tag of a file of at most 64 KiB with a version of a MAC key. The
            signature file holds the bytes of the whole tag.

            The signature file is for its owner alone (mode 0600); directories that it needs are made.
        """,
        examples=[
            (
                "To compute the tag of a file:",
                """
                mac-sign --key=webhooks --version=1 --keyring=prod --location=us-east1
                --input-file=body.json --signature-file=body.mac
                """,
            )
        ],
    )


def verify() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "mac-verify",
        run_verify,
        [
            *options.plain_flags("key", "keyring", "location", "version"),
            options.input_file("input-file", "input", required=True),
            options.input_file("signature-file", "tag", required=True),
            options.skip_integrity_verification(),
            options.access_reason(),
        ],
        about="""
            Verifies the MAC tag of a file with a version of a MAC key, and prints True or False.
            The exit status is 0 for both, as that of gcloud: look at what is printed.
        """,
        examples=[
            (
                "To verify the tag of a file:",
                """
                mac-verify --key=webhooks --version=1 --keyring=prod --location=us-east1
                --input-file=body.json --signature-file=body.mac
                """,
            )
        ],
    )


def run_sign(session: Session, args: Args) -> None:
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    inputs = Inputs()
    data = inputs.read(_INPUT, args["input_file"], "input", MAX_DATA)
    target = Output(_SIGNATURE, args["signature_file"], private=True, inputs=inputs, makes_parents=True)
    request = MacSignRequest(name, data, data_crc32c=crc32c(data) if checked else None)
    response = session.kms.mac_sign(session.justified(args), request)
    if checked:
        integrity.check_name(asked=name.text, used=response.name.text)
        integrity.check_request(response.verified_data_crc32c)
        integrity.check_response(response.mac, response.mac_crc32c)
    target.write(response.mac)
    output.show_nothing(session, stdout_taken=target.is_stdout)


def run_verify(session: Session, args: Args) -> None:
    check_one_standard_input(_INPUT, args["input_file"], _SIGNATURE, args["signature_file"])
    name = resources.plain_version(session, args)
    checked = not args["skip_integrity_verification"]
    inputs = Inputs()
    data = inputs.read(_INPUT, args["input_file"], "input", MAX_DATA)
    mac = inputs.read(_SIGNATURE, args["signature_file"], "signature", MAX_MAC)
    request = MacVerifyRequest(
        name,
        data,
        mac,
        data_crc32c=crc32c(data) if checked else None,
        mac_crc32c=crc32c(mac) if checked else None,
    )
    response = session.kms.mac_verify(session.justified(args), request)
    if checked:
        integrity.check_name(asked=name.text, used=response.name.text)
        integrity.check_request(response.verified_data_crc32c, response.verified_mac_crc32c)
        integrity.check_success(response.success, response.verified_success_integrity)
    if session.user_output:
        # Without an end of line, as gcloud has it.
        terminal.write_text(str(response.success))
