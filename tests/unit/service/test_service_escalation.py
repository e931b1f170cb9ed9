"""What somebody with few rights, or with a project of their own, tries in order to get more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import (
    AlreadyExists,
    FailedPrecondition,
    IntegrityError,
    InvalidArgument,
    KmsError,
    NotFound,
    PermissionDenied,
)
from kmsctl.model import service_agents
from kmsctl.model.iam_resources import Group, IamRole
from kmsctl.model.members import SYSTEM
from kmsctl.model.names import ProjectName, ServiceAccountName
from kmsctl.model.policies import AuditConfig, Binding, Condition, Policy, with_binding
from kmsctl.model.policy_json import parse_condition
from kmsctl.model.requests import EncryptRequest
from kmsctl.service import accounts, conditions, policies
from kmsctl.service.context import Context
from kmsctl.service.policies import account_target
from tests.unit.service.world import KEY, OWNER, PLACE, PROJECT, RING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.service.world import World

MALLORY = Context("mallory@example.com")
ANN = Context("ann@example.com")
ME, THEIRS = ProjectName(PROJECT), ProjectName("mallorys")
ENCRYPTER = "roles/cloudkms.cryptoKeyEncrypter"
TOKENS = "roles/iam.serviceAccountTokenCreator"
TEAM = "team@example.com"
RUNNER = ServiceAccountName("-", f"runner@{PROJECT}.iam.gserviceaccount.com")


def grant(world: World, name: Any, member: str, role: str = ENCRYPTER, ctx: Context = OWNER) -> None:
    policy = world.kms.get_iam_policy(ctx, name)
    world.kms.set_iam_policy(ctx, name, with_binding(policy, role, member, None), ["bindings"])


def may(world: World, ctx: Context) -> bool:
    try:
        world.kms.encrypt(ctx, EncryptRequest(KEY, b"text"))
    except PermissionDenied:
        return False
    return True


# A project of one's own


@pytest.fixture
def shared(keyed: World) -> World:
    """A store with a project of somebody else's, who owns nothing in the first."""
    keyed.kms.create_project(MALLORY, THEIRS)
    return keyed


@pytest.mark.parametrize(
    "attempt",
    [
        lambda kms, name: kms.get_iam_policy(MALLORY, name),
        lambda kms, name: kms.set_iam_policy(
            MALLORY, name, Policy([Binding(TOKENS, [f"user:{MALLORY.principal}"])]), ["bindings"]
        ),
        lambda kms, name: kms.get_service_account(MALLORY, name),
        lambda kms, name: kms.set_service_account_disabled(MALLORY, name, disabled=True),
        lambda kms, name: kms.delete_service_account(MALLORY, name),
    ],
)
def test_an_account_of_another_project_is_not_reached_through_ones_own(
    shared: World, attempt: Callable[[Any, ServiceAccountName], object]
) -> None:
    email = shared.kms.create_service_account(OWNER, ME, "runner").email
    before = shared.sql("SELECT * FROM service_accounts", name="control")
    with pytest.raises(NotFound):
        attempt(shared.kms, ServiceAccountName(THEIRS.project, email))
    with pytest.raises(PermissionDenied):
        attempt(shared.kms, ServiceAccountName("-", email))
    assert shared.sql("SELECT * FROM service_accounts", name="control") == before
    assert not may(shared, Context(MALLORY.principal, impersonated=[email]))


@pytest.mark.parametrize(
    "attempt",
    [
        lambda kms, name: kms.get_service_account(MALLORY, name),
        lambda kms, name: kms.get_iam_policy(MALLORY, name),
        lambda kms, name: kms.set_iam_policy(
            MALLORY, name, Policy([Binding(TOKENS, [f"user:{MALLORY.principal}"])]), ["bindings"]
        ),
        lambda kms, name: kms.set_service_account_disabled(MALLORY, name, disabled=True),
        lambda kms, name: kms.delete_service_account(MALLORY, name),
    ],
)
def test_an_agent_that_is_made_meanwhile_is_not_of_the_project_of_its_address(
    keyed: World, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[Any, ServiceAccountName], object]
) -> None:
    """Mallory owns the project that the address of an agent, not yet made, reads like."""
    keyed.kms.create_project(MALLORY, ProjectName("gs-project-accounts"))
    service = "storage.googleapis.com"
    email = service_agents.email(service, keyed.kms.get_project(OWNER, ME).number)
    assert email is not None

    def made_after(kms: Any, name: Any) -> Any:
        target = account_target(kms, name)
        keyed.kms.create_service_identity(OWNER, ME, service)
        return target

    for module in (accounts, policies):
        monkeypatch.setattr(module, "account_target", made_after)
    with pytest.raises(NotFound):
        attempt(keyed.kms, ServiceAccountName("-", email))
    monkeypatch.undo()
    assert not keyed.kms.get_service_account(OWNER, ServiceAccountName(PROJECT, email)).disabled


