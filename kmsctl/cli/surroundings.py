"""What every whole page ends with: exit status, environment, files, and other pages."""

from __future__ import annotations

import os

from kmsctl.cli import opening, properties
from kmsctl.cli.pages import Entry, Page
from kmsctl.cli.tree import COMMANDS, GROUPS, PROGRAM, children
from kmsctl.keystore.keystore import ANCHOR_FILE, ROOT_KEY_FILE, SLOT_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.pages import Block

_STATUS = (
    Entry("0", "It worked."),
    Entry("1", "It was refused, or it failed. The reason is on standard error."),
    Entry("2", "The command line does not parse."),
)
_MOVED = f"KMSCTL_HOME or KMSCTL_CONFIG move it: see {PROGRAM} help."
_DATA = "~/.local/share/kmsctl"
_CONFIG = "~/.config/kmsctl"


def add(page: Page, command: Command | None) -> None:
    """Adds the sections to the page of a command, or of a group or the program."""
    page.add("EXIT STATUS", _STATUS)
    page.add("ENVIRONMENT", _environment(command) if page.words else _whole_environment())
    page.add("FILES", _files() if page.words else _all_files())
    page.add("SEE ALSO", [", ".join(f"{page_name(words)}(1)" for words in _related(page.words))])


def page_name(words: tuple[str, ...]) -> str:
    """Returns the name of a manual page: ``kmsctl-keys-create``."""
    return "-".join((PROGRAM, *words))


def _environment(command: Command | None) -> list[Block]:
    found: list[Block] = [
        Entry("KMSCTL_HOME, KMSCTL_CONFIG", f"Where store and configuration are: see {PROGRAM} help.")
    ]
    fallbacks = {flag.fallback for flag in command.flags if flag.fallback} if command else set()
    found += [
        Entry(properties.variable(name), f"Stands in for --{name.rpartition('/')[2]}.")
        for name in sorted({"core/project", *fallbacks})
    ]
    return found


def _whole_environment() -> list[Block]:
    return [
        Entry(
            "KMSCTL_HOME",
            "The directory that holds everything: the store in data/ and the configuration in config/.",
        ),
        Entry("KMSCTL_CONFIG", "The directory of the configuration, root key and anchor alone."),
        Entry(properties.ACTIVE_VARIABLE, "The configuration to take properties from."),
        *(
            Entry(properties.variable(name), f"The property {name}. {about}")
            for name, (about, _) in sorted(properties.TABLE.items())
        ),
        Entry("KMSCTL_HSM_PIN", "The PIN of an HSM's token, where its URI has no pin-source."),
        Entry("KMSCTL_PAGER, PAGER", "What shows long lists on a terminal; less or more if neither is set."),
        Entry("NO_COLOR", "If it is set and not empty, nothing is printed in colours."),
        Entry(
            "XDG_DATA_HOME, XDG_CONFIG_HOME",
            "What stands for ~/.local/share and ~/.config where KMSCTL_HOME is not set.",
        ),
    ]


def _files() -> list[Block]:
    return [
        Entry(f"{_DATA}/", f"The store. {_MOVED}"),
        Entry(f"{_CONFIG}/", f"The configuration, root key and anchor. {_MOVED}"),
    ]


def _all_files() -> list[Block]:
    secrets = os.path.join(_CONFIG, opening.SECRETS)
    return [
        Entry(f"{_DATA}/control.db", "Projects and what else belongs to no location."),
        Entry(f"{_DATA}/locations/LOCATION.db", "Key rings, keys and versions of a location, encrypted."),
        Entry(f"{_DATA}/snapshots/", "Snapshots of the databases, encrypted under the root key."),
        Entry(f"{_CONFIG}/{properties.FILE}", f"Properties: see {page_name(('config', 'set'))}(1)."),
        Entry(
            f"{_CONFIG}/{properties.CONFIGURATIONS}/{properties.PREFIX}NAME",
            "Properties of the other configurations.",
        ),
        Entry(
            f"{secrets}/{ROOT_KEY_FILE}",
            "The root key. Whoever has it and the store has the keys; without it they are lost.",
        ),
        Entry(
            f"{secrets}/{SLOT_FILE}",
            "The other protectors of the root key. Without its file they are lost if this is lost.",
        ),
        Entry(f"{secrets}/{ANCHOR_FILE}", "What shows that a database was rolled back."),
    ]


def _related(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Returns the pages above, beside and below, each once, in order."""
    related = {(*words, name) for name in children(words)}
    if words:
        related |= {(), words[:-1]}
        related |= {(*words[:-1], name) for name in children(words[:-1])} if words[:-1] else set()
    else:
        related = {path for path in (*COMMANDS, *GROUPS) if path}
    return sorted(related - {words})
