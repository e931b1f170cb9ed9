"""The command lines that are compared, and what gcloud made of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LINES = HERE / "lines.txt"
RECORDED = HERE / "recorded.json"
PLACE = "--keyring=prod --location=us-east1"

#: What differs from run to run, whoever runs it.
_MASKS = (
    (re.compile(r"http://127\.0\.0\.1:\d+/"), "https://cloudkms.googleapis.com/"),
    (re.compile(r"(?<=etag: )[A-Za-z0-9+/=]{16}|(?<=\"etag\": \")[A-Za-z0-9+/=]{16}"), "<ETAG>"),
)


def lines() -> list[str]:
    """Returns the command lines."""
    found = LINES.read_text("utf-8").splitlines()
    return [line for line in found if line and not line.startswith("#")]


def words(line: str) -> list[str]:
    """Returns the arguments of a command line."""
    return shlex.split(line.replace("$P", PLACE))


def masked(text: str) -> str:
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def recorded() -> dict[str, Any]:
    """Returns what gcloud made of each line: its standard output and exit status."""
    found: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))
    return found
