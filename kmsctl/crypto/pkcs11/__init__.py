"""The HSM protection level: `kmsctl.crypto.backend.Backend` on a PKCS#11 token.

Keys are made in the token and stay there: `KeyMaterial.secret` is the 16-byte CKA_ID of a key, which is
random and nothing secret. python-pkcs11 is imported by the first operation that touches the token, and
nowhere outside this package. docs/decisions/0007-hsm.md says why things are done as they are.
"""

from __future__ import annotations

from kmsctl.errors import FailedPrecondition
from kmsctl.model import algorithms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.crypto.backend import KeyMaterial, RawCiphertext
    from kmsctl.model.algorithms import Algorithm, Digest
    from kmsctl.model.import_methods import ImportMethod
    from kmsctl.model.pkcs11_uri import Pkcs11Uri

#: Bytes of a CKA_ID.
ID_SIZE = 16


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


class TokenBackend:
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
        raise NotImplementedError

    protection_level = algorithms.HSM

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
            pin: returns the user's PIN; called at most once, when the token wants it.
            lock_directory: where lock files of tokens are kept; it must be there.
            allow_software_oaep_unpadding: whether OAEP with a digest that the token lacks may be unpadded
                outside of it, which is not constant-time: not for servers.
        """
        return cls(uri, pin, lock_directory, allow_software_oaep_unpadding=allow_software_oaep_unpadding)

    @property
    def identity(self) -> TokenIdentity:
        """The token that was found; loads the module, but logs nobody in."""
        raise NotImplementedError

    def unavailable_reason(self, algorithm: Algorithm) -> str | None:
        """Says what the token lacks for `algorithm`, or None.

        The token's list of mechanisms tells, and where such lists are known to lie, an attempt with session
        keys, once for each backend.
        """
        raise NotImplementedError

    def create(self, algorithm: Algorithm, cka_id: bytes, label: str) -> KeyMaterial:
        """Makes a key in the token, finds it again, reads its attributes back and uses it once.

        Returns:
            `secret` is `cka_id`, `public` the SubjectPublicKeyInfo or None.

        Raises:
            Unimplemented: if the token cannot do `algorithm`; the message names what it lacks.
            AlreadyExists: if the token has an object with that CKA_ID.
            TokenError: whatever else went wrong. No object is left behind, except where the token does not
                answer any more: `find` and `destroy` settle that later.
        """
        raise NotImplementedError

    def create_wrapping_pair(self, import_method: ImportMethod, cka_id: bytes, label: str) -> KeyMaterial:
        """Makes the key pair of an import job in the token; errors as those of `create`."""
        raise NotImplementedError

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
            Unimplemented, AlreadyExists, TokenError: as `create`.
        """
        raise NotImplementedError

    def find(self, cka_id: bytes) -> KeyMaterial | None:
        """Returns the private or secret key with that CKA_ID, or None if the token has none."""
        raise NotImplementedError

    def destroy(self, cka_id: bytes) -> bool:
        """Destroys all objects with that CKA_ID; says whether there were any."""
        raise NotImplementedError

    def attributes(self, cka_id: bytes) -> dict[str, str | int | bool]:
        """Reads the attributes that an attestation states, such as ``CKA_SENSITIVE`` → True.

        Byte strings are in hexadecimal digits. What the token does not tell is left out.

        Raises:
            NotFound: if the token has no such key.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Closes the session. Using the backend again opens another one, without asking for the PIN."""
        raise NotImplementedError

    def wrap_root_key(self, cka_id: bytes, root_key: bytes) -> bytes:
        """Encrypts a store's root key under a GOOGLE_SYMMETRIC_ENCRYPTION key of this token."""
        raise NotImplementedError

    def unwrap_root_key(self, cka_id: bytes, wrapped: bytes) -> bytes:
        """Returns what `wrap_root_key` was given; INVALID_ARGUMENT if `wrapped` is not from there."""
        raise NotImplementedError

    # -- Backend

    def generate(self, algorithm: Algorithm) -> KeyMaterial:
        raise NotImplementedError

    def check_material(self, algorithm: Algorithm, secret: bytes) -> KeyMaterial:
        """Refused: what is imported into a token comes wrapped, by way of `unwrap`."""
        del secret
        raise FailedPrecondition(
            f"Key material for {algorithm.enum} cannot be given to a token unwrapped.",
            hint="Use an import job with --protection-level=hsm.",
        )

    def encrypt(self, secret: bytes, plaintext: bytes, aad: bytes) -> bytes:
        raise NotImplementedError

    def decrypt(self, secret: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        raise NotImplementedError

    def raw_encrypt(
        self, algorithm: Algorithm, secret: bytes, plaintext: bytes, *, aad: bytes = b"", iv: bytes = b""
    ) -> RawCiphertext:
        raise NotImplementedError

    def raw_decrypt(
        self,
        algorithm: Algorithm,
        secret: bytes,
        ciphertext: bytes,
        *,
        iv: bytes,
        aad: bytes = b"",
        tag_length: int = 0,
    ) -> bytes:
        raise NotImplementedError

    def sign(
        self,
        algorithm: Algorithm,
        secret: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
    ) -> bytes:
        raise NotImplementedError

    def verify(
        self,
        algorithm: Algorithm,
        public: bytes,
        signature: bytes,
        *,
        digest: Digest | None = None,
        data: bytes | None = None,
    ) -> bool:
        raise NotImplementedError

    def asymmetric_decrypt(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        raise NotImplementedError

    def mac_sign(self, algorithm: Algorithm, secret: bytes, data: bytes) -> bytes:
        raise NotImplementedError

    def mac_verify(self, algorithm: Algorithm, secret: bytes, data: bytes, mac: bytes) -> bool:
        raise NotImplementedError

    def decapsulate(self, algorithm: Algorithm, secret: bytes, ciphertext: bytes) -> bytes:
        raise NotImplementedError

    def public_key(self, algorithm: Algorithm, public: bytes, form: str) -> bytes:
        raise NotImplementedError

    def random_bytes(self, length: int) -> bytes:
        raise NotImplementedError
