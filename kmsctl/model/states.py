"""The states of a CryptoKeyVersion and every transition a caller may ask for; those of an ImportJob.

The names are those of the API's ``CryptoKeyVersion.CryptoKeyVersionState`` and ``ImportJob.ImportJobState``.
"""

from __future__ import annotations

PENDING_GENERATION = "PENDING_GENERATION"
ENABLED = "ENABLED"
DISABLED = "DISABLED"
DESTROYED = "DESTROYED"
DESTROY_SCHEDULED = "DESTROY_SCHEDULED"
PENDING_IMPORT = "PENDING_IMPORT"
IMPORT_FAILED = "IMPORT_FAILED"
GENERATION_FAILED = "GENERATION_FAILED"

#: Numbers are what is stored; a name may be respelled, a number never changes its meaning.
STATE_NUMBERS = {
    ENABLED: 1,
    DISABLED: 2,
    DESTROYED: 3,
    DESTROY_SCHEDULED: 4,
    PENDING_GENERATION: 5,
    PENDING_IMPORT: 6,
    IMPORT_FAILED: 7,
    GENERATION_FAILED: 8,
}
STATE_NAMES = {number: name for name, number in STATE_NUMBERS.items()}

#: verb → the states it may be asked in.
ALLOWED = {
    "use": frozenset({ENABLED}),
    "enable": frozenset({ENABLED, DISABLED}),
    "disable": frozenset({ENABLED, DISABLED}),
    "destroy": frozenset({ENABLED, DISABLED}),
    "restore": frozenset({DESTROY_SCHEDULED}),
    "import": frozenset({DESTROYED, IMPORT_FAILED}),
}

#: States in which the store holds key material of the version.
HOLDS_MATERIAL = frozenset({ENABLED, DISABLED, DESTROY_SCHEDULED})

ACTIVE = "ACTIVE"
EXPIRED = "EXPIRED"

#: An import job waits for its key pair, may be imported with, or is over for good.
IMPORT_JOB_STATE_NUMBERS = {PENDING_GENERATION: 1, ACTIVE: 2, EXPIRED: 3}
IMPORT_JOB_STATE_NAMES = {number: name for name, number in IMPORT_JOB_STATE_NUMBERS.items()}
