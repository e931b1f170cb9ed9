"""Protectors of type ``command``: a program prints the secret, such as the client of a secret manager.

The program is run without a shell, its path absolute since it was added; what it prints is stretched
as a passphrase is, for it may be one.
"""

from __future__ import annotations

import os

from kmsctl.errors import FailedPrecondition, InvalidArgument
from kmsctl.keystore import stretching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from subprocess import Popen

    from kmsctl.keystore.ports import Asking, Parameters, Request
    from kmsctl.keystore.slots import Parameter, Slot

LEAST, MOST = 16, 4096
LONGEST_TIMEOUT = 600
_MOST_PRINTED = MOST + 2  # a line end more


def enrol(
    request: Request, store_id: bytes, asking: Asking, random: Callable[[int], bytes]
) -> tuple[dict[str, Parameter], bytes, Sequence[bytes]]:
    del store_id, asking
    from shutil import which

    if not request.command:
        raise InvalidArgument("A protector of type command needs a command.", hint="Name it with --command.")
    program = which(request.command[0])
    if program is None:
        raise InvalidArgument(f"There is no program '{request.command[0]}'.")
    argv = [os.path.abspath(program), *request.command[1:]]
    if not 1 <= request.command_timeout <= LONGEST_TIMEOUT:
        raise InvalidArgument(f"The time limit of a command is 1s to {LONGEST_TIMEOUT}s.")
    parameters = {**stretching.draw(random), "argv": argv, "timeoutSeconds": request.command_timeout}
    secret = output_of(argv, request.command_timeout)
    if output_of(argv, request.command_timeout) != secret:
        raise FailedPrecondition(
            f"{program} prints something else each time: it could not open the store again."
        )
    return parameters, stretching.stretch(parameters, secret), ()


def key_of(slot: Slot, store_id: bytes, asking: Asking) -> bytes | None:
    del store_id, asking
    argv, timeout = slot.parameters.get("argv"), slot.parameters.get("timeoutSeconds")
    if not isinstance(argv, list) or not argv or not isinstance(timeout, int):
        raise FailedPrecondition(f"Protector {slot.number} has no command.")
    return stretching.stretch(slot.parameters, output_of(argv, min(timeout, LONGEST_TIMEOUT)))


def describe(parameters: Parameters) -> str:
    from shlex import join

    argv = parameters.get("argv")
    shown = join(argv) if isinstance(argv, list) else "?"
    return f"{shown} (at most {parameters.get('timeoutSeconds')} s)"


def forget(parameters: Parameters) -> None:
    del parameters


def output_of(argv: Sequence[str], timeout: int) -> bytes:
    """Runs a program and returns what it prints, without a line feed at its end.

    Raises:
        FailedPrecondition: if it cannot be started, fails, takes too long, or prints nothing that could
            be a secret. What it printed is not shown.
    """
    import subprocess

    program = argv[0]
    if not os.path.isabs(program):
        raise FailedPrecondition(f"The command of a protector has an absolute path, not '{program}'.")
    try:
        with subprocess.Popen(  # noqa: S603 - the owner of the store said which
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            printed = _limited_output(process, argv, timeout)
            status = process.wait()
    except OSError as error:
        raise FailedPrecondition(f"{program} could not be run: {error.strerror}.") from None
    if status and len(printed) <= _MOST_PRINTED:
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        raise FailedPrecondition(f"{program}, which prints the secret of a protector, {how}.")
    secret = printed.removesuffix(b"\n").removesuffix(b"\r")
    if not LEAST <= len(secret) <= MOST:
        size = "more" if len(secret) > MOST else "fewer"
        raise FailedPrecondition(
            f"{program} printed no secret: it is to print {LEAST} to {MOST} bytes, and printed {size}."
        )
    return secret


def _limited_output(process: Popen[bytes], argv: Sequence[str], timeout: int) -> bytes:
    """Reads standard output until it ends, within a time, and not more than a secret can be."""
    import select
    import signal
    import subprocess
    from time import monotonic

    if process.stdout is None:
        return b""  # it was asked for
    pipe = process.stdout.fileno()
    deadline = monotonic() + timeout
    printed = b""
    ended = False
    try:
        while len(printed) <= _MOST_PRINTED:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - monotonic()))
            if not ready:
                raise FailedPrecondition(
                    f"{argv[0]}, which prints the secret of a protector, took longer than {timeout} s.",
                    hint="Does it wait for an answer? It gets no input. Otherwise add it again with a higher "
                    "--command-timeout.",
                )
            piece = os.read(pipe, 65536)
            if not piece:
                process.wait(max(0.1, deadline - monotonic()))
                ended = True
                return printed
            printed += piece
    except subprocess.TimeoutExpired:
        raise FailedPrecondition(f"{argv[0]} took longer than {timeout} s to end.") from None
    finally:
        if not ended:
            # With all that it started. Nobody has waited for it yet, so the number is still its own.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    return printed