@pytest.mark.parametrize("service", ["spanner.googleapis.com", "storage.googleapis.com"])
def test_nobody_has_the_address_of_an_agent_before_it_is_made(keyed: World, service: str) -> None:
    number = keyed.kms.get_project(OWNER, ME).number
    address = service_agents.email(service, number)
    assert address is not None
    account_id, _, domain = address.partition("@")
    project = ProjectName(domain.partition(".")[0])
    with pytest.raises(FailedPrecondition, match="are those of service agents"):
        keyed.kms.create_service_account(MALLORY, project, account_id)
    agent = keyed.kms.create_service_identity(OWNER, ME, service)
    assert (agent.email, agent.project) == (address, PROJECT)


def test_an_agent_is_no_account_that_happens_to_have_its_address(
    keyed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = keyed.kms.get_project(OWNER, ME).number
    with monkeypatch.context() as patch:
        patch.setattr(service_agents, "are_accounts_of", lambda project: False)
        keyed.kms.create_service_account(MALLORY, ProjectName("gcp-sa-spanner"), f"service-{number}")
    with pytest.raises(FailedPrecondition, match="is not the agent of"):
        keyed.kms.create_service_identity(OWNER, ME, "spanner.googleapis.com")


# Groups


def test_a_group_that_is_not_there_cannot_be_granted_anything(shared: World) -> None:
    """Whoever made a project of their own could else make the group, and be in it."""
    with pytest.raises(InvalidArgument, match=f"Group {TEAM} does not exist"):
        grant(shared, KEY, f"group:{TEAM}")
    shared.kms.create_group(OWNER, ME, "outer@example.com")
    with pytest.raises(InvalidArgument, match=f"Group {TEAM} does not exist"):
        shared.kms.change_group_members(OWNER, ME, "outer@example.com", add=[f"group:{TEAM}"])


def test_nobody_else_gets_the_address_of_a_group_that_was_deleted(shared: World) -> None:
    kms = shared.kms
    kms.create_group(OWNER, ME, TEAM)
    kms.change_group_members(OWNER, ME, TEAM, add=["user:ann@example.com"])
    grant(shared, KEY, f"group:{TEAM}")
    assert may(shared, ANN)
    kms.delete_group(OWNER, ME, TEAM)
    assert not may(shared, ANN)
    assert list(kms.list_groups(OWNER, ME)) == []
    for attempt in (
        lambda: kms.create_group(MALLORY, THEIRS, TEAM),
        lambda: kms.change_group_members(MALLORY, THEIRS, TEAM, add=[f"user:{MALLORY.principal}"]),
        lambda: kms.get_group(OWNER, ME, TEAM),
        lambda: kms.delete_group(OWNER, ME, TEAM),
    ):
        with pytest.raises((AlreadyExists, NotFound)):
            attempt()
    assert not may(shared, MALLORY)
    # The policy that still names it can be changed, and its own project may make it anew, empty.
    grant(shared, KEY, "user:bob@example.com")
    assert kms.create_group(OWNER, ME, TEAM).members == []
    assert not may(shared, ANN)
    assert shared.kinds() == set()


def test_many_groups_in_a_group_are_all_looked_into(keyed: World) -> None:
    kms = keyed.kms
    kms.create_group(OWNER, ME, "all@x")
    inner = [f"group-{number}@x" for number in range(30)]
    for name in inner:
        kms.create_group(OWNER, ME, name)
    kms.change_group_members(OWNER, ME, "all@x", add=[f"group:{name}" for name in inner])
    kms.change_group_members(OWNER, ME, inner[-1], add=["user:ann@example.com"])
    grant(keyed, KEY, "group:all@x")
    assert may(keyed, ANN)
    listed = [each.member for each in kms.who_can(OWNER, "cloudkms.cryptoKeyVersions.useToEncrypt", KEY)]
    assert listed == ["user:owner@example.com", "group:all@x", "user:ann@example.com"]


def test_who_is_in_a_group_is_told_to_those_who_may_see_it(shared: World) -> None:
    """A policy names a group of another project: its members are that project's business."""
    kms = shared.kms
    kms.create_group(OWNER, ME, TEAM)
    kms.change_group_members(OWNER, ME, TEAM, add=["user:ann@example.com"])
    kms.create_group(MALLORY, THEIRS, "outer@x")
    kms.change_group_members(MALLORY, THEIRS, "outer@x", add=[f"group:{TEAM}", "user:bob@example.com"])
    for group in (TEAM, "outer@x"):
        grant(shared, THEIRS, f"group:{group}", "roles/viewer", ctx=MALLORY)

    def told() -> list[str]:
        found = kms.who_can(MALLORY, "cloudkms.keyRings.get", THEIRS)
        return [each.member for each in found if each.role == "roles/viewer"]

    def explained(account: str) -> tuple[bool, list[str], str]:
        found = kms.explain_access(MALLORY, "cloudkms.keyRings.get", THEIRS, account)
        return found.granted, [each.outcome for each in found.grounds], found.note

    unknown = (False, ["NOT_A_MEMBER", "MEMBERSHIP_NOT_TOLD"], "may have the permission by a group")
    for account in ("ann@example.com", "eve@example.com"):
        granted, outcomes, note = explained(account)
        assert (granted, outcomes) == unknown[:2]
        assert unknown[2] in note
    assert explained("bob@example.com") == (True, ["NOT_A_MEMBER", "GRANTED"], "")
    assert told() == [f"group:{TEAM}", "group:outer@x", "user:bob@example.com"]
    grant(shared, ME, f"user:{MALLORY.principal}", "roles/viewer")
    ann, bob = "user:ann@example.com", "user:bob@example.com"
    assert told() == [f"group:{TEAM}", ann, "group:outer@x", bob, ann]
    assert explained("ann@example.com")[0]
    assert explained("eve@example.com") == (False, ["NOT_A_MEMBER", "NOT_A_MEMBER"], "")


# Names


@pytest.mark.parametrize("account", ["\u212aate@example.com", "kat\u00e9@example.com", "kate@example.com."])
def test_letters_that_look_alike_are_not_alike(keyed: World, account: str) -> None:
    grant(keyed, KEY, "user:kate@example.com")
    assert may(keyed, Context("Kate@EXAMPLE.com"))
    assert not may(keyed, Context(account))
    grant(keyed, KEY, "user:\u212aate@example.com")
    assert may(keyed, Context("\u212aate@example.com"))


@pytest.mark.parametrize(
    "ctx",
    [
        Context(SYSTEM),
        Context(SYSTEM.upper()),
        Context("*"),
        Context("ann@example.com?uid=7"),
        Context("a" * 1001),
        Context("ann@example.com", impersonated=["x@y"] * 17),
        Context("ann@example.com", impersonated=["x" * 400 + "@acme.iam.gserviceaccount.com"]),
    ],
    ids=lambda ctx: ctx.principal[:20],
)
def test_a_caller_cannot_pass_for_another_in_policies_and_records_or_fill_them(
    keyed: World, ctx: Context
) -> None:
    deleted = "deleted:user:ann@example.com?uid=7"
    grant(keyed, KEY, deleted)
    before = keyed.generation(), keyed.generation("control")
    with pytest.raises(InvalidArgument):
        keyed.kms.encrypt(ctx, EncryptRequest(KEY, b"x"))
    with pytest.raises(InvalidArgument):
        keyed.kms.create_project(ctx, ProjectName("new"))
    assert (keyed.generation(), keyed.generation("control")) == before
    assert keyed.kms.get_iam_policy(OWNER, KEY).bindings[0].members == (deleted,)


@pytest.mark.parametrize("text", ["\x1b[31mred", "two\nlines", "\u202egnp", "\x9b2J", "x" * 101])
def test_what_people_write_does_nothing_to_the_terminals_of_others(keyed: World, text: str) -> None:
    kms, written = keyed.kms, Group(TEAM, PROJECT, [], display_name=text)
    condition = {"title": text, "expression": "1 / 0 == 1"}
    for attempt in (
        lambda: kms.create_project(OWNER, ProjectName("new"), display_name=text),
        lambda: kms.create_service_account(OWNER, ME, "runner", display_name=text),
        lambda: kms.create_custom_role(OWNER, ME, "user", IamRole("", text, "", "GA", [])),
        lambda: kms.create_group(OWNER, ME, TEAM, display_name=text),
        lambda: kms.import_groups(OWNER, ME, [written]),
        # Whoever is refused reads the titles of conditions that failed.
        lambda: parse_condition("condition", condition),
        lambda: parse_condition("condition", {**condition, "title": "t", "description": text * 3 + "\x07"}),
    ):
        with pytest.raises(InvalidArgument, match=r"that do not print|has more than"):
            attempt()


# Owners, roles, conditions


def test_an_owner_that_is_gone_is_none(keyed: World) -> None:
    email = keyed.kms.create_service_account(OWNER, ME, "runner").email
    grant(keyed, ME, f"serviceAccount:{email}", "roles/owner")
    keyed.kms.delete_service_account(OWNER, ServiceAccountName("-", email))
    policy = keyed.kms.get_iam_policy(OWNER, ME)
    (binding,) = policy.bindings
    gone = [member for member in binding.members if member.startswith("deleted:")]
    assert len(gone) == 1
    for owners in (gone, ["deleted:user:owner@example.com?uid=7"], ["group:x@y"]):
        with pytest.raises((FailedPrecondition, InvalidArgument)):
            keyed.kms.set_iam_policy(OWNER, ME, Policy([Binding("roles/owner", owners)]), ["bindings"])
    assert keyed.kms.get_iam_policy(OWNER, ME).etag == policy.etag


def test_an_account_that_is_gone_is_not_shown_as_if_it_were_there(keyed: World) -> None:
    """The unique id of one that is there, behind the address of one that never was."""
    account = keyed.kms.create_service_account(OWNER, ME, "runner")
    forged = f"deleted:serviceAccount:another@acme.iam.gserviceaccount.com?uid={account.unique_id}"
    grant(keyed, KEY, forged)
    assert keyed.kms.get_iam_policy(OWNER, KEY).bindings[0].members == (forged,)
    with pytest.raises(FailedPrecondition):
        keyed.kms.set_iam_policy(OWNER, ME, Policy([Binding("roles/owner", [forged])]), ["bindings"])


REPLAYS: dict[str, tuple[str, str, Callable[[World], object]]] = {
    "an account enabled again": (
        "service_accounts",
        "UPDATE {table} SET tag = :tag, disabled = :disabled WHERE id = :id",
        lambda world: world.kms.set_service_account_disabled(OWNER, RUNNER, disabled=True),
    ),
    "an account with its older policy": (
        "service_accounts",
        "UPDATE {table} SET tag = :tag, policy = :policy WHERE id = :id",
        lambda world: world.kms.set_iam_policy(OWNER, RUNNER, Policy(), ["bindings"]),
    ),
    "an account that was deleted": (
        "service_accounts",
        "INSERT INTO {table} VALUES ({columns})",
        lambda world: world.kms.delete_service_account(OWNER, RUNNER),
    ),
    "a policy of a ring": (
        "key_rings",
        "UPDATE {table} SET tag = :tag, policy = :policy WHERE id = :id",
        lambda world: world.kms.set_iam_policy(OWNER, RING, Policy(), ["bindings"]),
    ),
}


@pytest.mark.parametrize("replay", REPLAYS)
def test_what_was_taken_back_does_not_come_back_with_an_older_row(keyed: World, replay: str) -> None:
    table, statement, take_back = REPLAYS[replay]
    email = keyed.kms.create_service_account(OWNER, ME, "runner").email
    grant(keyed, RUNNER, "user:ann@example.com", TOKENS)
    grant(keyed, RING, f"serviceAccount:{email}")
    acting = Context(ANN.principal, impersonated=[email])
    assert may(keyed, acting)
    name = PLACE if table == "key_rings" else "control"
    columns = [column for _, column, *_ in keyed.sql(f"PRAGMA table_info({table})", name=name)]
    (row,) = keyed.sql(f"SELECT * FROM {table}", name=name)
    take_back(keyed)
    assert not may(keyed, acting)
    keyed.kms.close()
    older: Any = dict(zip(columns, row, strict=True))
    marks = ", ".join(f":{column}" for column in columns)
    keyed.sql(statement.format(table=table, columns=marks), name=name, parameters=older)
    with pytest.raises(IntegrityError):
        keyed.kms.encrypt(acting, EncryptRequest(KEY, b"text"))
    assert keyed.kinds() != set()


def test_a_service_account_is_not_taken_for_a_user(keyed: World) -> None:
    with pytest.raises(InvalidArgument, match="is of type") as refused:
        grant(keyed, KEY, f"user:{RUNNER.email}")
    assert f"serviceAccount:{RUNNER.email}" in (refused.value.hint or "")


@pytest.mark.parametrize("kind", ["DATA", "DATA_READ\nbind roles/owner user:mallory@example.com", ""])
def test_a_type_of_log_is_one_of_three(keyed: World, kind: str) -> None:
    config = AuditConfig("allServices", {kind: ()})
    with pytest.raises(InvalidArgument, match=r"auditConfigs\.logType"):
        keyed.kms.set_iam_policy(OWNER, ME, Policy([], [config]), ["auditConfigs"])


@pytest.mark.parametrize("holder", ["account", "key"])
def test_what_is_recorded_is_for_the_projects_policy_alone(keyed: World, holder: str) -> None:
    email = keyed.kms.create_service_account(OWNER, ME, "runner").email
    name: Any = {"account": ServiceAccountName("-", email), "key": KEY}[holder]
    config = AuditConfig("allServices", {"DATA_READ": ()})
    with pytest.raises(InvalidArgument, match="auditConfigs: only the policy of a project"):
        keyed.kms.set_iam_policy(OWNER, name, Policy([], [config]), ["auditConfigs"])


def test_a_role_that_is_disabled_grants_nothing(keyed: World) -> None:
    permissions = ["cloudkms.cryptoKeyVersions.useToEncrypt"]
    role = keyed.kms.create_custom_role(OWNER, ME, "user", IamRole("", "", "", "GA", permissions))
    grant(keyed, KEY, "user:ann@example.com", role.name)
    assert may(keyed, ANN)
    keyed.kms.update_custom_role(OWNER, ME, "user", {"stage": "DISABLED"})
    assert not may(keyed, ANN)
    keyed.kms.update_custom_role(OWNER, ME, "user", {"stage": "GA"})
    assert may(keyed, ANN)


def test_a_policy_with_a_role_that_was_deleted_can_still_be_changed(keyed: World) -> None:
    permissions = ["cloudkms.cryptoKeyVersions.useToEncrypt"]
    role = keyed.kms.create_custom_role(OWNER, ME, "user", IamRole("", "", "", "GA", permissions))
    grant(keyed, KEY, "user:ann@example.com", role.name)
    keyed.kms.set_custom_role_deleted(OWNER, ME, "user", deleted=True)
    grant(keyed, KEY, "user:bob@example.com")
    assert may(keyed, Context("bob@example.com"))
    assert not may(keyed, ANN)
    with pytest.raises(InvalidArgument, match="is not supported for this resource"):
        grant(keyed, RING, "user:ann@example.com", role.name)


@pytest.mark.parametrize(
    "expression",
    [
        "-" * 4000 + "1 == 1",
        "- " * 2000 + "1 == 1",
        "1+" * 2000 + "1 == 1",
        "true ? true : " * 290 + "true",
        '"a"' + '.extract("a")' * 300 + ' == "a"',
    ],
)
def test_a_condition_that_is_nested_too_deeply_is_refused_when_it_is_set(
    keyed: World, expression: str
) -> None:
    condition = Condition(expression, "deep")
    with pytest.raises(InvalidArgument, match="it is nested too deeply"):
        keyed.kms.set_iam_policy(
            OWNER, KEY, Policy([Binding(ENCRYPTER, ["allUsers"], condition)]), ["bindings"]
        )
    assert not conditions._compiled.get(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 24 + "true" + ")" * 24,
        "1" + " + 1" * 140 + " == 141",
        "-" * 250 + "1 == 1",
        "true ? true : " * 250 + "true",
        '"a"' + '.extract("{x}")' * 90 + ' == "a"',
    ],
)
def test_the_deepest_condition_that_can_be_set_can_be_evaluated(expression: str) -> None:
    conditions.check(expression)
    assert conditions.holds(expression, conditions.Facts("a", "t", "s", 0, {}))


