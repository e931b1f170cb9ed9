"""Many command lines in one process and one open store: what `kmsctl batch` runs.

Each line of the input is a command line, or a JSON object with its arguments and the data of its files. Each
has one line of JSON as its result. A line is run as the program itself would run it; only standard input,
standard output and standard error are not there for it, but collected.
"""

from __future__ import annotations

import io
import sys

from kmsctl.cli import inline, outcome
from kmsctl.cli.failures import CommandError
from kmsctl.cli.files import STDIO
from kmsctl.cli.opening import configured_tokens, open_kms
from kmsctl.cli.plain_lines import PLAIN
from kmsctl.cli.properties import Properties
from kmsctl.cli.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from kmsctl.service.api import KmsApi
    from kmsctl.service.kms import Kms

    Run = Callable[[list[str], Session], None]

#: A line has at most so many bytes: more than the largest data of any command takes in base64.
LONGEST_LINE = 1 << 20
_FILE = "-file"
_SHELL_SYNTAX = frozenset("'\"\\")


class Line:
    """A command line and the data of its files.

    Attributes:
        args: without the program's name.
        data: what is given in place of files, and what is to be taken.
    """

    __slots__ = ("args", "data")

    def __init__(self, args: list[str]) -> None:
        self.args = args
        self.data = inline.Data()


def parse(text: str) -> Line | None:
    """Reads a line of the input. Returns None if it is empty or a comment.

    Raises:
        CommandError: if it is no command line.
    """
    text = text.strip()
    if not text or text[0] == "#":
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CommandError("This is not a text in UTF-8.") from None
    line = _parse_object(text) if text[0] == "{" else Line(_split(text))
    if line.args[:1] == ["kmsctl"]:
        del line.args[0]
    _place_data(line)
    return line


def _split(text: str) -> list[str]:
    """Splits a line at blanks; quotes and backslashes are a shell's."""
    if not _SHELL_SYNTAX.intersection(text):
        return text.split()
    from shlex import split

    try:
        return split(text)
    except ValueError as error:
        raise CommandError(f"This is no command line: {error}.") from None


def _parse_object(text: str) -> Line:
    from json import dumps, loads

    try:
        found = loads(text)
        if "\\u" in text:
            dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise CommandError("This is not a text in Unicode: it has half a character.") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"This is no JSON: {error}.") from None
    args, data = found.pop("args", None), found.pop("data", {})
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        raise CommandError('"args" has to be a list of strings.')
    if not isinstance(data, dict):
        raise CommandError('"data" has to be an object.')
    if found:
        raise CommandError(f'"{min(found)}" is neither "args" nor "data".')
    line = Line(args)
    for name, value in data.items():
        if not name.endswith(_FILE):
            raise CommandError(f'"data": --{name} is no flag that names a file.')
        line.args += [f"--{name}", inline.path_of(name)]
        if value is not None:
            line.data.given[name] = _decoded(name, value)
    return line


def _decoded(name: str, value: object) -> bytes:
    from binascii import Error, a2b_base64

    try:
        return a2b_base64(value, strict_mode=True)  # type: ignore[arg-type]  # what is no text is refused
    except (Error, ValueError, TypeError):
        raise CommandError(f'"data": the value of "{name}" is neither base64 nor null.') from None


def _place_data(line: Line) -> None:
    """Lets data take the place of standard input and output, and of files that must be named and are not."""
    args = line.args
    named = set()
    for index, arg in enumerate(args):
        if arg[:2] != "--":
            continue
        flag, equals, value = arg[2:].partition("=")
        if not flag.endswith(_FILE) or flag == "flags-file":
            continue
        named.add(flag)
        if equals and value == "-":
            args[index] = f"--{flag}={inline.path_of(flag)}"
        elif not equals and args[index + 1 : index + 2] == ["-"]:
            args[index + 1] = inline.path_of(flag)
    start = 1 if args[:1] == ["kms"] else 0
    for length in (1, 2, 3):
        facts = PLAIN.get(tuple(args[start : start + length]))
        if facts is not None:
            for name, _ in facts[6]:
                if name.endswith(_FILE) and name not in named:
                    args += [f"--{name}", inline.path_of(name)]


def lines(path: str) -> Iterator[str]:
    """Yields the lines of the input, each as soon as it is there; ``-`` is standard input.

    Bytes that are no UTF-8 are surrogates, which `parse` refuses.

    Raises:
        CommandError: if it cannot be read.
    """
    try:
        if path == STDIO:
            yield from _lines(sys.stdin.buffer)
        else:
            with open(path, "rb") as file:
                yield from _lines(file)
    except OSError as error:
        raise CommandError(f"Failed to read batch file [{path}]: {error}") from None


