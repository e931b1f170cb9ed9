"""What Security Command Center would say of keys, with the JSON of google.cloud.securitycenter.v2."""

from __future__ import annotations

from kmsctl.model.times import rfc3339

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = "kmsctl"


class Detector:
    """One thing that is looked for.

    Attributes:
        category: its name, as Security Command Center has it.
        severity: LOW, MEDIUM or HIGH.
        next_steps: what to do about it.
    """

    __slots__ = ("category", "next_steps", "severity")

    def __init__(self, category: str, severity: str, next_steps: str) -> None:
        self.category = category
        self.severity = severity
        self.next_steps = next_steps


NOT_ROTATED = Detector(
    "KMS_KEY_NOT_ROTATED",
    "MEDIUM",
    "Let the key rotate at least every 90 days: kmsctl keys set-rotation-schedule KEY --rotation-period=90d "
    "--next-rotation-time=TIME.",
)
PUBLIC_KEY = Detector(
    "KMS_PUBLIC_KEY",
    "MEDIUM",
    "Take the roles of allUsers and allAuthenticatedUsers back: kmsctl keys remove-iam-policy-binding, "
    "or keyrings, or projects.",
)
TOO_MANY_USERS = Detector(
    "TOO_MANY_KMS_USERS",
    "MEDIUM",
    "Leave no more than three principals that can use the key: kmsctl iam who-can "
    "cloudkms.cryptoKeyVersions.useToDecrypt KEY shows where each of them got it.",
)
ROLE_SEPARATION = Detector(
    "KMS_ROLE_SEPARATION",
    "MEDIUM",
    "Take one of the roles back from each principal: those who manage keys should not use them.",
)
PROJECT_HAS_OWNER = Detector(
    "KMS_PROJECT_HAS_OWNER",
    "MEDIUM",
    "Give people narrower roles than roles/owner, and leave that to a service account.",
)
DESTRUCTION_SCHEDULED = Detector(
    "KMS_KEY_VERSION_DESTRUCTION_SCHEDULED",
    "MEDIUM",
    "If it is still needed: kmsctl keys versions restore VERSION, before it is destroyed.",
)
DETECTORS = (
    NOT_ROTATED,
    PUBLIC_KEY,
    TOO_MANY_USERS,
    ROLE_SEPARATION,
    PROJECT_HAS_OWNER,
    DESTRUCTION_SCHEDULED,
)


class SecurityFinding:
    """Something that a detector found.

    Attributes:
        detector: which.
        project: where it belongs.
        resource: the full name of the resource, ``projects/...``.
        description: what is the matter with it.
        time: when it was looked at, in microseconds since 1970.
        principals: the members that it is about, as policies name them.
    """

    __slots__ = ("description", "detector", "principals", "project", "resource", "time")

    def __init__(
        self,
        detector: Detector,
        project: str,
        resource: str,
        description: str,
        time: int,
        principals: Sequence[str] = (),
    ) -> None:
        self.detector = detector
        self.project = project
        self.resource = resource
        self.description = description
        self.time = time
        self.principals = tuple(principals)

    @property
    def location(self) -> str:
        parts = self.resource.split("/")
        return parts[3] if len(parts) > 3 else "global"

    @property
    def finding_id(self) -> str:
        """32 hexadecimal digits: the same as long as the matter is."""
        from hashlib import sha256

        return sha256(f"{self.detector.category}\n{self.resource}".encode()).hexdigest()[:32]


def finding_json(finding: SecurityFinding) -> dict[str, object]:
    """Returns a google.cloud.securitycenter.v2.Finding."""
    parts = finding.resource.split("/")
    service = "cloudresourcemanager" if len(parts) == 2 else "cloudkms"
    parent = f"projects/{finding.project}/sources/{SOURCE}/locations/{finding.location}"
    result: dict[str, object] = {
        "name": f"{parent}/findings/{finding.finding_id}",
        "parent": parent,
        "category": finding.detector.category,
        "resourceName": f"//{service}.googleapis.com/{finding.resource}",
        "state": "ACTIVE",
        "severity": finding.detector.severity,
        "findingClass": "MISCONFIGURATION",
        "eventTime": rfc3339(finding.time),
        "description": finding.description,
        "nextSteps": finding.detector.next_steps,
    }
    if finding.principals:
        result["sourceProperties"] = {"principals": list(finding.principals)}
    return result
