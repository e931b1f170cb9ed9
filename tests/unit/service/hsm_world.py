"""A service whose HSM keys are in a SoftHSM token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kmsctl.model import pkcs11_uri
from kmsctl.model.names import CryptoKeyName
from kmsctl.service.kms import Kms
from kmsctl.service.tokens import HsmOptions
from kmsctl.store.probes import no_probe
from kmsctl.store.tables import TOKEN_OBJECTS
from tests import tokens
from tests.unit.service.world import KEY, RING, World

if TYPE_CHECKING:
    from pathlib import Path

    from kmsctl.store.probes import Probe

HSM: dict[str, Any] = {"protection_level": "HSM"}
#: What SoftHSM 2.6 can do.
ALGORITHMS = {
    "GOOGLE_SYMMETRIC_ENCRYPTION": "ENCRYPT_DECRYPT",
    "AES_256_GCM": "RAW_ENCRYPT_DECRYPT",
    "AES_128_CBC": "RAW_ENCRYPT_DECRYPT",
    "AES_256_CTR": "RAW_ENCRYPT_DECRYPT",
    "EC_SIGN_P256_SHA256": "ASYMMETRIC_SIGN",
    "EC_SIGN_P384_SHA384": "ASYMMETRIC_SIGN",
    "EC_SIGN_SECP256K1_SHA256": "ASYMMETRIC_SIGN",
    "EC_SIGN_ED25519": "ASYMMETRIC_SIGN",
    "RSA_SIGN_PSS_2048_SHA256": "ASYMMETRIC_SIGN",
    "RSA_SIGN_PKCS1_2048_SHA256": "ASYMMETRIC_SIGN",
    "RSA_DECRYPT_OAEP_2048_SHA1": "ASYMMETRIC_DECRYPT",
    "HMAC_SHA256": "MAC",
    "HMAC_SHA512": "MAC",
}


class HsmWorld(World):
    """A store whose HSM keys are in a token; `uri` names it, and may be changed.

    Attributes:
        uri: of the token that is configured; None for none.
        asked: how often the PIN was asked for.
        warnings: what people were told.
    """

    def __init__(self, path: Path, token: tokens.Token, *, probe: Probe = no_probe) -> None:
        self.token = token
        self.uri: str | None = token.uri
        self.pin = tokens.PIN
        self.asked = 0
        self.warnings: list[str] = []
        super().__init__(path, probe=probe)

    def another(self) -> Kms:
        return Kms(
            str(self.path / "data"),
            str(self.path / "config" / "keys"),
            clock=self.clock,
            random=self.random,
            hsm=HsmOptions(self._uri, self._pin),
            warn=self.warnings.append,
            probe=self._probe,
        )

    def _probe(self, step: str) -> None:
        self.probe(step)

    def _uri(self, project: str, location: str) -> pkcs11_uri.Pkcs11Uri | None:
        del project, location
        return None if self.uri is None else pkcs11_uri.parse(self.uri)

    def _pin(self, uri: pkcs11_uri.Pkcs11Uri) -> str:
        assert str(uri)
        self.asked += 1
        return self.pin

    def make(self, algorithm: str, key: CryptoKeyName = KEY, **more: Any) -> CryptoKeyName:
        return self.make_key(key, kind=(ALGORITHMS[algorithm], algorithm), **HSM, **more)

    def objects(self) -> dict[str, tuple[bytes, int]]:
        """Returns what is recorded of objects in tokens: resource → CKA_ID, state."""
        with self.database().read() as snapshot:
            rows = snapshot.scan(TOKEN_OBJECTS, "1 ORDER BY id", ())
        return {row.text("resource"): (row.blob("cka_id"), row.integer("state")) for row in rows}

    def cka_id(self, number: int = 1, key: CryptoKeyName = KEY) -> bytes:
        return self.objects()[str(key.version(number))][0]

    def holds(self, cka_id: bytes) -> bool:
        """Tells whether the token has an object."""
        return self.kms.tokens.of(RING).find(cka_id) is not None
