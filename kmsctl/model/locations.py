"""The locations of Cloud KMS.

From https://cloud.google.com/kms/docs/locations. The Americas are as that page has them now; most of
the rest is from earlier editions, and the newest regions are from Google's list of regions, so their
`hsm` and `ekm` are not certain. Where in doubt a location is in the table: one that is missing would
refuse keys, one too many does no harm.
"""

from __future__ import annotations


class Location:
    """A place that keys live in.

    Attributes:
        id: its id in resource names, such as ``us-east1``.
        kind: ``region``, ``dual-region``, ``multi-region`` or ``global``.
        place: where it is, in words.
        hsm: whether Cloud KMS has multi-tenant HSM keys there.
        ekm: whether Cloud KMS has external keys there.
    """

    __slots__ = ("ekm", "hsm", "id", "kind", "place")

    def __init__(self, location_id: str, kind: str, place: str, hsm: bool, ekm: bool) -> None:
        self.id = location_id
        self.kind = kind
        self.place = place
        self.hsm = hsm
        self.ekm = ekm


def find(location_id: str) -> Location | None:
    """Returns the location with this id, or None where there is none."""
    return _BY_ID.get(location_id)


_REGION = "region"
_MULTI = "multi-region"
_GLOBAL = "global"
# The page now knows regions and multi-regions only. Its earlier editions had a table of dual-regional
# locations too, with just asia1, eur4 and nam4: the names that Cloud Storage gives to its dual-regions,
# so that a key for such a bucket is looked for under the bucket's kind. The other nam* and eur* were not
# in it. The last place of the three holds a further copy.
_DUAL = "dual-region"

#: In the order of ids. Not known for certain: all of asia-southeast3, au, de, in and it (taken to have
#: HSM keys, as everywhere, and no external ones), and `ekm` of africa-south1, europe-north2 and
#: nam-eur-asia1.
LOCATIONS = (
    Location("africa-south1", _REGION, "Johannesburg", True, False),
    Location("asia", _MULTI, "Multiple regions in Asia", True, True),
    Location("asia-east1", _REGION, "Taiwan", True, True),
    Location("asia-east2", _REGION, "Hong Kong", True, True),
    Location("asia-northeast1", _REGION, "Tokyo", True, True),
    Location("asia-northeast2", _REGION, "Osaka", True, True),
    Location("asia-northeast3", _REGION, "Seoul", True, True),
    Location("asia-south1", _REGION, "Mumbai", True, True),
    Location("asia-south2", _REGION, "Delhi", True, True),
    Location("asia-southeast1", _REGION, "Singapore", True, True),
    Location("asia-southeast2", _REGION, "Jakarta", True, True),
    Location("asia-southeast3", _REGION, "Bangkok", True, False),
    Location("asia1", _DUAL, "Tokyo, Osaka, and Seoul", True, True),
    Location("au", _MULTI, "Multiple regions in Australia", True, False),
    Location("australia-southeast1", _REGION, "Sydney", True, True),
    Location("australia-southeast2", _REGION, "Melbourne", True, True),
    Location("ca", _MULTI, "Multiple regions in Canada", True, True),
    Location("de", _MULTI, "Multiple regions in Germany", True, False),
    Location("eur3", _MULTI, "Belgium and Netherlands", True, True),
    Location("eur4", _DUAL, "Finland, Netherlands, and Belgium", True, True),
    Location("eur5", _MULTI, "London, Belgium, and Netherlands", True, True),
    Location("eur6", _MULTI, "Netherlands, Frankfurt, and Zürich", True, True),
    Location("europe", _MULTI, "Multiple regions in the European Union", True, True),
    Location("europe-central2", _REGION, "Warsaw", True, True),
    Location("europe-north1", _REGION, "Finland", True, True),
    Location("europe-north2", _REGION, "Stockholm", True, False),
    Location("europe-southwest1", _REGION, "Madrid", True, True),
    Location("europe-west1", _REGION, "Belgium", True, True),
    Location("europe-west10", _REGION, "Berlin", True, True),
    Location("europe-west12", _REGION, "Turin", True, True),
    Location("europe-west2", _REGION, "London", True, True),
    Location("europe-west3", _REGION, "Frankfurt", True, True),
    Location("europe-west4", _REGION, "Netherlands", True, True),
    Location("europe-west6", _REGION, "Zürich", True, True),
    Location("europe-west8", _REGION, "Milan", True, True),
    Location("europe-west9", _REGION, "Paris", True, True),
    Location("global", _GLOBAL, "Worldwide", True, False),
    Location("in", _MULTI, "Multiple regions in India", True, False),
    Location("it", _MULTI, "Multiple regions in Italy", True, False),
    Location("me-central1", _REGION, "Doha", True, True),
    Location("me-central2", _REGION, "Dammam", True, True),
    Location("me-west1", _REGION, "Tel Aviv", True, True),
    Location("nam-eur-asia1", _MULTI, "Iowa, Oklahoma, Belgium, and Taiwan", True, True),
    Location("nam10", _MULTI, "Iowa, Salt Lake City, and Oklahoma", True, True),
    Location("nam11", _MULTI, "Iowa, South Carolina, and Oklahoma", True, True),
    Location("nam12", _MULTI, "Iowa, Northern Virginia, Oklahoma, and Oregon", True, True),
    Location("nam3", _MULTI, "Northern Virginia and South Carolina", True, True),
    Location("nam4", _DUAL, "Iowa, South Carolina, and Oklahoma", True, True),
    Location("nam6", _MULTI, "Iowa and South Carolina", True, True),
    Location("nam7", _MULTI, "Iowa, Northern Virginia, and Oklahoma", True, True),
    Location("nam8", _MULTI, "Los Angeles, Oregon, and Salt Lake City", True, True),
    Location("nam9", _MULTI, "Northern Virginia and Iowa", True, True),
    Location("northamerica-northeast1", _REGION, "Montréal", True, True),
    Location("northamerica-northeast2", _REGION, "Toronto", True, True),
    Location("northamerica-south1", _REGION, "Mexico", True, False),
    Location("southamerica-east1", _REGION, "São Paulo", True, True),
    Location("southamerica-west1", _REGION, "Santiago", True, True),
    Location("us", _MULTI, "Multiple regions in the United States", True, True),
    Location("us-central1", _REGION, "Iowa", True, True),
    Location("us-east1", _REGION, "South Carolina", True, True),
    Location("us-east4", _REGION, "Northern Virginia", True, True),
    Location("us-east5", _REGION, "Columbus", True, True),
    Location("us-south1", _REGION, "Dallas", True, True),
    Location("us-west1", _REGION, "Oregon", True, True),
    Location("us-west2", _REGION, "Los Angeles", True, True),
    Location("us-west3", _REGION, "Salt Lake City", True, True),
    Location("us-west4", _REGION, "Las Vegas", True, True),
)

_BY_ID = {location.id: location for location in LOCATIONS}
