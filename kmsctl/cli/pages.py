"""What there is to say about each command, group, and the program itself, before it is laid out.

`kmsctl.cli.help` lays pages out for the terminal, `kmsctl.cli.manpages` as manual pages. A brief page,
for ``--help``, is built from the table of commands and one declaration; a whole one says everything.
"""

from __future__ import annotations

from kmsctl.cli.options import GLOBAL, Flag, Positional, list_flags
from kmsctl.cli.tree import COMMANDS, GROUPS, PROGRAM, children
from kmsctl.cli.usage import resource_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kmsctl.cli.command import Command

    Words = tuple[str, ...]

WIDE = "KMSCTL_WIDE_FLAG"
#: More words than this are told on the whole page alone.
_FEW = 8
#: The program's own examples: a first key, and what it is for.
_FIRST_STEPS = (
    ("To see it done, step by step, with a sample file:", "quickstart"),
    ("To make a key ring and a key in it:", "keyrings create prod --location=us-east1"),
    ("", "keys create db --keyring=prod --location=us-east1 --purpose=encryption"),
    (
        "To encrypt a file:",
        """
        encrypt --key=db --keyring=prod --location=us-east1 --plaintext-file=secret.txt
        --ciphertext-file=secret.enc
        """,
    ),
)


class Entry:
    """Something with a name: a flag, a positional, a command, a file, a variable."""

    __slots__ = ("text", "title")

    def __init__(self, title: str, text: str) -> None:
        self.title = title
        self.text = text


class Example:
    """A command line without the program's name; `text` says what it does, or is empty."""

    __slots__ = ("line", "text")

    def __init__(self, text: str, line: str) -> None:
        self.text = text
        self.line = line


if TYPE_CHECKING:
    #: a paragraph, or one of these
    Block = str | Entry | Example


class Page:
    """One page.

    Attributes:
        words: of the command or group; none for the program.
        summary: a phrase, without a full stop.
        synopsis: what follows the name on a command line; no piece is to be broken.
        sections: (title, blocks), in order.
    """

    __slots__ = ("sections", "summary", "synopsis", "words")

    def __init__(self, words: Words, summary: str, synopsis: Sequence[str]) -> None:
        self.words = words
        self.summary = (summary[0].lower() + summary[1:]).removesuffix(".")
        self.synopsis = list(synopsis)
        self.sections: list[tuple[str, list[Block]]] = []

    def add(self, title: str, blocks: Sequence[Block]) -> None:
        """Adds a section, unless it would be empty."""
        if blocks:
            self.sections.append((title, list(blocks)))


def of_command(command: Command, *, whole: bool = True) -> Page:
    """Returns the page of a command."""
    summary = COMMANDS[command.words][2]
    page = Page(command.words, summary, _synopsis(command, whole=whole))
    paragraphs = (command.about or summary).split("\n\n")
    page.add("DESCRIPTION", [text for text in paragraphs if text.strip()])
    page.add("EXAMPLES", [Example(*each) for each in command.examples])
    _add_flags(page, command, whole=whole)
    if whole:
        from kmsctl.cli import surroundings

        surroundings.add(page, command)
    return page


def of_group(words: Words, *, whole: bool = True) -> Page:
    """Returns the page of a group, or of the program."""
    names = children(words)
    groups = [Entry(name, names[name]) for name in names if (*words, name) in GROUPS]
    commands = [Entry(name, names[name]) for name in names if (*words, name) in COMMANDS]
    page = Page(words, GROUPS[words], ["GROUP | COMMAND" if groups else "COMMAND", f"[{WIDE} ...]"])
    page.add("DESCRIPTION", [GROUPS[words], *([] if words else [_about_the_program()])])
    page.add("GROUPS", groups)
    page.add("COMMANDS", commands)
    if not words:
        page.add("EXAMPLES", [Example(*each) for each in _FIRST_STEPS])
    elif whole:
        page.add("EXAMPLES", _first_examples(words))
    _add_wide_flags(page, whole=whole and not words)
    if whole:
        from kmsctl.cli import surroundings

        surroundings.add(page, None)
    return page


def signature(flag: Flag) -> str:
    """Returns a flag with the name of its value: ``--key=KEY``."""
    return flag.opts[0] if flag.is_flag else f"{flag.opts[0]}={flag.metavar}"


