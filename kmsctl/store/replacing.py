"""Replacing a private file whole: written beside, synced, renamed. A crash leaves the old or the new one."""

from __future__ import annotations

import os

from kmsctl.store.files import os_failure, sync_directory, write_new
from kmsctl.store.probes import no_probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.store.probes import Probe

_BESIDE = ".new"


def replace(path: str, content: bytes, probe: Probe = no_probe) -> None:
    """Writes a file of mode 0600 over the one that is there. The caller holds the directory's lock."""
    beside = path + _BESIDE
    try:
        _discard(beside)
        write_new(beside, content)
        probe("replace.written")
        os.replace(beside, path)
        sync_directory(os.path.dirname(path))
        probe("replace.renamed")
    except OSError as error:
        raise os_failure(error, "write", path) from None
    finally:
        try:
            _discard(beside)
        except OSError:
            pass  # the next one to write says what is in the way


def remove(path: str) -> None:
    """Removes a file for good, if it is there."""
    try:
        _discard(path)
        sync_directory(os.path.dirname(path))
    except OSError as error:
        raise os_failure(error, "remove", path) from None


def remove_leftovers(directory: str) -> None:
    """Removes what crashes left beside the files of a directory. The caller holds its lock."""
    try:
        left = [file for file in os.listdir(directory) if file.endswith(_BESIDE)]
    except OSError as error:
        raise os_failure(error, "read", directory) from None
    for file in left:
        remove(os.path.join(directory, file))


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
