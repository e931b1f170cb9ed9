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


def load() -> None:
    """Imports `pkcs11`, and lets its first import leave the helpers out.

    Raises:
        ImportError: if python-pkcs11 is not installed.
    """
    if "pkcs11" in sys.modules:
        return
    later = {name: _Later(f"{_PACKAGE}.{name}") for name in _PUT_OFF}
    for module in later.values():
        sys.modules.setdefault(module.__name__, module)
    try:
        import pkcs11.util
    except ImportError:
        for module in later.values():
            sys.modules.pop(module.__name__, None)
        raise
    # The import system does this for the modules that it loads itself.
    for name, module in later.items():
        setattr(pkcs11.util, name, module)
