"""The HSM protection level: `kmsctl.crypto.backend.Backend` on a PKCS#11 token.

Keys are made in the token and stay there: `KeyMaterial.secret` is the 16-byte CKA_ID of a key, which is
random and nothing secret. python-pkcs11 is imported by the first operation that touches the token, and
nowhere outside this package. docs/decisions/0007-hsm.md says why things are done as they are.
"""

from __future__ import annotations

from kmsctl.crypto.pkcs11.uses import TokenUses
from kmsctl.errors import FailedPrecondition
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pkcs11.types import Token

    from kmsctl.crypto.backend import KeyMaterial
    from kmsctl.crypto.pkcs11.connection import TokenSession
    from kmsctl.crypto.pkcs11.loading import Module
    from kmsctl.model.algorithms import Algorithm
    from kmsctl.model.import_methods import ImportMethod
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

#: Bytes of a CKA_ID.
ID_SIZE = 16
#: What is bound to a wrapped root key, so that no ciphertext of a key version passes for one.
_ROOT_KEY = b"kmsctl root key"


class TokenIdentity:
    """What tells a token from others.

    Attributes:
        module_path: the module that was loaded.
        label, serial, manufacturer, model: as the token says them; a serial number may be empty.
    """

    __slots__ = ("label", "manufacturer", "model", "module_path", "serial")

    def __init__(self, module_path: str, label: str, serial: str, manufacturer: str, model: str) -> None:
        self.module_path = module_path
        self.label = label
        self.serial = serial
        self.manufacturer = manufacturer
        self.model = model

    def __repr__(self) -> str:
        return f"TokenIdentity({self.label!r}, {self.serial!r}, {self.module_path!r})"


