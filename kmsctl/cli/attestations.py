"""``--attestation-file``: what a token says of a key, in a file. It is not printed, as in gcloud."""

from __future__ import annotations

from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def write(path: str | None, resource: dict[str, Any], *, none: str, early: str) -> None:
    """Writes the attestation of a version or an import job to a file, and takes its content away.

    Args:
        path: where to; None if it was not asked for.
        resource: as JSON; its attestation keeps the format alone.
        none: the error for what is in no HSM.
        early: the error for what is yet to be generated.
    """
    attestation: dict[str, str] | None = resource.get("attestation")
    content = None if attestation is None else attestation.pop("content", None)
    if path is None:
        return
    if resource["protectionLevel"] != "HSM":
        raise CommandError(none)
    if resource["state"] == "PENDING_GENERATION":
        raise CommandError(early)
    if content is not None:
        from binascii import a2b_base64

        from kmsctl.cli.files import Inputs, Output

        Output("--attestation-file", path, private=False, inputs=Inputs()).write(a2b_base64(content))
