"""Importing python-pkcs11 without what nobody here uses.

It imports helpers for encoding keys, and with them asn1crypto, which takes as long as all the rest of it.
They are put off until somebody asks for them. This rests on `pkcs11` importing them by these names and using
none: tests/unit/crypto/test_pkcs11_loading.py fails when that moves.
"""

from __future__ import annotations

import sys
from types import ModuleType

_PACKAGE = "pkcs11.util"
_PUT_OFF = ("dh", "dsa", "ec", "rsa", "x509")


class _Later(ModuleType):
    """Stands for a module, and becomes it when an attribute of it is asked for."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        from importlib import import_module

        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def put_off() -> None:
    """Lets the first import of `pkcs11` leave the helpers out; to be called before it."""
    if "pkcs11" not in sys.modules:
        for name in _PUT_OFF:
            full = f"{_PACKAGE}.{name}"
            sys.modules.setdefault(full, _Later(full))
