"""The key file of an import: read with care, its passphrase asked for, its permissions looked at."""

from __future__ import annotations

import os
import stat

from kmsctl.cli import terminal
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO, check_one_standard_input
from kmsctl.model.import_methods import MAX_TARGET_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.files import Inputs
    from kmsctl.cli.options import Flag
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.algorithms import Algorithm

FLAG = "--target-key-file"
_PASSPHRASE_FLAG = "--passphrase-file"  # noqa: S105 - the name of a flag
_MAX_PASSPHRASE = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
EXCLUSIVE = ("passphrase-file", "passphrase-fd")


def passphrase_flags() -> list[Flag]:
    from kmsctl.cli import options, params

    return [
        options.input_file("passphrase-file", "passphrase of an encrypted key file"),
        options.flag(
            "passphrase-fd",
            "Descriptor to read that passphrase from; without either flag it is asked for.",
            params.PositiveInteger(lower=0),
        ),
    ]


def read(session: Session, args: Args, inputs: Inputs, algorithm: Algorithm) -> bytes:
    """Reads ``--target-key-file``. Returns the key material in the form in which it is wrapped.

    Raises:
        CommandError: if the file, or its passphrase, cannot be read.
        InvalidArgument: if it holds no key of the algorithm.
    """
    from kmsctl.crypto import key_files

    path: str = args["target_key_file"]
    check_one_standard_input(FLAG, path, _PASSPHRASE_FLAG, args["passphrase_file"])
    data = inputs.read(FLAG, path, "target key", MAX_TARGET_KEY)
    for warning in _warnings(path):
        session.log("warning", warning)
    passphrase = None
    if key_files.needs_passphrase(algorithm, data):
        passphrase = _passphrase(args, inputs)
    return key_files.material_of(algorithm, data, passphrase)


def _warnings(path: str) -> list[str]:
    """Says who else may have read a key file, or chosen which file it is."""
    if path == STDIO:
        return []
    found = []
    try:
        if stat.S_ISLNK(os.lstat(path).st_mode):
            found.append(f"The key file [{path}] is a symbolic link to [{os.path.realpath(path)}].")
        status = os.stat(path)
    except OSError:
        return found
    if stat.S_ISREG(status.st_mode):
        if status.st_uid not in (os.geteuid(), 0):
            found.append(f"The key file [{path}] belongs to another user.")
        if status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            found.append(
                f"The key file [{path}] is open to others than its owner (mode {mode:04o}). chmod 600 closes "
                "it, but cannot tell who has read it."
            )
    return found


def _passphrase(args: Args, inputs: Inputs) -> bytes:
    if args["passphrase_file"]:
        data = inputs.read(_PASSPHRASE_FLAG, args["passphrase_file"], "passphrase", _MAX_PASSPHRASE)
    elif args["passphrase_fd"] is not None:
        data = _from_descriptor(args["passphrase_fd"])
    else:
        asked = terminal.ask_secret(
            f"Passphrase of [{args['target_key_file']}]: ",
            otherwise="--passphrase-file or --passphrase-fd",
        )
        data = asked.encode("utf-8", "surrogateescape")
    return data.removesuffix(b"\n").removesuffix(b"\r")


def _from_descriptor(descriptor: int) -> bytes:
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_MAX_PASSPHRASE)
    except OSError as error:
        raise CommandError(
            f"Failed to read the passphrase from descriptor [{descriptor}]: {error.strerror}."
        ) from None