# Service accounts


@pytest.mark.parametrize("method", ["Encrypt", "GetIamPolicy", "TestIamPermissions", "ListProjects"])
def test_whoever_may_not_act_as_another_is_refused_in_their_own_name(keyed: World, method: str) -> None:
    """Else they would leave records of what a service account is said to have tried."""
    kms = keyed.kms
    first, second = (
        kms.create_service_account(OWNER, ME, name).email for name in ("first-one", "second-one")
    )
    grant(keyed, ServiceAccountName("-", first), "user:ann@example.com", TOKENS)
    calls: dict[str, Callable[[Context], object]] = {
        "Encrypt": lambda ctx: kms.encrypt(ctx, EncryptRequest(KEY, b"x")),
        "GetIamPolicy": lambda ctx: kms.get_iam_policy(ctx, ME),
        "TestIamPermissions": lambda ctx: kms.test_iam_permissions(ctx, KEY, ["cloudkms.cryptoKeys.get"]),
        "ListProjects": lambda ctx: list(kms.list_projects(ctx)),
    }
    log = PLACE if method in ("Encrypt", "TestIamPermissions") else "control"
    for chain, refused, by in (([second], "ann@example.com", []), ([first, second], first, [ANN.principal])):
        with pytest.raises(PermissionDenied, match="getAccessToken"):
            calls[method](Context(ANN.principal, impersonated=chain))
        payload = keyed.records(log)[-1]["protoPayload"]
        assert payload["methodName"] == method
        assert payload["authorizationInfo"][0]["resource"] == f"projects/-/serviceAccounts/{second}"
        who = payload["authenticationInfo"]
        assert who["principalEmail"] == refused
        delegation = [
            each["firstPartyPrincipal"]["principalEmail"]
            for each in who.get("serviceAccountDelegationInfo", [])
        ]
        assert delegation == by


