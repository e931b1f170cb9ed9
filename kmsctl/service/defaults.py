"""Limits and defaults of the service. Times are microseconds."""

from __future__ import annotations

DAY = 86_400_000_000

#: The destroy window of a key that names none. Cloud KMS has 30 days; a store of one's own has
#: no support desk to wait for, and `kms/destroy_scheduled_duration` changes it.
DESTROY_SCHEDULED_DURATION = DAY
MIN_DESTROY_SCHEDULED_DURATION = DAY
MAX_DESTROY_SCHEDULED_DURATION = 120 * DAY
MIN_ROTATION_PERIOD = DAY
MAX_ROTATION_PERIOD = 36_500 * DAY

#: An import job expires this long after it was created, as Cloud KMS's do.
IMPORT_JOB_LIFETIME = 3 * DAY

#: Rows that a list reads in one snapshot.
PAGE_SIZE = 1000
#: Rows of which a list that sifts looks at the few fields it sifts by, in one snapshot.
SIFT_SIZE = 10_000
#: Rows of a block that a process of its own works on: so many that the process is worth it.
BLOCK_SIZE = 5000
