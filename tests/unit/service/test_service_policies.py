"""Policies: what is refused, races, service accounts and agents, groups, conditions, tampering, refusals."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kmsctl.errors import Aborted, FailedPrecondition, IntegrityError, InvalidArgument, PermissionDenied
from kmsctl.model.iam_resources import IamRole
from kmsctl.model.names import CryptoKeyName, KeyRingName, ProjectName, ServiceAccountName
from kmsctl.model.policies import AuditConfig, Binding, Condition, Policy, decode, encode, with_binding
from kmsctl.model.requests import DecryptRequest, EncryptRequest
from kmsctl.service import conditions
from kmsctl.service.context import Context
from kmsctl.service.refusals import WINDOW
from tests.unit.service.world import HOUR, KEY, OWNER, PLACE, PROJECT, RING, spec

if TYPE_CHECKING:
    from tests.unit.service.world import World

ANN = Context("ann@example.com")
ME = ProjectName(PROJECT)
ENCRYPTER = "roles/cloudkms.cryptoKeyEncrypter"
USE = "cloudkms.cryptoKeyVersions.useToEncrypt"


def grant(
    world: World, name: Any, member: str, role: str = ENCRYPTER, condition: Condition | None = None
) -> None:
    policy = world.kms.get_iam_policy(OWNER, name)
    world.kms.set_iam_policy(OWNER, name, with_binding(policy, role, member, condition), ["bindings"])


def may(world: World, ctx: Context, key: CryptoKeyName = KEY) -> bool:
    try:
        world.kms.encrypt(ctx, EncryptRequest(key, b"text"))
    except PermissionDenied:
        return False
    return True


def when(expression: str) -> Condition:
    return Condition(expression, "when")


# Forms


def test_a_policy_is_read_as_it_was_written() -> None:
    condition = Condition('a == "x y%20"\n|| b', "title with blanks", "")
    policy = Policy(
        [Binding("roles/owner", ["user:a@b"]), Binding("roles/viewer", ["allUsers", "domain:c"], condition)],
        [AuditConfig("allServices", {"DATA_READ": ("user:a@b",), "ADMIN_READ": ()})],
        "ETAG==",
    )
    again = decode(encode(policy))
    assert encode(again) == encode(policy)
    assert again.bindings[1].condition == condition
    assert again.audit_configs[0].exempt == policy.audit_configs[0].exempt


@pytest.mark.parametrize(
    ("binding", "text"),
    [
        (Binding("roles/nobody", ["user:a@b"]), "Role roles/nobody is not supported"),
        (Binding("viewer", ["user:a@b"]), "Role viewer is not supported"),
        (Binding("projects/other/roles/some", ["user:a@b"]), "is not supported"),
        (Binding("roles/viewer", ["ann"]), "is of an unknown type"),
        (Binding("roles/viewer", ["group:ann"]), "valid address"),
        (Binding("roles/viewer", ["user:a b"]), "valid address"),
        (Binding("roles/viewer", ["user:a@b\nbind"]), "valid address"),
        (Binding("roles/viewer", ["serviceAccount:x@p.iam.gserviceaccount.com"]), "does not exist"),
        (Binding("roles/viewer", ["user:a@b"], when("1 + 1")), "has to be bool"),
        (Binding("roles/viewer", ["user:a@b"], when("resource.nam == 'x'")), "has no attribute"),
        (Binding("roles/viewer", ["user:a@b"], when("[1].exists(x, x == 1)")), "there is no attribute"),
        (Binding("roles/viewer", ["user:a@b"], when("true" + " && true" * 13)), "logical operators"),
        (Binding("roles/viewer", ["user:a@b"], when("(" * 30 + "true" + ")" * 30)), "too deeply"),
        (Binding("roles/viewer", ["user:a@b"], when("resource.name == '" + "x" * 5000 + "'")), "characters"),
    ],
)
def test_what_is_no_binding_is_refused_and_changes_nothing(keyed: World, binding: Binding, text: str) -> None:
    before = keyed.kms.get_iam_policy(OWNER, KEY).etag
    with pytest.raises(InvalidArgument, match=text):
        keyed.kms.set_iam_policy(OWNER, KEY, Policy([binding]), ["bindings"])
    assert keyed.kms.get_iam_policy(OWNER, KEY).etag == before


def test_a_policy_has_a_bounded_number_of_conditions(keyed: World) -> None:
    def conditional(count: int) -> Policy:
        return Policy([Binding(ENCRYPTER, ["allUsers"], Condition(f"{n} == 1", "t")) for n in range(count)])

    keyed.kms.set_iam_policy(OWNER, RING, conditional(100), ["bindings"])
    with pytest.raises(InvalidArgument, match="more than 100 of its bindings have conditions"):
        keyed.kms.set_iam_policy(OWNER, RING, conditional(101), ["bindings"])


def test_a_policy_has_bounds(keyed: World) -> None:
    many = Policy([Binding("roles/viewer", [f"user:u{number}@x" for number in range(1501)])])
    with pytest.raises(InvalidArgument, match="1501 principals"):
        keyed.kms.set_iam_policy(OWNER, KEY, many, ["bindings"])


def test_a_lost_race_is_aborted_and_nothing_is_overwritten(keyed: World) -> None:
    first, second = (keyed.kms.get_iam_policy(OWNER, KEY) for _ in range(2))
    keyed.kms.set_iam_policy(OWNER, KEY, with_binding(first, ENCRYPTER, "user:a@b", None), ["bindings"])
    with pytest.raises(Aborted, match="There were concurrent policy changes"):
        keyed.kms.set_iam_policy(OWNER, KEY, with_binding(second, ENCRYPTER, "user:c@d", None), ["bindings"])
    (binding,) = keyed.kms.get_iam_policy(OWNER, KEY).bindings
    assert binding.members == ("user:a@b",)


def test_an_etag_never_comes_again(keyed: World) -> None:
    seen = set()
    for policy in (Policy([Binding(ENCRYPTER, ["user:a@b"])]), Policy()) * 3:
        seen.add(keyed.kms.set_iam_policy(OWNER, KEY, policy, ["bindings"]).etag)
    assert len(seen) == 6


def test_a_project_keeps_an_owner(keyed: World) -> None:
    for bindings in (
        [],
        [Binding("roles/owner", ["user:a@b"], when("true"))],
        [Binding("roles/owner", ["allUsers"])],
    ):
        with pytest.raises(FailedPrecondition, match="must keep an owner"):
            keyed.kms.set_iam_policy(OWNER, ME, Policy(bindings), ["bindings"])


@pytest.mark.parametrize("everybody", ["allUsers", "allAuthenticatedUsers"])
def test_nobody_can_give_a_project_to_everybody(keyed: World, everybody: str) -> None:
    policy = keyed.kms.get_iam_policy(OWNER, ME)
    for condition in (None, when("true")):
        with pytest.raises(InvalidArgument, match=f"{everybody} cannot have roles/owner"):
            keyed.kms.set_iam_policy(
                OWNER, ME, with_binding(policy, "roles/owner", everybody, condition), ["bindings"]
            )
    grant(keyed, KEY, everybody)


# Members


@pytest.mark.parametrize(
    ("member", "accounts", "others"),
    [
        ("user:Ann@Example.com", ["ann@example.com", "ANN@example.com"], ["ann@example.org"]),
        ("domain:example.com", ["ann@example.com", "bob@example.com"], ["ann@sub.example.com"]),
        ("allAuthenticatedUsers", ["ann@example.com"], ["x@acme.iam.gserviceaccount.com"]),
        ("allUsers", ["ann@example.com"], []),
    ],
)
def test_who_a_member_is(keyed: World, member: str, accounts: list[str], others: list[str]) -> None:
    grant(keyed, KEY, member)
    assert all(may(keyed, Context(account)) for account in accounts)
    assert not any(may(keyed, Context(account)) for account in others)


def test_groups_hold_groups_and_circles_end(keyed: World) -> None:
    kms = keyed.kms
    for name in ("one@x", "two@x"):
        kms.create_group(OWNER, ME, name)
    kms.change_group_members(OWNER, ME, "one@x", add=["group:two@x"])
    kms.change_group_members(OWNER, ME, "two@x", add=["group:one@x", "user:ann@example.com"])
    grant(keyed, KEY, "group:one@x")
    assert may(keyed, ANN)
    assert not may(keyed, Context("bob@example.com"))
    assert [each.member for each in kms.who_can(OWNER, USE, KEY)] == [
        "user:owner@example.com",
        "group:one@x",
        "user:ann@example.com",
    ]
    kms.change_group_members(OWNER, ME, "two@x", remove=["user:ann@example.com"])
    assert not may(keyed, ANN)


def test_service_accounts_can_be_disabled_and_deleted_and_grants_do_not_come_back(keyed: World) -> None:
    kms = keyed.kms
    made = kms.create_service_account(OWNER, ME, "runner")
    name, itself = ServiceAccountName("-", made.email), Context(made.email)
    grant(keyed, KEY, f"serviceAccount:{made.email}")
    assert may(keyed, itself)
    kms.set_service_account_disabled(OWNER, name, disabled=True)
    assert not may(keyed, itself)
    kms.set_service_account_disabled(OWNER, name, disabled=False)
    kms.delete_service_account(OWNER, name)
    assert not may(keyed, itself)
    (binding,) = kms.get_iam_policy(OWNER, KEY).bindings
    assert binding.members == (f"deleted:serviceAccount:{made.email}?uid={made.unique_id}",)
    again = kms.create_service_account(OWNER, ME, "runner")
    assert again.unique_id != made.unique_id
    assert not may(keyed, itself)
    kms.set_iam_policy(OWNER, KEY, kms.get_iam_policy(OWNER, KEY), ["bindings"])
    assert not may(keyed, itself)


@pytest.mark.parametrize(
    ("service", "pattern"),
    [
        ("storage.googleapis.com", "service-{}@gs-project-accounts.iam.gserviceaccount.com"),
        ("run.googleapis.com", "service-{}@serverless-robot-prod.iam.gserviceaccount.com"),
        ("spanner.googleapis.com", "service-{}@gcp-sa-spanner.iam.gserviceaccount.com"),
        ("apigee.googleapis.com", "service-{}@gcp-sa-apigee.iam.gserviceaccount.com"),
        ("bigquery.googleapis.com", "bq-{}@bigquery-encryption.iam.gserviceaccount.com"),
    ],
)
def test_an_agent_is_made_once_granted_a_key_and_impersonated(
    keyed: World, service: str, pattern: str
) -> None:
    kms = keyed.kms
    agent = kms.create_service_identity(OWNER, ME, service)
    number = kms.get_project(OWNER, ME).number
    assert len(str(number)) == 12
    assert agent.email == pattern.format(number)
    assert kms.create_service_identity(OWNER, ME, service).unique_id == agent.unique_id
    grant(keyed, KEY, f"serviceAccount:{agent.email}")
    acting = Context("ann@example.com", impersonated=[agent.email])
    assert not may(keyed, acting)
    grant(
        keyed,
        ServiceAccountName("-", agent.email),
        "user:ann@example.com",
        "roles/iam.serviceAccountTokenCreator",
    )
    assert may(keyed, acting)
    assert not may(keyed, ANN)
    with pytest.raises(PermissionDenied):  # ann acts as the agent, which may not decrypt
        kms.decrypt(acting, DecryptRequest(KEY, b"x"))
    last = keyed.records()[-1]["protoPayload"]["authenticationInfo"]
    assert last["principalEmail"] == agent.email
    chain = [each["firstPartyPrincipal"]["principalEmail"] for each in last["serviceAccountDelegationInfo"]]
    assert chain == ["ann@example.com"]


# Conditions


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ('resource.name == "projects/acme/locations/us-east1/keyRings/ring/cryptoKeys/key"', True),
        ('resource.name.startsWith("projects/acme/locations/us-east1/keyRings/other")', False),
        ('resource.type == "cloudkms.googleapis.com/CryptoKey"', True),
        ('resource.type == "cloudkms.googleapis.com/KeyRing"', False),
        ('resource.service == "cloudkms.googleapis.com"', True),
        ('resource.name.extract("keyRings/{ring}/") == "ring"', True),
        ('resource.name.extract("importJobs/{job}") == ""', True),
        ('request.time < timestamp("2030-01-01T00:00:01Z")', True),
        ('request.time >= timestamp("2031-01-01T00:00:00Z")', False),
        ('request.time.getHours("Europe/Berlin") == 1 && request.time.getHours() == 0', True),
        ('request.time.getHours("America/New_York") == 19', True),
        ('resource.matchTag("acme/env", "prod")', False),
        ("1 / 0 == 1", False),
        ("true || 1 / 0 == 1", True),
        ('request.time.getHours("Nowhere/Land") == 1', False),
    ],
)
def test_a_condition_decides(keyed: World, expression: str, *, met: bool) -> None:
    grant(keyed, KEY, "user:ann@example.com", condition=when(expression))
    assert may(keyed, ANN) is met


def test_the_clock_ends_a_grant(keyed: World) -> None:
    grant(
        keyed, KEY, "user:ann@example.com", condition=when('request.time < timestamp("2030-01-01T01:00:00Z")')
    )
    assert may(keyed, ANN)
    keyed.clock.now += HOUR
    assert not may(keyed, ANN)


def test_tags_of_a_ring_can_be_asked_for(world: World) -> None:
    tagged, plain = RING, KeyRingName(RING.parent, "plain")
    world.kms.create_key_ring(OWNER, tagged, tags={"acme/env": "prod"})
    world.kms.create_key_ring(OWNER, plain)
    for ring in (tagged, plain):
        world.kms.create_crypto_key(OWNER, CryptoKeyName(ring, "key"), spec())
    condition = when('resource.matchTag("acme/env", "prod") && resource.hasTagKey("acme/env")')
    grant(world, ME, "user:ann@example.com", condition=condition)
    assert may(world, ANN)
    assert not may(world, ANN, CryptoKeyName(plain, "key"))
    with pytest.raises(InvalidArgument, match="is not one of the project"):
        world.kms.create_key_ring(OWNER, KeyRingName(RING.parent, "x"), tags={"other/env": "prod"})


def test_a_condition_that_fails_denies_and_says_so(keyed: World) -> None:
    grant(keyed, KEY, "user:ann@example.com", condition=when("1 / 0 == 1"))
    with pytest.raises(PermissionDenied) as refused:
        keyed.kms.encrypt(ANN, EncryptRequest(KEY, b"x"))
    assert "The condition 'when' counts as not met" in (refused.value.hint or "")
    found = keyed.kms.explain_access(OWNER, USE, KEY, "ann@example.com")
    assert not found.granted
    assert [(each.outcome, each.via) for each in found.grounds] == [
        ("NOT_A_MEMBER", ""),
        ("CONDITION_FAILED", "user:ann@example.com"),
    ]


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1 / 0 == 1", "it divides by zero"),
        ("[1][5] == 1", "a list in it has no such item"),
        ("9223372036854775807 + 1 == 0", "out of range"),
        ("timestamp('soon') < request.time", "no number, time or time zone"),
        ("request.time.getHours('Nowhere/Land') == 1", "no number, time or time zone"),
        ("int(resource.name) == 1", "no number, time or time zone"),
        ("resource.name.matches('(')", "a pattern in it is none that RE2 takes"),
        # Compiled in a tenth of a second; a policy could have hundreds of its kind.
        (r"resource.name.matches('\\PN{900}')", "or too large a one"),
    ],
)
def test_why_a_condition_fails_is_said_in_words_that_quote_nothing(expression: str, why: str) -> None:
    conditions.check(expression)
    facts = conditions.Facts("projects/secret", "t", "s", 0, {})
    with pytest.raises(conditions.ConditionFailed, match=why) as failed:
        conditions.holds(expression, facts)
    assert "secret" not in str(failed.value)


def test_a_missing_library_denies_and_says_so(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(keyed, KEY, "user:ann@example.com", condition=when("true"))
    monkeypatch.setitem(sys.modules, "celpy", None)
    conditions._compiled.clear()
    with pytest.raises(PermissionDenied) as refused:
        keyed.kms.encrypt(ANN, EncryptRequest(KEY, b"x"))
    assert "pip install 'kmsctl[iam]'" in (refused.value.hint or "")
    with pytest.raises(Exception, match="cel-python, which is not installed"):
        grant(keyed, RING, "user:ann@example.com", condition=when("false"))
    assert may(keyed, OWNER)


def test_the_largest_condition_takes_a_moment(keyed: World) -> None:
    import time

    part = 'resource.name.matches("(.*.*.*)*x$")'
    expression = " || ".join([part] * 13)
    conditions.check(expression)
    facts = conditions.Facts("a" * 500, "t", "s", 0, {})
    start = time.perf_counter()
    assert not conditions.holds(expression, facts)
    assert time.perf_counter() - start < 1


def test_an_unconditional_grant_loads_no_expressions(keyed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(keyed, ME, "user:ann@example.com", condition=when("false"))
    grant(keyed, KEY, "user:ann@example.com")
    monkeypatch.setattr(conditions, "holds", None)
    assert may(keyed, ANN)
    assert may(keyed, OWNER)


# Tampering


@pytest.mark.parametrize(("table", "database"), [("crypto_keys", PLACE), ("projects", "control")])
def test_an_edited_policy_is_noticed_by_whoever_it_would_decide_for(
    keyed: World, table: str, database: str
) -> None:
    grant(keyed, KEY, "user:bob@example.com")
    keyed.kms.close()
    edit = "policy = replace(replace(policy, 'bob@', 'ann@'), 'owner@', 'ann@')"
    keyed.sql(f"UPDATE {table} SET {edit}", name=database)
    keyed.reopen()
    with pytest.raises(IntegrityError, match="was changed outside kmsctl"):
        keyed.kms.encrypt(ANN, EncryptRequest(KEY, b"x"))
    assert "ROW_DAMAGED" in keyed.kinds()


@pytest.mark.parametrize(
    ("name", "table", "database"),
    [(KEY, "crypto_keys", PLACE), (RING, "key_rings", PLACE), (ME, "projects", "control")],
)
def test_an_older_policy_that_was_put_back_is_noticed(
    keyed: World, name: Any, table: str, database: str
) -> None:
    grant(keyed, name, "user:ann@example.com")
    ((older, tag),) = keyed.sql(f"SELECT policy, tag FROM {table}", name=database)
    keyed.kms.set_iam_policy(
        OWNER, name, Policy([Binding("roles/owner", ["user:owner@example.com"])]), ["bindings"]
    )
    assert not may(keyed, ANN)
    keyed.kms.close()
    keyed.sql(f"UPDATE {table} SET policy = ?, tag = ?", name=database, parameters=(older, tag))
    keyed.reopen()
    with pytest.raises(IntegrityError, match="not as it was left"):
        keyed.kms.encrypt(ANN, EncryptRequest(KEY, b"x"))


def test_a_group_or_role_that_was_put_back_is_noticed(keyed: World) -> None:
    kms = keyed.kms
    kms.create_group(OWNER, ME, "team@x")
    kms.change_group_members(OWNER, ME, "team@x", add=["user:ann@example.com"])
    grant(keyed, KEY, "group:team@x")
    ((inside, tag),) = keyed.sql("SELECT members, tag FROM account_groups", name="control")
    kms.change_group_members(OWNER, ME, "team@x", remove=["user:ann@example.com"])
    keyed.kms.close()
    keyed.sql("UPDATE account_groups SET members = ?, tag = ?", name="control", parameters=(inside, tag))
    keyed.reopen()
    with pytest.raises(IntegrityError):
        keyed.kms.encrypt(ANN, EncryptRequest(KEY, b"x"))


# Records


def test_changes_of_policies_are_recorded_with_what_they_changed(keyed: World) -> None:
    grant(keyed, KEY, "user:ann@example.com", condition=when("true"))
    payload = keyed.records()[-1]["protoPayload"]
    assert payload["methodName"] == "SetIamPolicy"
    assert payload["serviceData"]["policyDelta"]["bindingDeltas"] == [
        {
            "action": "ADD",
            "condition": {"expression": "true", "title": "when"},
            "member": "user:ann@example.com",
            "role": ENCRYPTER,
        }
    ]


def test_changes_of_what_is_recorded_are_recorded_with_what_they_changed(keyed: World) -> None:
    def change(*configs: AuditConfig) -> list[dict[str, str]]:
        keyed.kms.set_iam_policy(OWNER, ME, Policy([], configs), ["auditConfigs"])
        delta = keyed.records("control")[-1]["protoPayload"]["serviceData"]["policyDelta"]
        assert delta["bindingDeltas"] == []
        return list(delta["auditConfigDeltas"])

    kms = {"service": "cloudkms.googleapis.com", "logType": "DATA_READ"}
    exempt = {**kms, "exemptedMember": "user:ann@example.com"}
    name = kms["service"]
    assert change(AuditConfig(name, {"DATA_READ": ()})) == [{"action": "ADD", **kms}]
    assert change(AuditConfig(name, {"DATA_READ": (exempt["exemptedMember"],)})) == [
        {"action": "ADD", **exempt}
    ]
    assert change() == [{"action": "REMOVE", **kms}, {"action": "REMOVE", **exempt}]


def test_changes_of_roles_are_recorded_with_what_they_changed(keyed: World) -> None:
    encrypt, decrypt = (f"cloudkms.cryptoKeyVersions.useTo{verb}" for verb in ("Encrypt", "Decrypt"))
    keyed.kms.create_custom_role(OWNER, ME, "user", IamRole("", "User", "", "GA", [encrypt]))
    keyed.kms.update_custom_role(OWNER, ME, "user", {"permissions": [decrypt], "stage": "DISABLED"})
    payload = keyed.records("control")[-1]["protoPayload"]
    assert payload["methodName"] == "UpdateRole"
    assert payload["serviceData"] == {
        "permissionDelta": {"addedPermissions": [decrypt], "removedPermissions": [encrypt]}
    }
    assert payload["request"]["role"] == {"stage": "DISABLED"}


def test_data_access_is_recorded_as_the_project_says_and_exempt_members_are_not(keyed: World) -> None:
    grant(keyed, KEY, "user:ann@example.com")
    exempt = AuditConfig("cloudkms.googleapis.com", {"DATA_READ": ("user:owner@example.com",)})
    before = len(keyed.records())
    keyed.encrypt()
    assert len(keyed.records()) == before
    keyed.kms.set_iam_policy(OWNER, ME, Policy([], [exempt]), ["auditConfigs"])
    keyed.encrypt()
    assert len(keyed.records()) == before
    assert may(keyed, ANN)
    last = keyed.records()[-1]
    assert last["protoPayload"]["authenticationInfo"]["principalEmail"] == "ann@example.com"
    assert last["logName"].endswith("data_access")
    assert keyed.kms.get_iam_policy(OWNER, ME).bindings  # bindings were left as they were


def test_refusals_are_recorded_and_bounded(keyed: World) -> None:
    before = len(keyed.records())
    for number in range(40):
        assert not may(keyed, ANN)
        assert not may(keyed, Context(f"eve{number}@example.com"))
    first = keyed.records()[before]
    assert first["severity"] == "ERROR"
    assert first["protoPayload"]["status"]["code"] == 7
    assert first["protoPayload"]["authorizationInfo"][0]["granted"] is False
    assert len(keyed.records()) - before == 8
    keyed.clock.now += WINDOW
    assert not may(keyed, ANN)
    repeats = [
        int(record["protoPayload"]["metadata"]["repeats"])
        for record in keyed.records()[before:]
        if "repeats" in record["protoPayload"].get("metadata", {})
    ]
    assert sum(repeats) + 8 == 80
    assert keyed.kinds() == set()


def test_no_record_holds_what_was_encrypted(keyed: World) -> None:
    every = AuditConfig("allServices", dict.fromkeys(("ADMIN_READ", "DATA_READ", "DATA_WRITE"), ()))
    keyed.kms.set_iam_policy(OWNER, ME, Policy([], [every]), ["auditConfigs"])
    secret, aad = b"planted plaintext", b"planted additional data"
    ciphertext = keyed.encrypt(text=secret, aad=aad)
    assert keyed.decrypt(ciphertext, aad=aad) == secret
    for ctx in (ANN, OWNER):
        with pytest.raises((PermissionDenied, InvalidArgument)) as failed:
            keyed.kms.decrypt(ctx, DecryptRequest(KEY, ciphertext + secret, aad=aad))
        assert "planted" not in repr(failed.value)
        assert "planted" not in (failed.value.hint or "")
    written = json.dumps(keyed.records() + keyed.records("control"))
    assert "planted" not in written
    assert "Decrypt" in written
    assert not any(ciphertext[start : start + 16].hex() in written for start in range(len(ciphertext) - 16))


def test_the_store_verifies_after_all_of_this(keyed: World) -> None:
    keyed.kms.create_service_account(OWNER, ME, "runner")
    keyed.kms.create_group(OWNER, ME, "team@x")
    keyed.kms.delete_group(OWNER, ME, "team@x")
    grant(keyed, RING, "user:ann@example.com")
    assert not may(keyed, Context("eve@example.com"))
    assert keyed.kinds() == set()
