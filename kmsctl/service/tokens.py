"""The PKCS#11 tokens of one `Kms`: which one serves a location, each opened once and kept."""

from __future__ import annotations

import os
from _thread import allocate_lock

from kmsctl.errors import FailedPrecondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from kmsctl.crypto.pkcs11 import TokenBackend
    from kmsctl.keystore.ports import Asking
    from kmsctl.model.pkcs11_uri import Pkcs11Uri
    from kmsctl.service.audit import ResourceName
    from kmsctl.store.leases import Lease
    from kmsctl.store.token_objects import TokenName

#: Where in the data directory the lock files of tokens lie.
LOCKS = "tokens"


class HsmOptions:
    """How HSM keys are reached, as whoever opens the service has it configured.

    Attributes:
        uri: returns the token that a project uses in a location, or None if none is configured; with
            neither, the token for everything else.
        pin: asks for the PIN of a token; called at most once for each.
        allow_software_oaep_unpadding: tells whether to; see `kmsctl.crypto.pkcs11.TokenBackend.open`.
    """

    __slots__ = ("allow_software_oaep_unpadding", "pin", "uri")

    def __init__(
        self,
        uri: Callable[[str, str], Pkcs11Uri | None],
        pin: Callable[[Pkcs11Uri], bytes | str],
        *,
        allow_software_oaep_unpadding: Callable[[], bool] = lambda: False,
    ) -> None:
        self.uri = uri
        self.pin = pin
        self.allow_software_oaep_unpadding = allow_software_oaep_unpadding


class Tokens:
    """The tokens that were opened, by URI. Safe to share between threads."""

    __slots__ = ("_directory", "_lock", "_open", "_options")

    def __init__(self, options: HsmOptions | None, data_directory: str) -> None:
        self._options = options
        self._directory = os.path.join(data_directory, LOCKS)
        self._lock = allocate_lock()
        self._open: dict[str, TokenBackend] = {}

    def of(self, name: ResourceName, wanted: TokenName | None = None) -> TokenBackend:
        """Returns the token that serves the project and location of a resource.

        Args:
            name: the resource.
            wanted: the token that should be it, as far as that is known.

        Raises:
            FailedPrecondition: if none is configured.
        """
        options = self._options
        uri = None if options is None else options.uri(name.project, name.location)
        if options is None or uri is None:
            place = "" if wanted is None else f", but the key of {name} is in the token {wanted}"
            label = "LABEL" if wanted is None else wanted.label
            raise FailedPrecondition(
                f"No HSM is configured{place}.",
                hint="Set it: kmsctl config set hsm/uri "
                f"'pkcs11:token={label}?module-path=/PATH/TO/MODULE.so'",
            )
        text = str(uri)
        with self._lock:
            found = self._open.get(text)
            if found is None:
                found = self._open[text] = self._opened(options, uri)
            return found

    def general(self) -> TokenBackend | None:
        """Returns the token that is configured for everything, if one is: it may protect the root key."""
        options = self._options
        uri = None if options is None else options.uri("", "")
        if options is None or uri is None:
            return None
        with self._lock:
            text = str(uri)
            if text not in self._open:
                self._open[text] = self._opened(options, uri)
            return self._open[text]

    def _opened(self, options: HsmOptions, uri: Pkcs11Uri) -> TokenBackend:
        from kmsctl.crypto.pkcs11 import TokenBackend
        from kmsctl.store.files import make_directory

        make_directory(os.path.dirname(self._directory))
        make_directory(self._directory)
        return TokenBackend.open(
            uri,
            lambda: options.pin(uri),
            self._directory,
            allow_software_oaep_unpadding=options.allow_software_oaep_unpadding(),
        )

    def holding(self, name: ResourceName, wanted: TokenName) -> TokenBackend:
        """Returns the token that serves a resource, if it is the one that has its key.

        Raises:
            FailedPrecondition: if it is another one; both are named.
            TokenError: if it cannot be reached.
        """
        token = self.of(name, wanted)
        there = name_of(token)
        if there.label != wanted.label or (wanted.serial and there.serial != wanted.serial):
            raise FailedPrecondition(
                f"The key of {name} is in the token {wanted}, but the token that is configured is {there}.",
                hint="Plug that token in, or name it in the property hsm/uri.",
            )
        return token

    def close(self) -> None:
        with self._lock:
            tokens, self._open = list(self._open.values()), {}
        for token in tokens:
            token.close()


class WithToken:
    """Whoever is asked for what opens the store (`kmsctl.keystore.protectors.Asking`), and the token.

    `directory` is where is noted what is being made in the token.
    """

    __slots__ = ("_asked", "_directory", "_making", "_tokens")

    def __init__(self, asked: Asking, tokens: Tokens, directory: str) -> None:
        self._asked = asked
        self._tokens = tokens
        self._directory = directory
        self._making: list[Lease] = []

    def passphrase(self, question: str) -> bytes | None:
        return self._asked.passphrase(question)

    def new_passphrase(self, question: str) -> bytes | None:
        return self._asked.new_passphrase(question)

    def shares(self) -> Sequence[bytes]:
        return self._asked.shares()

    def token(self) -> TokenBackend | None:
        return self._tokens.general()

    def brought(self) -> Collection[str]:
        return self._asked.brought()

    def making(self, cka_id: bytes) -> None:
        from kmsctl.store.leases import Lease

        self._making.append(Lease(self._directory, cka_id).__enter__())

    def made(self) -> None:
        """Says that nothing is being made any more. The notes stay, for whoever looks what came of it."""
        while self._making:
            self._making.pop().leave()


def no_warning(text: str) -> None:
    """Says nothing to anybody."""


def name_of(token: TokenBackend) -> TokenName:
    """Returns what is remembered of a token; it has to be there."""
    from kmsctl.store.token_objects import TokenName

    identity = token.identity
    return TokenName(identity.label, identity.serial, identity.module_path)
