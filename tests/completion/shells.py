"""Real shells on pseudo terminals: type, press Tab, look."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPLETIONS = Path(__file__).resolve().parents[2] / "completions"
READY = "IS READY"
TAB, SHOW, ERASE = "\t", "\x0f", "\x15"
#: What makes a shell quiet, sources the script {script}, and lets Ctrl-O show the line between << and >>,
#: and Ctrl-U erase it. Tab completes; it would expand substitutions in zsh, and so run them.
_START = {
    "bash": r"""
        PS1=; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'
        bind 'set page-completions off'
        bind -x '"\C-o": printf "<<%s>>" "$READLINE_LINE"'
        {script}
        """,
    "zsh": r"""
        PS1=; unset zle_bracketed_paste; setopt no_beep no_always_last_prompt; LISTMAX=1000
        autoload -U compinit; compinit -D -u; {script}
        show() {{ printf '<<%s>>' "$BUFFER" > /dev/tty; }}; zle -N show
        bindkey '^O' show; bindkey '^U' kill-whole-line; bindkey '^I' complete-word
        """,
    "fish": r"""
        function fish_prompt; end; function fish_greeting; end
        function show; printf '<<%s>>' (commandline -b); end
        bind \co show; bind \cu kill-whole-line; set -g fish_autosuggestion_enabled 0
        {script}
        """,
}
_SOURCED = {
    "bash": ". '{path}/kmsctl.bash'",
    "zsh": "fpath=('{path}' $fpath); autoload -U _kmsctl; compdef _kmsctl kmsctl",
    "fish": "source '{path}/kmsctl.fish'",
}
_COMMANDS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}


class Shell:
    """A shell in a terminal, at an empty line."""

    def __init__(
        self, name: str, environment: Mapping[str, str], directory: Path, script: str | None = None
    ) -> None:
        """Starts a shell with the script that is committed; or with the commands of `script`, and with
        the user's own configuration.
        """
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed: its completion is NOT tested")
        self.name = name
        program, *arguments = _COMMANDS[name]
        if script is not None and name == "fish":
            arguments.remove("--no-config")
        self._terminal = pexpect.spawn(
            program,
            arguments,
            # fish shows its list of candidates in a terminal that can move its cursor.
            env={**environment, "TERM": "xterm" if name == "fish" else "dumb"},
            cwd=str(directory),
            encoding="utf-8",
            timeout=20,
            dimensions=(120, 250),
        )
        self._terminal.delaybeforesend = None
        sourced = _SOURCED[name].format(path=COMPLETIONS) if script is None else script
        start = _START[name].format(script=sourced).replace("\n        ", "\n").strip()
        half = len(READY) // 2
        # In one line, so that nothing of it is read as if it were typed. Its echo is not the word itself.
        ready = f"printf '%s%s\\n' '{READY[:half]}' '{READY[half:]}'"
        self._terminal.sendline("; ".join([*start.splitlines(), ready]))
        self._terminal.expect_exact(READY)
        self.line("")

    def line(self, typed: str) -> str:
        """Types, and returns what the line then is; the line is erased."""
        return self.pressed(typed)[0]

    def completed(self, typed: str) -> str:
        """Types, presses Tab, and returns what the line then is; the line is erased."""
        return self.line(typed + TAB)

    def pressed(self, keys: str) -> tuple[str, str]:
        """Presses keys, and returns what the line then is, and what was shown; the line is erased."""
        self._terminal.send(keys + SHOW)
        self._terminal.expect("<<(.*?)>>")
        line, shown = self._terminal.match.group(1), self._terminal.before
        if self.name == "fish":
            self._terminal.send("\x1b")  # leaves the list of candidates, if there is one
        self._terminal.send(ERASE + SHOW)
        self._terminal.expect_exact("<<>>")
        return line, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\([A-Z]", "", shown)

    def close(self) -> None:
        self._terminal.close(force=True)