def test_every_link_of_a_chain_has_to_hold(keyed: World) -> None:
    kms = keyed.kms
    first, second = (
        kms.create_service_account(OWNER, ME, name).email for name in ("first-one", "second-one")
    )
    names = [ServiceAccountName("-", email) for email in (first, second)]
    grant(keyed, KEY, f"serviceAccount:{second}")
    grant(keyed, names[0], "user:ann@example.com", TOKENS)
    chain = Context(ANN.principal, impersonated=[first, second])
    assert not may(keyed, chain)
    grant(keyed, names[1], f"serviceAccount:{first}", TOKENS)
    assert may(keyed, chain)
    assert not may(keyed, Context(ANN.principal, impersonated=[second]))
    assert not may(keyed, Context(ANN.principal, impersonated=[second, first]))
    for name in names:
        kms.set_service_account_disabled(OWNER, name, disabled=True)
        assert not may(keyed, chain)
        kms.set_service_account_disabled(OWNER, name, disabled=False)
    assert may(keyed, chain)
    kms.delete_service_account(OWNER, names[0])
    assert kms.create_service_account(OWNER, ME, "first-one").email == first
    grant(keyed, names[0], "user:ann@example.com", TOKENS)
    assert not may(keyed, chain)  # the new account of that address is not the one that was granted the second


def test_whoever_sets_policies_of_a_key_does_not_decide_about_the_project(keyed: World) -> None:
    grant(keyed, KEY, "user:ann@example.com", "roles/cloudkms.admin")
    grant(keyed, KEY, "user:ann@example.com", "roles/cloudkms.cryptoKeyDecrypter", ctx=ANN)
    for act in (
        lambda: grant(keyed, RING, "user:ann@example.com", ctx=ANN),
        lambda: grant(keyed, ME, "user:ann@example.com", "roles/owner", ctx=ANN),
        lambda: keyed.kms.create_custom_role(ANN, ME, "some", IamRole("", "", "", "", [])),
        lambda: keyed.kms.create_group(ANN, ME, TEAM),
        lambda: keyed.kms.store_status(ANN),
    ):
        with pytest.raises(KmsError) as refused:
            act()
        assert refused.value.status == "PERMISSION_DENIED"
