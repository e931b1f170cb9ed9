"""What the tests of transcripts and documents share."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory in which `kmsctl` is this checkout's."""
    directory = tmp_path / "bin"
    directory.mkdir()
    launcher = directory / "kmsctl"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m kmsctl "$@"\n')
    launcher.chmod(0o755)
    return directory
