"""Completion of command lines in bash, zsh and fish.

`tables` collects the words from the tree of commands, `scripts` writes them into the scripts that stand
beside it, `names` answers what the scripts cannot know, `places` is where shells look for scripts.
"""

from __future__ import annotations

SHELLS = ("bash", "zsh", "fish")
