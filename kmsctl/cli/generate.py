"""Writes what is generated from the tree of commands: ``python -m kmsctl.cli.generate``.

These are the folders ``completions`` and ``man``, and the table of plain command lines. A test holds
that what is committed is what this would write.
"""

from __future__ import annotations

import os
import sys

from kmsctl.cli import manpages, plain_source
from kmsctl.cli.completion import SHELLS
from kmsctl.cli.completion.scripts import FILES, script
from kmsctl.cli.tree import COMMANDS, GROUPS

#: The checkout that this module is in.
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("completions", "man")


def files() -> dict[str, str]:
    """Returns every generated file: its path below `ROOT` → its text."""
    found = {os.path.join("completions", FILES[shell]): script(shell) for shell in SHELLS}
    for words in (*GROUPS, *COMMANDS):
        page = manpages.page_of(words)
        found[os.path.join("man", manpages.file_name(words))] = manpages.source(page)
    found[os.path.relpath(plain_source.PATH, ROOT)] = plain_source.source()
    return found


def main() -> None:
    """Writes them, and removes what is left in the folders of commands that are no more."""
    if not all(os.path.isdir(os.path.join(ROOT, folder)) for folder in FOLDERS):
        sys.exit(f"{ROOT} is not a checkout of kmsctl.")
    wanted = files()
    for path, text in wanted.items():
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(text)
    for folder in FOLDERS:
        for name in os.listdir(os.path.join(ROOT, folder)):
            if os.path.join(folder, name) not in wanted and not name.startswith("."):
                os.unlink(os.path.join(ROOT, folder, name))


if __name__ == "__main__":
    main()
