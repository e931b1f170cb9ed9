"""The verbs of the service, as a Protocol: what `Kms` offers in process, and a remote client could.

Imported for types only. Every verb raises `kmsctl.errors.KmsError`; what each may raise is the
API method's of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from kmsctl.model.asymmetric_requests import (
    AsymmetricDecryptRequest,
    AsymmetricDecryptResponse,
    AsymmetricSignRequest,
    AsymmetricSignResponse,
    AsymmetricVerifyRequest,
    AsymmetricVerifyResponse,
    DecapsulateRequest,
    DecapsulateResponse,
    PublicKey,
)
from kmsctl.model.import_requests import ImportCryptoKeyVersionRequest
from kmsctl.model.locations import Location
from kmsctl.model.mac_requests import MacSignRequest, MacSignResponse, MacVerifyRequest, MacVerifyResponse
from kmsctl.model.names import (
    CryptoKeyName,
    CryptoKeyVersionName,
    ImportJobName,
    KeyRingName,
    LocationName,
)
from kmsctl.model.random_requests import GenerateRandomBytesRequest, GenerateRandomBytesResponse
from kmsctl.model.raw_requests import (
    RawDecryptRequest,
    RawDecryptResponse,
    RawEncryptRequest,
    RawEncryptResponse,
)
from kmsctl.model.requests import DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse
from kmsctl.model.resources import (
    CryptoKey,
    CryptoKeyOutline,
    CryptoKeySpec,
    CryptoKeyVersion,
    ImportJob,
    KeyRing,
)
from kmsctl.service.backup_api import BackupApi
from kmsctl.service.context import Context
from kmsctl.service.iam_api import IamApi
from kmsctl.service.logging_api import LoggingApi
from kmsctl.service.protection_api import ProtectionApi
from kmsctl.service.store_api import StoreApi

T = TypeVar("T")
#: Tells from afar whether a key is wanted.
Keep = Callable[[CryptoKeyOutline], bool]


class KmsApi(IamApi, LoggingApi, ProtectionApi, StoreApi, BackupApi, Protocol):
    """One method per API method. Lists are lazy and in name order."""

    def list_locations(self, ctx: Context, project: str) -> Iterator[Location]: ...
    def get_location(self, ctx: Context, name: LocationName) -> Location: ...

    def create_key_ring(
        self, ctx: Context, name: KeyRingName, *, tags: Mapping[str, str] | None = None
    ) -> KeyRing:
        """Makes a key ring; its `tags` are namespaced key (``PROJECT/NAME``) → value."""
        ...

    def get_key_ring(self, ctx: Context, name: KeyRingName) -> KeyRing: ...
    def list_key_rings(
        self, ctx: Context, parent: LocationName, *, prefix: str = "", limit: int | None = None
    ) -> Iterator[KeyRing]: ...

    def create_crypto_key(
        self,
        ctx: Context,
        name: CryptoKeyName,
        spec: CryptoKeySpec,
        *,
        skip_initial_version_creation: bool = False,
    ) -> CryptoKey: ...
    def get_crypto_key(self, ctx: Context, name: CryptoKeyName) -> CryptoKey: ...
    def list_crypto_keys(
        self,
        ctx: Context,
        parent: KeyRingName,
        *,
        prefix: str = "",
        limit: int | None = None,
        keep: Keep | None = None,
    ) -> Iterator[CryptoKey]:
        """Lists keys.

        `keep` spares reading keys that the caller would throw away: it is asked about each key, in
        order. With a `limit` it is not asked.
        """
        ...

    def shape_crypto_keys(
        self, ctx: Context, parent: KeyRingName, shape: Callable[[Iterable[CryptoKey]], T]
    ) -> Iterator[T]:
        """Lists keys as `shape` makes them of some at a time: dicts, lists, tuples, texts, numbers.

        Other processes may be started for it, so the caller has to have no other threads.
        """
        ...

    def update_crypto_key(
        self, ctx: Context, name: CryptoKeyName, changes: Mapping[str, object]
    ) -> CryptoKey:
        """Changes just the named fields.

        `changes` has the update mask as its keys: ``labels`` (a mapping of str to str),
        ``rotation_period`` and ``next_rotation_time`` (microseconds or None),
        ``version_template.algorithm`` (an enum name). Anything else is INVALID_ARGUMENT.
        """
        ...

    def update_crypto_key_primary_version(
        self, ctx: Context, name: CryptoKeyName, version: int
    ) -> CryptoKey: ...

    def create_crypto_key_version(self, ctx: Context, parent: CryptoKeyName) -> CryptoKeyVersion: ...
    def get_crypto_key_version(self, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion: ...
    def list_crypto_key_versions(
        self, ctx: Context, parent: CryptoKeyName, *, limit: int | None = None
    ) -> Iterator[CryptoKeyVersion]: ...
    def update_crypto_key_version(
        self, ctx: Context, name: CryptoKeyVersionName, state: str
    ) -> CryptoKeyVersion:
        """Enables or disables: `state` is ENABLED or DISABLED."""
        ...

    def destroy_crypto_key_version(self, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion: ...
    def restore_crypto_key_version(self, ctx: Context, name: CryptoKeyVersionName) -> CryptoKeyVersion: ...

    def create_import_job(
        self, ctx: Context, name: ImportJobName, import_method: str, protection_level: str = "SOFTWARE"
    ) -> ImportJob:
        """Returns the job when its key pair was made (ACTIVE), which takes up to seconds."""
        ...

    def get_import_job(self, ctx: Context, name: ImportJobName) -> ImportJob: ...
    def list_import_jobs(
        self, ctx: Context, parent: KeyRingName, *, prefix: str = "", limit: int | None = None
    ) -> Iterator[ImportJob]: ...
    def import_crypto_key_version(
        self, ctx: Context, request: ImportCryptoKeyVersionRequest
    ) -> CryptoKeyVersion:
        """Returns the version, ENABLED, or IMPORT_FAILED with the reason if the material was not right.

        A request that is not right changes nothing and raises: a job that is not ACTIVE or of another
        protection level, an algorithm of another purpose, material of any size but 1 to 65536 bytes, a
        version that cannot be imported into again, or had another key.
        """
        ...

    def encrypt(self, ctx: Context, request: EncryptRequest) -> EncryptResponse: ...
    def decrypt(self, ctx: Context, request: DecryptRequest) -> DecryptResponse: ...

    def asymmetric_sign(self, ctx: Context, request: AsymmetricSignRequest) -> AsymmetricSignResponse: ...
    def asymmetric_verify(
        self, ctx: Context, request: AsymmetricVerifyRequest
    ) -> AsymmetricVerifyResponse: ...
    def asymmetric_decrypt(
        self, ctx: Context, request: AsymmetricDecryptRequest
    ) -> AsymmetricDecryptResponse: ...
    def decapsulate(self, ctx: Context, request: DecapsulateRequest) -> DecapsulateResponse: ...
    def get_public_key(
        self, ctx: Context, name: CryptoKeyVersionName, public_key_format: str = "PEM"
    ) -> PublicKey: ...
    def mac_sign(self, ctx: Context, request: MacSignRequest) -> MacSignResponse: ...
    def mac_verify(self, ctx: Context, request: MacVerifyRequest) -> MacVerifyResponse: ...
    def raw_encrypt(self, ctx: Context, request: RawEncryptRequest) -> RawEncryptResponse: ...
    def raw_decrypt(self, ctx: Context, request: RawDecryptRequest) -> RawDecryptResponse: ...
    def generate_random_bytes(
        self, ctx: Context, request: GenerateRandomBytesRequest
    ) -> GenerateRandomBytesResponse: ...
