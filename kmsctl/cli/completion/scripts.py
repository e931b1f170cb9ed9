"""The completion scripts: the code beside this module, with the tables written into it."""

from __future__ import annotations

import os

from kmsctl.cli.completion.tables import Tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kmsctl.cli.completion.tables import Described

#: Shell → the name of its script, as the shell looks for it.
FILES = {"bash": "kmsctl.bash", "zsh": "_kmsctl", "fish": "kmsctl.fish"}
#: What every script says at its beginning.
MARK = "Generated from the tree of commands by: python -m kmsctl.cli.generate"
_TABLES = "#@tables@\n"


def script(shell: str) -> str:
    """Returns the completion script for a shell of `kmsctl.cli.completion.SHELLS`."""
    path = os.path.join(os.path.dirname(__file__), FILES[shell])
    with open(path, encoding="utf-8") as file:
        code = file.read()
    return code.replace(_TABLES, "\n".join(WRITERS[shell](Tables())) + "\n")


def _bash(tables: Tables) -> Iterator[str]:
    yield f"_kmsctl_flags={_names(tables.flags)}"
    yield ""
    yield from _posix(tables, _names, lambda words: _quoted(" ".join(words)), "words")


def _zsh(tables: Tables) -> Iterator[str]:
    yield f"typeset -ga _kmsctl_flags={_described(tables.flags)}"
    yield ""
    yield from _posix(tables, _described, lambda words: f"({' '.join(words)})", "words_")


def _posix(
    tables: Tables,
    listed: Callable[[Iterable[Described]], str],
    joined: Callable[[Iterable[str]], str],
    words: str,
) -> Iterator[str]:
    """Yields the functions of bash and zsh.

    Args:
        tables: what they are about.
        listed: writes words with their descriptions as the shell's own list.
        joined: writes words as the shell's own list.
        words: the variable of words that fit a parameter.
    """
    yield from _function(
        "_kmsctl_below",
        ((_quoted(path), [f"below={listed(below)}"]) for path, below in tables.groups.items()),
    )
    yield from _function(
        "_kmsctl_command",
        (
            (_quoted(each.words), [f"flags={listed(each.flags)}", f"positionals={joined(each.positionals)}"])
            for each in tables.commands
        ),
    )
    yield from _function(
        "_kmsctl_values",
        (
            (
                f"*:{name}" if command == "*" else _quoted(f"{command}:{name}"),
                [f"kind='{fitting.source}'" if fitting.source else f"{words}={listed(fitting.words)}"],
            )
            for command, name, fitting in tables.values
        ),
        subject="$1:$2",
    )


def _function(name: str, cases: Iterable[tuple[str, Iterable[str]]], subject: str = "$1") -> Iterator[str]:
    """Yields a function that sets what belongs to its argument, and fails where nothing does."""
    yield f"{name}() {{"
    yield f'  case "{subject}" in'
    for pattern, lines in cases:
        yield f"    {pattern})"
        yield from (f"      {line}" for line in lines)
        yield "      ;;"
    yield "    *) return 1 ;;"
    yield "  esac"
    yield "}"
    yield ""


def _fish(tables: Tables) -> Iterator[str]:
    yield f"set -g __kmsctl_flags {_fish_list(tables.flags)}"
    yield ""
    yield from _fish_function(
        "__kmsctl_below",
        ((path, [f"set below {_fish_list(below)}"]) for path, below in tables.groups.items()),
    )
    yield from _fish_function(
        "__kmsctl_command",
        (
            (
                each.words,
                [f"set flags {_fish_list(each.flags)}", f"set positionals {' '.join(each.positionals)}"],
            )
            for each in tables.commands
        ),
    )
    yield from _fish_function(
        "__kmsctl_values",
        (
            (
                f"{command}:{name}",
                [
                    f"set kind {fitting.source}"
                    if fitting.source
                    else f"set found {_fish_list(fitting.words)}"
                ],
            )
            for command, name, fitting in tables.values
        ),
    )


def _fish_function(name: str, cases: Iterable[tuple[str, Iterable[str]]]) -> Iterator[str]:
    """Yields a function that sets what belongs to its argument, and fails where nothing does."""
    yield f"function {name} --no-scope-shadowing"
    yield "    switch $argv[1]"
    for pattern, lines in cases:
        yield f"        case {_fish_quoted(pattern)}"
        yield from (f"            {line.rstrip()}" for line in lines)
    yield "        case '*'"
    yield "            return 1"
    yield "    end"
    yield "    return 0"  # set leaves the status as it was
    yield "end"
    yield ""


def _fish_list(described: Iterable[Described]) -> str:
    return " ".join(_fish_quoted(f"{word}\t{text}" if text else word) for word, text in described)


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _names(described: Iterable[Described]) -> str:
    return _quoted(" ".join(word for word, _ in described))


def _described(described: Iterable[Described]) -> str:
    """Writes words as zsh's _describe takes them: a colon parts a word from what it is."""
    entries = ((word.replace(":", "\\:"), text) for word, text in described)
    return f"({' '.join(_quoted(f'{word}:{text}' if text else word) for word, text in entries)})"


def _quoted(text: str) -> str:
    """Quotes a text for POSIX shells."""
    return "'" + text.replace("'", "'\\''") + "'"


WRITERS: dict[str, Callable[[Tables], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