def _about_the_program() -> str:
    return (
        f"The commands are those of gcloud kms, and {PROGRAM} kms is accepted for {PROGRAM}. "
        f"{PROGRAM} help COMMAND shows the whole page of a command."
    )


def _first_examples(words: Words) -> list[Block]:
    """Returns an example of each command of a group."""
    from kmsctl.cli.group import load

    below = [(*words, name) for name in children(words)]
    found = [load(path).examples for path in below if path in COMMANDS]
    found = found or [load(path).examples for path in COMMANDS if path[: len(words)] == words]
    return [Example(*examples[0]) for examples in found if examples]


def _synopsis(command: Command, *, whole: bool) -> list[str]:
    heads: list[Flag | Positional] = [*command.positionals, *command.flags]
    pieces = [resource_group(command, each) for each in heads if each.heads_resource]
    pieces += [each.shown for each in command.positionals if not each.heads_resource]
    plain = [flag for flag in command.flags if not flag.heads_resource and not flag.in_resource]
    plain.sort(key=lambda flag: flag.opts[0])
    pieces += [signature(flag) for flag in plain if flag.required]
    optional = [f"[{signature(flag)}]" for flag in plain if not flag.required and flag.available]
    if whole:
        return [*pieces, *optional, f"[{WIDE} ...]"]
    return [*pieces, "[optional flags]"]


def _add_flags(page: Page, command: Command, *, whole: bool) -> None:
    """Adds the flags in groups: a resource's flags stand together, and those of lists."""
    flags = sorted((flag for flag in command.flags if flag.available), key=lambda flag: flag.opts[0])
    listing = {flag.name for flag in list_flags()}
    parents = [flag for flag in flags if flag.in_resource]
    of_lists = [flag for flag in flags if flag.name in listing]
    required = [flag for flag in flags if flag.required]
    head = next((flag for flag in required if flag.heads_resource), None)
    if head is not None:
        required = [each for each in required if each is not head]
        required = [head, *parents, *required]
    rest = [flag for flag in flags if flag not in (*required, *parents, *of_lists)]

    positionals: list[Block] = []
    for each in command.positionals:
        positionals.append(Entry(each.shown, each.text))
        if each.heads_resource:
            positionals += [_flag(page, flag, whole=whole) for flag in parents]
    page.add("POSITIONAL ARGUMENTS", positionals)
    page.add("REQUIRED FLAGS", [_flag(page, flag, whole=whole) for flag in required])
    page.add("OPTIONAL FLAGS" if required else "FLAGS", [_flag(page, flag, whole=whole) for flag in rest])
    page.add("LIST COMMAND FLAGS", [_flag(page, flag, whole=whole) for flag in of_lists])
    exclusive = [" and ".join(f"--{name}" for name in group) for group in command.exclusive]
    if exclusive:
        page.sections[-1][1].append(f"At most one of these can be given: {'; '.join(exclusive)}.")
    _add_wide_flags(page, whole=False)


def _add_wide_flags(page: Page, *, whole: bool) -> None:
    flags = sorted((flag for flag in GLOBAL if flag.available), key=lambda flag: flag.opts[0])
    if whole:
        page.add("KMSCTL WIDE FLAGS", [_flag(page, flag, whole=True) for flag in flags])
        return
    names = ", ".join(flag.opts[0] for flag in flags)
    text = f"These flags are available to all commands: {names}. {PROGRAM} help explains them."
    page.add("KMSCTL WIDE FLAGS", [text])


def _flag(page: Page, flag: Flag, *, whole: bool) -> Entry:
    """Returns the entry of a flag; a brief one leaves out its inverse, and long lists of words."""
    from kmsctl.cli.params import Choice

    text = flag.help or ""
    if isinstance(flag.type, Choice):
        choices = sorted(flag.type.choices)
        if whole or len(choices) <= _FEW:
            text += f" {flag.metavar} must be one of: {', '.join(choices)}."
        else:
            text += f" There are {len(choices)}: {PROGRAM} help {' '.join(page.words)} names them."
    if flag.fallback:
        text += f" Default: the property {flag.fallback}."
    if flag.secondary_opts and whole:
        text += f" {flag.secondary_opts[0]} turns it off."
    return Entry(", ".join([signature(flag), *flag.opts[1:]]), text)
