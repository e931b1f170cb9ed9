"""The resources of the API as plain values.

Times are integers: microseconds since 1970-01-01T00:00:00Z. Durations are integers:
microseconds. `kmsctl.model.rest` turns resources into the API's JSON.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kmsctl.model.names import CryptoKeyName, CryptoKeyVersionName, ImportJobName, KeyRingName


class KeyRing:
    """A key ring. `tags` are for conditions of policies: ``PROJECT/NAME`` → value."""

    __slots__ = ("create_time", "name", "tags")

    def __init__(self, name: KeyRingName, create_time: int, tags: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.create_time = create_time
        self.tags = tags or {}


class Attestation:
    """A statement about a key in a token (docs/format.md, "Attestations"): its `format`, its bytes."""

    __slots__ = ("content", "format")

    def __init__(self, form: str, content: bytes) -> None:
        self.format = form
        self.content = content


class CryptoKeyVersion:
    """A version; `state` is the effective one at the time it was read.

    Attributes:
        name: its resource name.
        algorithm: the API's enum name, such as ``GOOGLE_SYMMETRIC_ENCRYPTION``.
        protection_level: ``SOFTWARE`` or ``HSM``.
        state: one of `kmsctl.model.states`.
        create_time, generate_time: when it was made, when its material was.
        generation_failure_reason: why it has none (GENERATION_FAILED), if that is known.
        attestation: what its token says of its key (HSM); lists of keys leave it out.
        destroy_time: when it will be destroyed (DESTROY_SCHEDULED), or was to be.
        destroy_event_time: when it was destroyed.
        import_job: the job of its last import, if it was made by import.
        import_time: when its material was last imported.
        import_failure_reason: why its last import failed (IMPORT_FAILED).
        reimport_eligible: whether it may be imported into again.
    """

    __slots__ = (
        "algorithm",
        "attestation",
        "create_time",
        "destroy_event_time",
        "destroy_time",
        "generate_time",
        "generation_failure_reason",
        "import_failure_reason",
        "import_job",
        "import_time",
        "name",
        "protection_level",
        "reimport_eligible",
        "state",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - the fields of the API's message
        self,
        name: CryptoKeyVersionName,
        algorithm: str,
        protection_level: str,
        state: str,
        create_time: int,
        generate_time: int | None = None,
        generation_failure_reason: str | None = None,
        destroy_time: int | None = None,
        destroy_event_time: int | None = None,
        import_job: ImportJobName | None = None,
        import_time: int | None = None,
        import_failure_reason: str | None = None,
        *,
        attestation: Attestation | None = None,
        reimport_eligible: bool = False,
    ) -> None:
        self.name = name
        self.algorithm = algorithm
        self.protection_level = protection_level
        self.state = state
        self.create_time = create_time
        self.generate_time = generate_time
        self.generation_failure_reason = generation_failure_reason
        self.attestation = attestation
        self.destroy_time = destroy_time
        self.destroy_event_time = destroy_event_time
        self.import_job = import_job
        self.import_time = import_time
        self.import_failure_reason = import_failure_reason
        self.reimport_eligible = reimport_eligible


class ImportJob:
    """An import job; `state` is the effective one at the time it was read.

    Attributes:
        name: its resource name.
        import_method: the API's enum name, such as ``RSA_OAEP_3072_SHA256_AES_256``.
        protection_level: ``SOFTWARE`` or ``HSM``; that of the keys it imports into.
        state: PENDING_GENERATION, ACTIVE or EXPIRED.
        create_time, generate_time: when it was made, when its key pair was.
        expire_time: when it will expire, or did.
        expire_event_time: when it expired (EXPIRED).
        public_key: the key to wrap with, a SubjectPublicKeyInfo in PEM (ACTIVE).
        attestation: what its token says of its key pair (HSM); lists leave it out.
    """

    __slots__ = (
        "attestation",
        "create_time",
        "expire_event_time",
        "expire_time",
        "generate_time",
        "import_method",
        "name",
        "protection_level",
        "public_key",
        "state",
    )

    def __init__(  # noqa: PLR0913 - the fields of the API's message, given by name
        self,
        name: ImportJobName,
        *,
        import_method: str,
        protection_level: str,
        state: str,
        create_time: int,
        expire_time: int,
        generate_time: int | None = None,
        expire_event_time: int | None = None,
        public_key: str | None = None,
        attestation: Attestation | None = None,
    ) -> None:
        self.name = name
        self.import_method = import_method
        self.protection_level = protection_level
        self.state = state
        self.create_time = create_time
        self.expire_time = expire_time
        self.generate_time = generate_time
        self.expire_event_time = expire_event_time
        self.public_key = public_key
        self.attestation = attestation


class CryptoKey:
    """A key. `primary` is its primary version, for symmetric keys that have one.

    `allowed_access_reasons` of None means that there is no policy: every reason will do. An empty one
    allows none.
    """

    __slots__ = (
        "algorithm",
        "allowed_access_reasons",
        "create_time",
        "destroy_scheduled_duration",
        "import_only",
        "labels",
        "name",
        "next_rotation_time",
        "not_exportable",
        "primary",
        "protection_level",
        "purpose",
        "rotation_period",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - the fields of the API's message
        self,
        name: CryptoKeyName,
        purpose: str,
        algorithm: str,
        protection_level: str,
        create_time: int,
        destroy_scheduled_duration: int,
        labels: Mapping[str, str],
        primary: CryptoKeyVersion | None = None,
        rotation_period: int | None = None,
        next_rotation_time: int | None = None,
        allowed_access_reasons: tuple[str, ...] | None = None,
        *,
        import_only: bool = False,
        not_exportable: bool = False,
    ) -> None:
        self.name = name
        self.purpose = purpose
        self.algorithm = algorithm
        self.protection_level = protection_level
        self.create_time = create_time
        self.destroy_scheduled_duration = destroy_scheduled_duration
        self.labels = labels
        self.primary = primary
        self.rotation_period = rotation_period
        self.next_rotation_time = next_rotation_time
        self.import_only = import_only
        self.allowed_access_reasons = allowed_access_reasons
        self.not_exportable = not_exportable


class CryptoKeyOutline:
    """What tells from afar whether a key is wanted in a list. Nothing else may be decided by it.

    Attributes:
        crypto_key: the last part of its name.
        purpose: as the key's.
        labels: as the key's.
        primary_state: the effective state of the primary version; None if there is none.
    """

    __slots__ = ("crypto_key", "labels", "primary_state", "purpose")

    def __init__(
        self, crypto_key: str, purpose: str, labels: Mapping[str, str], primary_state: str | None
    ) -> None:
        self.crypto_key = crypto_key
        self.purpose = purpose
        self.labels = labels
        self.primary_state = primary_state


class CryptoKeySpec:
    """What a caller asks for when creating a key (the mutable and immutable input fields).

    `destroy_scheduled_duration` of None means the service's default, `allowed_access_reasons` of None
    that any reason will do.
    """

    __slots__ = (
        "algorithm",
        "allowed_access_reasons",
        "destroy_scheduled_duration",
        "import_only",
        "labels",
        "next_rotation_time",
        "not_exportable",
        "protection_level",
        "purpose",
        "rotation_period",
    )

    def __init__(  # noqa: PLR0913 - the fields of the API's message, given by name
        self,
        *,
        purpose: str,
        algorithm: str,
        protection_level: str = "SOFTWARE",
        labels: Mapping[str, str] | None = None,
        rotation_period: int | None = None,
        next_rotation_time: int | None = None,
        destroy_scheduled_duration: int | None = None,
        import_only: bool = False,
        allowed_access_reasons: Sequence[str] | None = None,
        not_exportable: bool = False,
    ) -> None:
        self.purpose = purpose
        self.algorithm = algorithm
        self.protection_level = protection_level
        self.labels = dict(labels or {})
        self.rotation_period = rotation_period
        self.next_rotation_time = next_rotation_time
        self.destroy_scheduled_duration = destroy_scheduled_duration
        self.import_only = import_only
        self.allowed_access_reasons = allowed_access_reasons
        self.not_exportable = not_exportable