class TokenBackend(TokenUses):
    """The backend of one token. It may be shared between threads, and used on after a fork.

    The module is entered by one thread at a time (rule 1), and what it is asked to do is done under a lock
    between processes: shared for using keys, exclusive for making and destroying them (rule 2). That lock is
    never to be waited for while a database's write lock is held.
    """

    def __init__(
        self,
        uri: Pkcs11Uri,
        pin: Callable[[], bytes | str],
        lock_directory: str,
        *,
        allow_software_oaep_unpadding: bool = False,
    ) -> None:
        from kmsctl.crypto.pkcs11.connection import Connection

        self.connection = Connection(uri, pin, lock_directory)
        self._uri = uri
        self._may_unpad = allow_software_oaep_unpadding
        self._identity: TokenIdentity | None = None

    @classmethod
    def open(
        cls,
        uri: Pkcs11Uri,
        pin: Callable[[], bytes | str],
        lock_directory: str,
        *,
        allow_software_oaep_unpadding: bool = False,
    ) -> TokenBackend:
        """Returns the backend of the token that `uri` names. Nothing is loaded before the first use.

        Args:
            uri: module and token.
            pin: returns the user's PIN; called when the token wants it, and not again after it has returned.
            lock_directory: where lock files of modules are kept; it must be there.
            allow_software_oaep_unpadding: whether OAEP with a digest that the token lacks may be unpadded
                outside of it, which is not constant-time: not for servers.
        """
        return cls(uri, pin, lock_directory, allow_software_oaep_unpadding=allow_software_oaep_unpadding)

    def __repr__(self) -> str:
        return f"TokenBackend({self._uri!s})"

    @property
    def identity(self) -> TokenIdentity:
        """The token that was found; loads the module, but logs nobody in."""
        if self._identity is None:
            self._identity = self.connection.look(_identify)
        return self._identity

    def unavailable_reason(self, algorithm: Algorithm) -> str | None:
        """Says what the token lacks for `algorithm`, or None.

        The token's list of mechanisms tells, and where such lists are known to lie, an attempt with session
        keys, once for each backend.
        """
        if algorithms.HSM not in algorithm.protection_levels:
            return f"{algorithm.enum} is not an algorithm of HSM keys."

        def work(session: TokenSession) -> str | None:
            from kmsctl.crypto.pkcs11 import making

            return making.reason(self.connection, session, algorithm, unpad=self._may_unpad)

        return self.connection.run(work, "trying what it can do")

    def lacks(self, algorithm: Algorithm) -> str | None:
        """Says the same in few words, such as ``the mechanism CKM_EDDSA``; of algorithms of HSM keys only."""

        def work(session: TokenSession) -> str | None:
            from kmsctl.crypto.pkcs11 import capabilities

            return capabilities.lacks(session, self.connection, algorithm, unpad=self._may_unpad)

        return self.connection.run(work, "trying what it can do")

    def create(self, algorithm: Algorithm, cka_id: bytes, label: str) -> KeyMaterial:
        """Makes a key in the token, finds it again, reads its attributes back and uses it once.

        Returns:
            `secret` is `cka_id`, `public` the SubjectPublicKeyInfo or None.

        Raises:
            FailedPrecondition: if no HSM key has `algorithm`.
            Unimplemented: if the token cannot do `algorithm`; the message names what it lacks.
            AlreadyExists: if the token has an object with that CKA_ID.
            TokenError: whatever else went wrong. No object is left behind, except where the token does not
                answer any more: `find` and `destroy` settle that later.
        """
        reason = self.unavailable_reason(algorithm) if self._is_foreign(algorithm) else None
        if reason is not None:
            raise FailedPrecondition(reason)

        def check(session: TokenSession) -> bool:
            from kmsctl.crypto.pkcs11 import making

            making.check_can(self.connection, session, algorithm, unpad=self._may_unpad)
            return self.must_unpad(session, algorithm)

        def work(session: TokenSession) -> KeyMaterial:
            from kmsctl.crypto.pkcs11 import making

            return making.create(session, algorithm, cka_id, label, unpad=unpad)

        unpad = self.connection.run(check, "trying what it can do")
        return self.connection.run(work, "making a key", exclusive=True, repeat=False)

    @staticmethod
    def _is_foreign(algorithm: Algorithm) -> bool:
        return algorithms.HSM not in algorithm.protection_levels

    def create_wrapping_pair(self, import_method: ImportMethod, cka_id: bytes, label: str) -> KeyMaterial:
        """Makes the key pair of an import job in the token; errors as those of `create`."""

        def check(session: TokenSession) -> None:
            from kmsctl.crypto.pkcs11 import unwrapping

            unwrapping.check_can(self.connection, session, import_method)

        def work(session: TokenSession) -> KeyMaterial:
            from kmsctl.crypto.pkcs11 import unwrapping

            return unwrapping.create_pair(self.connection, session, import_method, cka_id, label)

        self.connection.run(check, "trying what it can do")
        return self.connection.run(work, "making a wrapping key", exclusive=True, repeat=False)

    def unwrap(
        self,
        import_method: ImportMethod,
        wrapping_id: bytes,
        algorithm: Algorithm,
        cka_id: bytes,
        label: str,
        wrapped: bytes,
    ) -> KeyMaterial:
        """Unwraps a key inside the token: no byte of it is seen outside.

        Args:
            import_method: of the import job.
            wrapping_id: the CKA_ID of the job's key pair.
            algorithm: what the unwrapped key must be of.
            cka_id: of the key to be.
            label: of the key to be.
            wrapped: the request's wrapped material.

        Raises:
            kmsctl.crypto.importing.UnwrapError: if it cannot be unwrapped.
            InvalidArgument: if what was wrapped is not a key of `algorithm`.
            NotFound: if the token has no key with the CKA_ID `wrapping_id`.
            Unimplemented, AlreadyExists, TokenError: as `create`.
        """

        def check(session: TokenSession) -> bool:
            from kmsctl.crypto.pkcs11 import making

            making.scheme_of(algorithm)
            making.check_can(self.connection, session, algorithm, unpad=self._may_unpad)
            return self.must_unpad(session, algorithm)

        def work(session: TokenSession) -> KeyMaterial:
            from kmsctl.crypto.pkcs11 import unwrapping

            target = unwrapping.Target(algorithm, cka_id, label, unpad=unpad)
            return unwrapping.unwrap(self.connection, session, import_method, wrapping_id, target, wrapped)

        unpad = self.connection.run(check, "trying what it can do")
        return self.connection.run(work, "unwrapping a key", exclusive=True, repeat=False)

    def find(self, cka_id: bytes) -> KeyMaterial | None:
        """Returns the private or secret key with that CKA_ID, or None if the token has none.

        `public` is None for secret keys, and for EC keys that were imported, whose public keys tokens do not
        keep.
        """

        def work(session: TokenSession) -> KeyMaterial | None:
            from kmsctl.crypto.backend import KeyMaterial
            from kmsctl.crypto.pkcs11 import keys

            key = keys.find(session, cka_id)
            return None if key is None else KeyMaterial(cka_id, keys.public_of(session, cka_id, key))

        return self.connection.run(work, "looking for a key")

    def destroy(self, cka_id: bytes) -> bool:
        """Destroys all objects with that CKA_ID; says whether there were any.

        Raises:
            TokenError: if the token is not there, or still has the key.
        """

        def work(session: TokenSession) -> bool:
            from kmsctl.crypto.pkcs11 import keys

            return keys.destroy(session, cka_id)

        return self.connection.run(work, "destroying a key", exclusive=True)

    def attributes(self, cka_id: bytes) -> dict[str, str | int | bool]:
        """Reads the attributes that an attestation states, such as ``CKA_SENSITIVE`` → True.

        Byte strings are in hexadecimal digits. What the token does not tell is left out.

        Raises:
            NotFound: if the token has no such key.
        """

        def work(session: TokenSession) -> dict[str, str | int | bool]:
            from kmsctl.crypto.pkcs11 import attributes, keys

            found = keys.find(session, cka_id)
            if found is None:
                raise keys.no_such_key(session, cka_id)
            return attributes.stated(found)

        return self.connection.run(work, "reading attributes")

    def close(self) -> None:
        """Closes the session. Using the backend again opens another one, without asking for the PIN."""
        self.connection.close()

    def wrap_root_key(self, cka_id: bytes, root_key: bytes) -> bytes:
        """Encrypts a store's root key under a GOOGLE_SYMMETRIC_ENCRYPTION key of this token."""
        return self.encrypt(cka_id, root_key, _ROOT_KEY)

    def unwrap_root_key(self, cka_id: bytes, wrapped: bytes) -> bytes:
        """Returns what `wrap_root_key` was given; INVALID_ARGUMENT if `wrapped` is not from there."""
        return self.decrypt(cka_id, wrapped, _ROOT_KEY)

    # The protocol of all backends: `secret` is a CKA_ID.

    def generate(self, algorithm: Algorithm) -> KeyMaterial:
        import os

        return self.create(algorithm, os.urandom(ID_SIZE), "kmsctl")

    def check_material(self, algorithm: Algorithm, secret: bytes) -> KeyMaterial:
        """Refused: what is imported into a token comes wrapped, by way of `unwrap`."""
        del secret
        if self._is_foreign(algorithm):
            raise FailedPrecondition(f"{algorithm.enum} is not an algorithm of HSM keys.")
        raise FailedPrecondition(
            f"Key material for {algorithm.enum} cannot be given to a token unwrapped.",
            hint="Use an import job with --protection-level=hsm.",
        )


def _identify(module: Module, token: Token) -> TokenIdentity:
    from kmsctl.crypto.pkcs11 import selection

    return TokenIdentity(
        module.path, token.label, selection.text(token.serial), token.manufacturer_id, token.model
    )