def _lines(file: BinaryIO) -> Iterator[str]:
    while raw := file.readline(LONGEST_LINE + 1):
        if len(raw) > LONGEST_LINE:
            raise CommandError(f"A line is longer than the maximum of {LONGEST_LINE} bytes.")
        yield raw.decode("utf-8", "surrogateescape")


class Batch:
    """Runs lines in one process, with one service.

    Args:
        parent: the session of the batch itself: its global flags hold for lines that have no others.
        run: runs a command line in a session.
    """

    __slots__ = ("_run", "_shared", "parent")

    def __init__(self, parent: Session, run: Run) -> None:
        self.parent = parent
        self._run = run
        self._shared = _Shared(parent)

    def result(self, text: str) -> dict[str, object] | None:
        """Runs a line of the input. Returns its result, or None for an empty line or a comment."""
        try:
            line = parse(text)
        except CommandError as error:
            return {"status": outcome.USAGE, "exit": outcome.MISUSED, "output": "", "error": error.message}
        if line is None:
            return None
        session = LineSession(self.parent, self._shared)
        inline.use(line.data)
        with _Streams() as streams:
            found = outcome.of(self._run, line.args, session)
        if session.command[:1] == ("config",):
            self._shared.forget_properties()
        return _shown(line, found, streams)

    def close(self) -> None:
        """Lets go of the service."""
        self._shared.close()


class _Shared:
    """What the lines of a batch share: the places, the properties as they were read, the service."""

    __slots__ = ("_kms", "_parent", "_properties")

    def __init__(self, parent: Session) -> None:
        self._parent = parent
        self._properties: dict[str | None, Properties] = {}
        #: by the destroy window of new keys, which is what the service is told of the properties
        self._kms: dict[tuple[object, ...], Kms] = {}

    def properties(self, configuration: str | None) -> Properties:
        found = self._properties.get(configuration)
        if found is None:
            parent = self._parent
            found = Properties(parent.paths.config, parent.environment, configuration)
            self._properties[configuration] = found
        return found

    def forget_properties(self) -> None:
        """Has the properties read again: a line may have changed them."""
        self._properties.clear()

    def kms(self, properties: Properties) -> Kms:
        settings = properties.get("kms/destroy_scheduled_duration"), configured_tokens(properties)
        found = self._kms.get(settings)
        if found is None:
            found = self._kms[settings] = open_kms(self._parent.paths, properties, self._parent.warn)
        return found

    def close(self) -> None:
        for kms in self._kms.values():
            kms.close()
        self._kms.clear()


class LineSession(Session):
    """The session of one line: it has the batch's settings, and shares what can be shared."""

    def __init__(self, parent: Session, shared: _Shared) -> None:
        super().__init__(parent.environment)
        self.settings.update(parent.settings)
        self._paths = parent.paths
        self._shared = shared

    @property
    def properties(self) -> Properties:
        return self._shared.properties(self.settings.get("configuration"))

    def open(self) -> KmsApi:
        return self._shared.kms(self.properties)


class _Streams:
    """Collects what a command writes; it has nothing to read.

    Attributes:
        output: what was written to standard output, when the block has ended.
        messages: what was written to standard error.
    """

    __slots__ = ("_before", "_err", "_out", "messages", "output")

    output: bytes
    messages: str

    def __enter__(self) -> _Streams:
        self._before = sys.stdin, sys.stdout, sys.stderr
        self._out = io.TextIOWrapper(io.BytesIO(), "utf-8")
        self._err = io.StringIO()
        sys.stdin = io.TextIOWrapper(io.BytesIO())
        sys.stdout, sys.stderr = self._out, self._err
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdin, sys.stdout, sys.stderr = self._before
        self._out.flush()
        self.output = self._out.buffer.getvalue()
        self.messages = self._err.getvalue()


def _shown(line: Line, found: outcome.Outcome, streams: _Streams) -> dict[str, object]:
    taken = {name: _encoded(data) for name, data in line.data.taken.items()}
    shown: dict[str, object] = {"status": found.status, "exit": found.exit}
    try:
        shown["output"] = streams.output.decode()
    except UnicodeDecodeError:
        shown["output"] = ""
        taken["output"] = _encoded(streams.output)
    if taken:
        shown["data"] = taken
    if streams.messages:
        shown["messages"] = inline.shown(streams.messages)
    if found.error:
        shown["error"] = inline.shown(found.error)
    return shown


def _encoded(data: bytes) -> str:
    from binascii import b2a_base64

    return b2a_base64(data, newline=False).decode()
