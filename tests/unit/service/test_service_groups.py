"""Groups that are taken over from a list: all of them, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import AlreadyExists, InvalidArgument
from kmsctl.model.iam_resources import Group, group_json, parse_groups
from kmsctl.model.names import ProjectName
from tests.unit.service.world import OWNER, PROJECT

if TYPE_CHECKING:
    from tests.unit.service.world import World

ME = ProjectName(PROJECT)
ANN = "user:ann@example.com"


def group(email: str, *members: str, name: str = "") -> Group:
    return Group(email, PROJECT, members, display_name=name)


def listed(world: World) -> dict[str, tuple[str, list[str]]]:
    found = world.kms.list_groups(OWNER, ME)
    return {each.email: (each.display_name, list(each.members)) for each in found}


def test_they_are_made_and_changed_and_others_stay(keyed: World) -> None:
    kms = keyed.kms
    kms.import_groups(OWNER, ME, [group("a@x.y", ANN, name="A"), group("b@x.y")])
    kms.import_groups(OWNER, ME, [group("A@x.y", "group:b@x.y", ANN, ANN)])
    assert listed(keyed) == {"a@x.y": ("", ["group:b@x.y", ANN]), "b@x.y": ("", [])}


@pytest.mark.parametrize(
    "wrong",
    [
        [group("new@x.y"), group("a@x.y", "allUsers")],
        [group("new@x.y"), group("a@x.y", "domain:x.y")],
        [group("new@x.y"), group("NEW@x.y")],
        [group("new@x.y"), group("no address")],
        [group("new@x.y"), group("a@x.y", f"serviceAccount:none@{PROJECT}.iam.gserviceaccount.com")],
        [group("new@x.y", *(f"user:u{number}@x.y" for number in range(1501)))],
    ],
)
def test_one_that_is_wrong_changes_nothing(keyed: World, wrong: list[Group]) -> None:
    keyed.kms.import_groups(OWNER, ME, [group("a@x.y", ANN)])
    with pytest.raises(InvalidArgument):
        keyed.kms.import_groups(OWNER, ME, wrong)
    assert listed(keyed) == {"a@x.y": ("", [ANN])}


def test_another_projects_group_is_left_alone(keyed: World) -> None:
    keyed.kms.import_groups(OWNER, ProjectName("other"), [Group("a@x.y", "other", [ANN])])
    with pytest.raises(AlreadyExists, match="already exists"):
        keyed.kms.import_groups(OWNER, ME, [group("b@x.y"), group("a@x.y")])
    assert listed(keyed) == {}


def test_groups_may_hold_each_other_and_come_back(keyed: World) -> None:
    keyed.kms.import_groups(OWNER, ME, [group("a@x.y", "group:b@x.y"), group("b@x.y", "group:a@x.y")])
    keyed.kms.delete_group(OWNER, ME, "b@x.y")
    keyed.kms.import_groups(OWNER, ME, [group("a@x.y", "group:b@x.y", ANN)])  # gone, and may stay
    with pytest.raises(InvalidArgument, match="does not exist"):
        keyed.kms.import_groups(OWNER, ME, [group("c@x.y", "group:b@x.y")])
    keyed.kms.import_groups(OWNER, ME, [group("b@x.y")])
    assert listed(keyed) == {"a@x.y": ("", ["group:b@x.y", ANN]), "b@x.y": ("", [])}


def test_what_is_listed_can_be_imported(keyed: World) -> None:
    keyed.kms.import_groups(OWNER, ME, [group("a@x.y", ANN, name="A"), group("b@x.y")])
    shown = [group_json(each) for each in keyed.kms.list_groups(OWNER, ME)]
    before = listed(keyed)
    keyed.kms.import_groups(OWNER, ME, parse_groups(shown, PROJECT))
    assert listed(keyed) == before


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (1, r"groups\[0\]: a group is a mapping"),
        ([{"email": "a@x.y"}, {"members": []}], r"groups\[1\]: a group is a mapping"),
        ({"email": "a@x.y", "member": []}, r"groups\[0\]: there is no field 'member'"),
        ({"email": "a@x.y", "members": ANN}, r"groups\[0\]\.members: the members"),
        ({"email": "a@x.y", "members": [1]}, r"groups\[0\]\.members: the members"),
        ({"email": "a@x.y", "displayName": 1}, r"groups\[0\]: displayName and description are texts"),
        ({"email": "a@x.y", "projectId": "other"}, r"groups\[0\]\.projectId: the group is another"),
    ],
)
def test_what_is_no_list_of_groups_is_refused(given: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        parse_groups(given, PROJECT)
