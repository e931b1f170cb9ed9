"""The versions of the program and of what it stands on."""

from __future__ import annotations

import sys

from kmsctl.version import VERSION

_DISTRIBUTIONS = ("click", "cryptography", "google-crc32c", "python-dateutil", "PyYAML", "tabulate")


def versions() -> dict[str, str]:
    """Returns name → version. It imports everything that it asks, so it is for people, not for speed."""
    import platform
    import sqlite3
    from importlib.metadata import PackageNotFoundError, version

    from cryptography.hazmat.backends.openssl import backend

    found = {"kmsctl": VERSION, "python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name.lower()] = version(name)
        except PackageNotFoundError:
            found[name.lower()] = "unknown"
    found["sqlite"] = sqlite3.sqlite_version
    found["openssl"] = backend.openssl_version_text()
    found["system"] = f"{sys.platform} {platform.machine()}"
    return found
