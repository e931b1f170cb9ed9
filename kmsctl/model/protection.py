"""Protection levels: the API's ``ProtectionLevel`` names and the numbers that are stored."""

from __future__ import annotations

SOFTWARE = "SOFTWARE"
HSM = "HSM"

PROTECTION_LEVEL_NUMBERS = {SOFTWARE: 1, HSM: 2, "EXTERNAL": 3, "EXTERNAL_VPC": 4}
PROTECTION_LEVELS = {number: name for name, number in PROTECTION_LEVEL_NUMBERS.items()}
