"""Findings about keys and their users, and the separation of duties when policies change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import InvalidArgument, NotFound, PermissionDenied
from kmsctl.model.findings import DETECTORS, finding_json
from kmsctl.model.names import CryptoKeyName, KeyRingName, LocationName, ProjectName
from kmsctl.model.policies import Condition, with_binding, without_binding
from kmsctl.service.context import Context
from tests.unit.service.world import DAY, KEY, OWNER, P256, PLACE, PROJECT, RING, spec

if TYPE_CHECKING:
    from tests.unit.service.world import World

ME = ProjectName(PROJECT)
ADMIN = "roles/cloudkms.admin"
DECRYPTER = "roles/cloudkms.cryptoKeyDecrypter"
VIEWER = "roles/cloudkms.viewer"
ANN, BOB, TEAM = "user:ann@example.com", "user:bob@example.com", "group:team@example.com"
OTHER = CryptoKeyName(KeyRingName(LocationName(PROJECT, "europe-west1"), "ring"), "key")
NOT_ROTATED, SEPARATION, PUBLIC = "KMS_KEY_NOT_ROTATED", "KMS_ROLE_SEPARATION", "KMS_PUBLIC_KEY"
TOO_MANY, HAS_OWNER = "TOO_MANY_KMS_USERS", "KMS_PROJECT_HAS_OWNER"
DOOMED = "KMS_KEY_VERSION_DESTRUCTION_SCHEDULED"


def found(world: World, *categories: str, **where: Any) -> list[tuple[str, str]]:
    """Returns (category, resource) of what is found, of some categories if any are given."""
    listed = world.kms.list_findings(OWNER, ME, **where)
    pairs = [(each.detector.category, each.resource) for each in listed]
    return [pair for pair in pairs if not categories or pair[0] in categories]


def grant(
    world: World, name: Any, role: str, member: str, condition: Condition | None = None
) -> tuple[tuple[str, str], ...]:
    """Grants a role and returns the conflicts that are told of."""
    policy = world.kms.get_iam_policy(OWNER, name)
    wanted = with_binding(policy, role, member, condition)
    return world.kms.set_iam_policy(OWNER, name, wanted, ["bindings"]).conflicts


def test_a_new_key_without_a_schedule_and_its_owner_are_found(keyed: World) -> None:
    assert found(keyed) == [(HAS_OWNER, f"projects/{PROJECT}"), (NOT_ROTATED, str(KEY))]


def test_a_project_without_keys_has_nothing_to_find(world: World) -> None:
    world.kms.create_key_ring(OWNER, RING)
    assert found(world) == []


@pytest.mark.parametrize(
    ("period", "following", "is_found"),
    [
        (90 * DAY, 90 * DAY, False),
        (91 * DAY, DAY, True),
        (30 * DAY, 91 * DAY, True),
        (None, 30 * DAY, False),
        (DAY, DAY, False),
    ],
)
def test_keys_have_to_rotate_within_90_days(
    world: World, period: int | None, following: int, is_found: bool
) -> None:
    world.make_key(rotation_period=period, next_rotation_time=world.clock.now + following)
    assert bool(found(world, NOT_ROTATED)) == is_found


def test_keys_that_cannot_rotate_or_are_not_in_use_need_not(keyed: World) -> None:
    keyed.kms.create_crypto_key(OWNER, CryptoKeyName(RING, "sign"), spec(P256))
    keyed.kms.create_crypto_key(
        OWNER, CryptoKeyName(RING, "own"), spec(import_only=True), skip_initial_version_creation=True
    )
    assert found(keyed, NOT_ROTATED) == [(NOT_ROTATED, str(KEY))]
    keyed.kms.update_crypto_key_version(OWNER, KEY.version(1), "DISABLED")
    assert found(keyed, NOT_ROTATED) == []


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
@pytest.mark.parametrize("name", [ME, RING, KEY], ids=["project", "ring", "key"])
def test_what_everybody_may_do_is_found_where_it_is_granted(keyed: World, name: Any, member: str) -> None:
    grant(keyed, name, DECRYPTER, member)
    assert found(keyed, PUBLIC) == [(PUBLIC, name.text)]


def test_more_than_three_users_are_too_many(keyed: World) -> None:
    for name, role in ((ME, DECRYPTER), (RING, "roles/cloudkms.signer")):
        grant(keyed, name, role, f"user:{role[-5:].lower()}@example.com")
    assert found(keyed, TOO_MANY) == []  # two, and the owner
    grant(keyed, KEY, VIEWER, "user:viewer@example.com")
    assert found(keyed, TOO_MANY) == []
    grant(keyed, KEY, DECRYPTER, ANN)
    assert found(keyed, TOO_MANY) == [(TOO_MANY, str(KEY))]


def test_users_are_counted_in_groups_of_groups(keyed: World) -> None:
    keyed.kms.create_group(OWNER, ME, "team@example.com")
    keyed.kms.create_group(OWNER, ME, "inner@example.com")
    keyed.kms.change_group_members(OWNER, ME, "team@example.com", add=["group:inner@example.com", ANN])
    grant(keyed, RING, DECRYPTER, TEAM)
    assert found(keyed, TOO_MANY) == []
    keyed.kms.change_group_members(
        OWNER, ME, "inner@example.com", add=["group:team@example.com", BOB, "user:eve@example.com"]
    )
    (one,) = [each for each in keyed.kms.list_findings(OWNER, ME) if each.detector.category == TOO_MANY]
    assert one.principals == (ANN, BOB, "user:eve@example.com", "user:owner@example.com")


@pytest.mark.parametrize("higher", [ME, RING, KEY], ids=["project", "ring", "key"])
@pytest.mark.parametrize("lower", [ME, RING, KEY], ids=["project", "ring", "key"])
def test_managing_and_using_conflict_wherever_each_is_granted(keyed: World, higher: Any, lower: Any) -> None:
    order = [ME, RING, KEY]
    lowest = order[max(order.index(higher), order.index(lower))]
    assert grant(keyed, higher, ADMIN, ANN) == ()
    assert found(keyed, SEPARATION) == []
    assert grant(keyed, lower, DECRYPTER, BOB) == ()
    assert grant(keyed, lower, DECRYPTER, ANN) == ((ANN, lowest.text),)
    assert found(keyed, SEPARATION) == [(SEPARATION, lowest.text)]
    assert grant(keyed, lower, VIEWER, "user:eve@example.com") == ()  # it was told once


def test_conflicts_arise_below_in_every_location(keyed: World) -> None:
    keyed.make_key(OTHER)
    for name in (KEY, OTHER):
        assert grant(keyed, name, DECRYPTER, ANN) == ()
    assert grant(keyed, ME, ADMIN, ANN) == ((ANN, str(OTHER)), (ANN, str(KEY)))
    assert found(keyed, SEPARATION) == [(SEPARATION, str(OTHER)), (SEPARATION, str(KEY))]
    policy = keyed.kms.get_iam_policy(OWNER, ME)
    left = without_binding(policy, ADMIN, ANN, None)
    assert left is not None
    assert keyed.kms.set_iam_policy(OWNER, ME, left, ["bindings"]).conflicts == ()
    assert found(keyed, SEPARATION) == []


def test_conflicts_arise_through_groups_and_custom_roles(keyed: World) -> None:
    from kmsctl.model.iam_resources import IamRole

    keyed.kms.create_group(OWNER, ME, "team@example.com")
    keyed.kms.change_group_members(OWNER, ME, "team@example.com", add=[ANN])
    permissions = ["cloudkms.cryptoKeyVersions.useToSign"]
    keyed.kms.create_custom_role(OWNER, ME, "signs", IamRole("", "", "", "", permissions))
    grant(keyed, RING, f"projects/{PROJECT}/roles/signs", TEAM)
    assert grant(keyed, KEY, ADMIN, ANN, Condition("request.time.getHours() > 8", "day")) == (
        (ANN, str(KEY)),
    )
    assert grant(keyed, KEY, ADMIN, TEAM) == ((TEAM, str(KEY)),)


def test_owners_are_found_as_owners_alone(keyed: World) -> None:
    assert grant(keyed, KEY, DECRYPTER, "user:owner@example.com") == ()
    assert found(keyed, SEPARATION) == []


def test_whoever_cannot_see_the_policies_above_learns_nothing_of_them(keyed: World) -> None:
    grant(keyed, RING, ADMIN, ANN)
    grant(keyed, KEY, "roles/iam.securityAdmin", BOB)
    bob = Context("bob@example.com")
    policy = with_binding(keyed.kms.get_iam_policy(bob, KEY), DECRYPTER, ANN, None)
    assert keyed.kms.set_iam_policy(bob, KEY, policy, ["bindings"]).conflicts == ()
    assert found(keyed, SEPARATION) == [(SEPARATION, str(KEY))]


def test_who_is_in_a_group_is_for_those_who_may_know(keyed: World) -> None:
    keyed.kms.create_group(OWNER, ME, "team@example.com")
    people = [f"user:u{number}@example.com" for number in range(4)]
    keyed.kms.change_group_members(OWNER, ME, "team@example.com", add=people)
    grant(keyed, RING, DECRYPTER, TEAM)
    grant(keyed, ME, "roles/securitycenter.findingsViewer", BOB)
    assert found(keyed, TOO_MANY) == [(TOO_MANY, str(KEY))]
    seen = list(keyed.kms.list_findings(Context("bob@example.com"), ME))
    assert not [each for each in seen if each.detector.category == TOO_MANY]
    assert not [each for each in seen for member in each.principals if member in people]


def test_scheduled_destruction_is_found_until_it_is_done(keyed: World) -> None:
    keyed.kms.destroy_crypto_key_version(OWNER, KEY.version(1))
    assert found(keyed, DOOMED) == [(DOOMED, f"{KEY}/cryptoKeyVersions/1")]
    keyed.clock.now += 2 * DAY
    assert found(keyed, DOOMED) == []


def test_places_narrow_what_is_looked_at(keyed: World) -> None:
    keyed.make_key(OTHER)
    keyed.make_key(CryptoKeyName(KeyRingName(RING.parent, "second"), "key"))
    assert len(found(keyed)) == 4
    assert found(keyed, location="europe-west1") == [(NOT_ROTATED, str(OTHER))]
    assert found(keyed, location=PLACE, key_ring="ring") == [(NOT_ROTATED, str(KEY))]
    assert found(keyed, location="asia-east1") == []
    for where in ({"location": PLACE, "key_ring": "none"}, {"location": "asia-east1", "key_ring": "ring"}):
        with pytest.raises(NotFound):
            found(keyed, **where)
    for wrong in ({"location": "nowhere"}, {"key_ring": "ring"}):
        with pytest.raises(InvalidArgument, match="location"):
            found(keyed, **wrong)


def test_another_projects_keys_are_not_looked_at(keyed: World) -> None:
    keyed.make_key(CryptoKeyName(KeyRingName(LocationName("rival", PLACE), "ring"), "key"))
    assert [name for _, name in found(keyed)] == [f"projects/{PROJECT}", str(KEY)]


def test_they_are_for_those_who_may_see_them(keyed: World) -> None:
    ann = Context("ann@example.com")
    with pytest.raises(PermissionDenied, match=r"'securitycenter\.findings\.list' denied"):
        list(keyed.kms.list_findings(ann, ME))
    grant(keyed, ME, "roles/securitycenter.findingsViewer", ANN)
    assert len(list(keyed.kms.list_findings(ann, ME))) == 2


def test_long_rings_are_read_in_pages(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kmsctl.service.findings.PAGE_SIZE", 2)
    more = [CryptoKeyName(RING, f"more{number}") for number in range(4)]
    for name in more:
        keyed.kms.create_crypto_key(OWNER, name, spec())
    keyed.kms.destroy_crypto_key_version(OWNER, more[3].version(1))
    assert [name for _, name in found(keyed, NOT_ROTATED)] == [str(KEY), *map(str, more[:3])]
    assert found(keyed, DOOMED) == [(DOOMED, str(more[3].version(1)))]


def test_a_finding_is_the_same_as_long_as_the_matter_is(keyed: World) -> None:
    def shown() -> list[dict[str, object]]:
        return [finding_json(each) for each in keyed.kms.list_findings(OWNER, ME)]

    first = shown()
    keyed.clock.now += DAY
    again = shown()
    assert [each["name"] for each in first] == [each["name"] for each in again]
    assert len({each["name"] for each in first}) == 2
    assert again[1] == {
        "name": first[1]["name"],
        "parent": f"projects/{PROJECT}/sources/kmsctl/locations/{PLACE}",
        "category": NOT_ROTATED,
        "resourceName": f"//cloudkms.googleapis.com/{KEY}",
        "state": "ACTIVE",
        "severity": "MEDIUM",
        "findingClass": "MISCONFIGURATION",
        "eventTime": "2030-01-02T00:00:00Z",
        "description": "The key has no rotation schedule.",
        "nextSteps": DETECTORS[0].next_steps,
    }
