"""Loading a module, with an initialisation that python-pkcs11 does not offer.

python-pkcs11 calls C_Initialize(NULL), which means that there is one thread: SoftHSM then leaves out its own
locks, and crashed in eight runs of eight with four threads; NSS refuses it (rule 1). This is the one file
that rests on something private of python-pkcs11: that `pkcs11._pkcs11.lib` can be subclassed, and that its
constructor calls `initialize`. tests/unit/crypto/test_pkcs11_loading.py fails when that moves.
"""

from __future__ import annotations

import ctypes
import os

from kmsctl.crypto.pkcs11 import failures, module_path
from kmsctl.crypto.pkcs11.cryptoki import Cryptoki
from kmsctl.errors import TokenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pkcs11._pkcs11 import lib


class Module:
    """A loaded module; there is one for each file, for the whole process.

    Attributes:
        path: the file, all links resolved.
        library: what python-pkcs11 makes of it.
        cryptoki: for calls that python-pkcs11 cannot make; None for modules whose functions belong to
            whoever asked for them (p11-kit's proxy), so that calls from here would go to another instance.
        generation: counts initialisations; sessions of another generation are void.
        fresh: whether it was initialised for the operation that is under way.
    """

    __slots__ = ("_parameters", "_process", "cryptoki", "fresh", "generation", "library", "path")

    def __init__(self, path: str, parameters: str | None) -> None:
        self.path = path
        self._parameters = parameters
        self._process = os.getpid()
        self.generation = 1
        self.fresh = True
        cryptoki = Cryptoki(path)
        self.cryptoki = cryptoki if cryptoki.address == Cryptoki(path).address else None
        self.library = self._load()

    def _load(self) -> lib:
        if self.cryptoki is None:
            import pkcs11

            if self._parameters:
                raise TokenError(f"The PKCS#11 module {self.path} takes no x-init-args.")
            return pkcs11.lib(self.path)
        made: lib = _library_class()(self.path, self.cryptoki, self._parameters)
        return made

    def check(self, parameters: str | None) -> None:
        """Makes the module usable in this process, after a fork as well (rule 15).

        Raises:
            TokenError: if it was initialised with other parameters.
        """
        if parameters != self._parameters:
            raise TokenError(
                f"The PKCS#11 module {self.path} is loaded already, with other x-init-args: a process can "
                "use it with one set of them."
            )
        self.fresh = False
        if self._process != os.getpid():
            self.initialize_again()

    def initialize_again(self) -> None:
        """Starts the module anew; all sessions of this process are void.

        Where that fails, the next call tries again.
        """
        self._process = _NONE
        if self.cryptoki is None:
            import pkcs11

            pkcs11.unload(self.path)
            self.library = self._load()
        else:
            self.cryptoki.finalize()
            self.cryptoki.initialize(self._parameters)
        self._process = os.getpid()
        self.generation += 1
        self.fresh = True


_MODULES: dict[str, Module] = {}
#: The process that has a module initialised, if none has.
_NONE = -1
#: Paths that were checked in this process → the same with all links resolved.
_CHECKED: dict[str, str] = {}


def _library_class() -> Any:
    """Returns the subclass of python-pkcs11's `lib` that initialises a module as `Cryptoki` does."""
    from pkcs11 import _pkcs11

    base: Any = _pkcs11.lib  # its annotations say nothing of its compiled constructor

    class Library(base):  # type: ignore[misc]
        def __new__(cls, so: str, cryptoki: Cryptoki, parameters: str | None) -> Any:
            del cryptoki, parameters
            made: Any = base.__new__(cls, so)
            return made

        def __init__(self, so: str, cryptoki: Cryptoki, parameters: str | None) -> None:
            self._start: Callable[[], None] = lambda: cryptoki.initialize(parameters)
            super().__init__(so)
            # Never collected: modules do not bear being unloaded when the interpreter ends.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))

        def initialize(self) -> None:
            self._start()

    return Library


def real_path(path: str) -> str:
    """Returns the file of a module after it was checked (`module_path`)."""
    if path not in _CHECKED:
        _CHECKED[path] = module_path.check(path)
    return _CHECKED[path]


def load(path: str, parameters: str | None) -> Module:
    """Returns the module in a file, initialised. The caller holds the module's lock.

    Raises:
        TokenError: if the file is refused, is no module, or does not start; or python-pkcs11 is missing.
    """
    real = real_path(path)
    module = _MODULES.get(real)
    try:
        kinds = failures.kinds()
    except ImportError:
        raise TokenError(
            "HSM keys need the Python package python-pkcs11.", hint="pip install 'kmsctl[hsm]'"
        ) from None
    try:
        if module is None:
            module = Module(real, parameters)
        else:
            module.check(parameters)
    except (OSError, AttributeError):
        # The loader's own words: a missing library of the module, another architecture.
        raise TokenError(f"{path} cannot be loaded as a PKCS#11 module.", hint=_why(real)) from None
    except kinds as error:
        failure = failures.name(error)
        raise TokenError(
            f"The PKCS#11 module {path} does not start ({failures.ckr(failure)}).",
            hint="Its own configuration may be missing: the file that SOFTHSM2_CONF names for SoftHSM, "
            "x-init-args in the URI for NSS.",
        ) from None
    _MODULES[real] = module
    return module


def _why(path: str) -> str | None:
    try:
        ctypes.CDLL(path)
    except OSError as error:
        return str(error)
    return "It has no function C_GetFunctionList."
