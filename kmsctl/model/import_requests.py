"""The request of ImportCryptoKeyVersion."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName, ImportJobName


class ImportCryptoKeyVersionRequest:
    """``ImportCryptoKeyVersion``.

    Attributes:
        parent: the key to import into.
        algorithm: the API's enum name; of the key's purpose, but not necessarily its default.
        import_job: the job whose public key wrapped the material; of the same key ring.
        wrapped_key: the material as the job's import method wraps it. What is wrapped is raw bytes
            for symmetric and MAC keys, PKCS#8 DER for asymmetric ones.
        crypto_key_version: the version to import into again, or None for a new one.
    """

    __slots__ = ("algorithm", "crypto_key_version", "import_job", "parent", "wrapped_key")

    def __init__(
        self,
        parent: CryptoKeyName,
        *,
        algorithm: str,
        import_job: ImportJobName,
        wrapped_key: bytes,
        crypto_key_version: CryptoKeyVersionName | None = None,
    ) -> None:
        self.parent = parent
        self.algorithm = algorithm
        self.import_job = import_job
        self.wrapped_key = wrapped_key
        self.crypto_key_version = crypto_key_version
