"""``--flags-file``: flags that are kept in a file, one mapping or a list of mappings, YAML or JSON.

The flags of the file take the place of the flag that names it, so the last one of several wins, as it
does on the command line. A value of nothing, or ``true``, is a switch; ``false`` is its inverse; lists
and maps are values that need no quoting. Files may name other files. ``-`` is standard input.
"""

from __future__ import annotations

import os

from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    #: a scalar's text (None for nothing), or a list or map of such
    Plain = str | list[str] | dict[str, str]

FLAG = "--flags-file"
_LARGEST = 1 << 20
#: Unit separator (ASCII): nobody writes it into a value.
_DELIMITER = "\x1f"
_NOTHING = "tag:yaml.org,2002:null"
_TRUTH = "tag:yaml.org,2002:bool"
#: What YAML 1.2 takes for truth values; YAML 1.1, which PyYAML reads, has more.
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})


class Word(str):
    """A word of the command line that stood in a file.

    Attributes:
        origin: where: ``flags.yaml:3``; for a file that another one named, ``all.yaml:1;flags.yaml:3``.
        delimited: of a value that is a list or a map: its items, in the form in which flags that take
            several values have another delimiter than the comma. The text itself has commas.
    """

    __slots__ = ("delimited", "origin")

    origin: str
    delimited: str

    def __new__(cls, text: str, origin: str, delimited: str = "") -> Word:
        made = super().__new__(cls, text)
        made.origin = origin
        made.delimited = delimited
        return made


def origin_of(word: str) -> str:
    """Returns where a word stood, as errors have it: `` (flags.yaml:3)``, or nothing."""
    return f" ({word.origin})" if isinstance(word, Word) else ""


def expand(args: Sequence[str]) -> list[str]:
    """Returns a command line with the flags of its flags files in their place.

    What comes after ``--`` is no flag and stays; so does a flag without the name of a file, which
    the parser refuses.

    Raises:
        CommandError: if a file cannot be read, or is none of flags.
    """
    result: list[str] = []
    left = iter(args)
    for arg in left:
        if arg == "--":
            return [*result, arg, *left]
        if arg == FLAG:
            path = next(left, None)
            result.extend([arg] if path is None else _flags(path, ()))
        elif arg.startswith(f"{FLAG}="):
            result.extend(_flags(arg.partition("=")[2], ()))
        else:
            result.append(arg)
    return result


def _flags(path: str, above: tuple[tuple[str, int], ...]) -> Iterator[str]:
    """Yields the words of a file; `above` are the files and lines that led to it."""
    if any(path == seen for seen, _ in above):
        raise CommandError(f"{FLAG} recursive reference ({_shown(above)}).")
    for name, value, line in _pairs(path):
        here = (*above, (path, line))
        if name == FLAG:
            for inner in _paths(value, here):
                yield from _flags(inner, here)
            continue
        origin = _shown(here)
        if value is None or value is True:
            yield Word(name, origin)
        elif value is False:
            yield Word(name.replace("--", "--no-", 1), origin)
        elif isinstance(value, str):
            yield Word(f"{name}={value}", origin)
        else:
            yield Word(name, origin)
            items = value if isinstance(value, list) else [f"{key}={item}" for key, item in value.items()]
            yield Word(",".join(items), origin, f"^{_DELIMITER}^{_DELIMITER.join(items)}")


def _shown(places: tuple[tuple[str, int], ...]) -> str:
    return ";".join(f"{path}:{line}" for path, line in places)


def _paths(value: Plain | bool | None, here: tuple[tuple[str, int], ...]) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return value
    raise CommandError(f"{_shown(here)}: {FLAG} needs the name of a file, or a list of names.")


def _pairs(path: str) -> Iterator[tuple[str, Plain | bool | None, int]]:
    """Yields name, value and line of each flag in a file."""
    import yaml

    text = _read(path)
    if not text:
        raise CommandError(f"{FLAG} [{path}] is empty.")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise CommandError(f"{FLAG} [{path}] is neither YAML nor JSON: {error}") from None
    for node in root.value if isinstance(root, yaml.SequenceNode) else [root]:
        if not isinstance(node, yaml.MappingNode):
            line = 1 if node is None else node.start_mark.line + 1
            raise CommandError(
                f"{path}:{line}: {FLAG} file must contain a dictionary or list of dictionaries of flags."
            )
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = _text(key, path)
            if name in seen:
                raise CommandError(
                    f"{path}:{line}: {name} is in the mapping twice. A list of mappings repeats a flag."
                )
            seen.add(name)
            yield name, _value(value, path), line


def _value(node: Any, path: str) -> Plain | bool | None:
    if node.id == "scalar":
        if node.tag == _NOTHING:
            return None
        if node.tag == _TRUTH and node.value in _TRUE | _FALSE:
            return node.value in _TRUE
        return _text(node, path)
    if node.id == "sequence":
        return [_text(item, path) for item in node.value]
    return {_text(key, path): _text(item, path) for key, item in node.value}


def _text(node: Any, path: str) -> str:
    """Returns a scalar as it is written, without quotes: 007 stays 007."""
    if node.id != "scalar":
        line = node.start_mark.line + 1
        raise CommandError(f"{path}:{line}: the value of a flag is a text, or a list or map of texts.")
    if node.tag == _NOTHING:
        return ""
    try:
        # JSON escapes a character beyond 16 bits as two, which YAML does not put together.
        return str(node.value).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        line = node.start_mark.line + 1
        raise CommandError(f"{path}:{line}: this is no text in Unicode.") from None


def _read(path: str) -> str:
    from kmsctl.cli.files import STDIO, Inputs

    if path != STDIO and not os.path.exists(path):
        raise CommandError(f"{FLAG} [{path}] not found.")
    try:
        return Inputs().read(FLAG, path, "flags", _LARGEST).decode()
    except UnicodeDecodeError:
        raise CommandError(f"{FLAG} [{path}] is not a text in UTF-8.") from None
