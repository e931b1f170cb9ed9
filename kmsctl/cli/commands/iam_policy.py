"""``get-iam-policy`` and the others of key rings, keys, import jobs, projects and service accounts."""

from __future__ import annotations

from kmsctl.cli import output
from kmsctl.cli.commands.policy_holders import HOLDERS, holder_of
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session
    from kmsctl.model.policies import Policy

_EXAMPLE_FLAGS = "--member=user:ann@example.com --role=roles/cloudkms.cryptoKeyEncrypterDecrypter"
_EXAMPLE_PERMISSION = "--permissions=cloudkms.cryptoKeyVersions.useToEncrypt"
#: How many are warned of one by one.
_WARNINGS = 5
_NO_BINDING = "Policy binding with the specified principal, role, and condition not found!"


def _get(group: str) -> Callable[[], Command]:
    def declare() -> Command:
        from kmsctl.cli import options
        from kmsctl.cli.command import Command

        holder = HOLDERS[group]
        lists = [flag for flag in options.list_flags() if flag.name != "uri"]
        return Command(
            f"{group} get-iam-policy",
            run_get,
            [*holder.whole_policy_parameters(), *lists],
            examples=[
                (f"To show who may do what with a {holder.noun}:", f"{group} get-iam-policy {holder.example}")
            ],
        )

    return declare


def _set(group: str) -> Callable[[], Command]:
    def declare() -> Command:
        from kmsctl.cli import options
        from kmsctl.cli.command import Command

        holder = HOLDERS[group]
        first, *others = holder.whole_policy_parameters()
        file = options.Positional("policy_file", "File with the policy, in JSON or YAML.")
        return Command(
            f"{group} set-iam-policy",
            run_set,
            [first, file, *others],
            about="""
                Replaces what the file names of the policy: bindings, and of a project also
                auditConfigs. If the file has an etag and the policy was changed since, nothing is
                changed and the status is ABORTED.
            """,
            examples=[
                (
                    f"To set the policy of a {holder.noun}:",
                    f"{group} set-iam-policy {holder.example_with('policy.json')}",
                )
            ],
        )

    return declare


def _add(group: str) -> Callable[[], Command]:
    def declare() -> Command:
        from kmsctl.cli import iam_options
        from kmsctl.cli.command import Command

        holder = HOLDERS[group]
        conditions = iam_options.conditions() if holder.has_conditions else []
        command = Command(
            f"{group} add-iam-policy-binding",
            run_add,
            [*holder.parameters(), iam_options.member(), iam_options.role(), *conditions],
            examples=[
                (
                    f"To grant a role on a {holder.noun}:",
                    f"{group} add-iam-policy-binding {holder.example} {_EXAMPLE_FLAGS}",
                )
            ],
        )
        command.exclusive = [("condition", "condition-from-file")] if conditions else ()
        return command

    return declare


def _remove(group: str) -> Callable[[], Command]:
    def declare() -> Command:
        from kmsctl.cli import iam_options, options
        from kmsctl.cli.command import Command

        holder = HOLDERS[group]
        conditions = iam_options.conditions() if holder.has_conditions else []
        if conditions:
            conditions.append(options.switch("all", "Remove the member whatever the bindings' conditions."))
        command = Command(
            f"{group} remove-iam-policy-binding",
            run_remove,
            [*holder.parameters(), iam_options.member(), iam_options.role(), *conditions],
            examples=[
                (
                    f"To take a role on a {holder.noun} back:",
                    f"{group} remove-iam-policy-binding {holder.example} {_EXAMPLE_FLAGS}",
                )
            ],
        )
        command.exclusive = [("condition", "condition-from-file", "all")] if conditions else ()
        return command

    return declare


def _test(group: str) -> Callable[[], Command]:
    def declare() -> Command:
        from kmsctl.cli import iam_options
        from kmsctl.cli.command import Command

        holder = HOLDERS[group]
        return Command(
            f"{group} test-iam-permissions",
            run_test,
            [*holder.parameters(), iam_options.permissions()],
            about="Shows which of some permissions the account has that runs the command.",
            examples=[
                (
                    "To see whether you may encrypt:",
                    f"{group} test-iam-permissions {holder.example} {_EXAMPLE_PERMISSION}",
                )
            ],
        )

    return declare


keyrings_get, keyrings_set, keyrings_test = _get("keyrings"), _set("keyrings"), _test("keyrings")
keyrings_add, keyrings_remove = _add("keyrings"), _remove("keyrings")
keys_get, keys_set, keys_test = _get("keys"), _set("keys"), _test("keys")
keys_add, keys_remove = _add("keys"), _remove("keys")
import_jobs_get, import_jobs_set = _get("import-jobs"), _set("import-jobs")
import_jobs_add, import_jobs_remove = _add("import-jobs"), _remove("import-jobs")
projects_get, projects_set, projects_test = _get("projects"), _set("projects"), _test("projects")
projects_add, projects_remove = _add("projects"), _remove("projects")
accounts_get, accounts_set = _get("iam service-accounts"), _set("iam service-accounts")
accounts_add, accounts_remove = _add("iam service-accounts"), _remove("iam service-accounts")


def run_get(session: Session, args: Args) -> None:
    from kmsctl.model.policy_json import policy_json

    name = holder_of(session).name(session, args)
    output.show_searched(session, policy_json(session.kms.get_iam_policy(session.context, name)), args)


def run_set(session: Session, args: Args) -> None:
    from kmsctl.cli.iam_options import read_mapping
    from kmsctl.model.policy_json import parse_policy
    from kmsctl.service.policies import ALL_FIELDS

    holder = holder_of(session)
    name = holder.name(session, args)
    given = read_mapping(session, args["policy_file"], "policy")
    fields = [field for field in ALL_FIELDS if field in given]
    changed = session.kms.set_iam_policy(session.context, name, parse_policy(given), fields)
    _show(session, args, changed)


def run_add(session: Session, args: Args) -> None:
    from kmsctl.cli import iam_options
    from kmsctl.model.members import parse
    from kmsctl.model.policies import with_binding

    holder = holder_of(session)
    name = holder.name(session, args)
    asked, condition = iam_options.condition_of(session, args)
    member = parse(args["member"])
    policy = session.kms.get_iam_policy(session.context, name)
    if policy.has_conditions and not asked and holder.has_conditions:
        from kmsctl.cli.condition_prompts import for_adding

        condition = for_adding(session, policy)
    if condition is not None and not policy.has_conditions:
        session.log(
            "warning",
            "Adding binding with condition to a policy without condition will change the behavior of "
            "add-iam-policy-binding and remove-iam-policy-binding commands.",
        )
    wanted = with_binding(policy, args["role"], member, condition)
    _show(session, args, session.kms.set_iam_policy(session.context, name, wanted, ["bindings"]))


def run_remove(session: Session, args: Args) -> None:
    from kmsctl.cli import iam_options
    from kmsctl.model.members import parse
    from kmsctl.model.policies import without_binding

    holder = holder_of(session)
    name = holder.name(session, args)
    asked, condition = iam_options.condition_of(session, args)
    policy = session.kms.get_iam_policy(session.context, name)
    every = bool(args.get("all"))
    member = parse(args["member"])
    if policy.has_conditions and not asked and not every and holder.has_conditions:
        from kmsctl.cli.condition_prompts import for_removing

        every, condition = for_removing(session, policy, member, args["role"])
    wanted = without_binding(policy, args["role"], member, condition, whatever_condition=every)
    if wanted is None:
        raise CommandError(_NO_BINDING)
    _show(session, args, session.kms.set_iam_policy(session.context, name, wanted, ["bindings"]))


def run_test(session: Session, args: Args) -> None:
    name = holder_of(session).name(session, args)
    held = session.kms.test_iam_permissions(session.context, name, args["permissions"])
    output.show(session, {"permissions": held} if held else {})


def _show(session: Session, args: Args, policy: Policy) -> None:
    from kmsctl.model.policy_json import policy_json

    holder = holder_of(session)
    session.status(f"Updated IAM policy for {holder.noun} [{holder.short_name(session, args)}].")
    _warn(session, policy)
    output.show(session, policy_json(policy))


def _warn(session: Session, policy: Policy) -> None:
    """Says who, since the change, both manages keys and uses them."""
    for member, resource in policy.conflicts[:_WARNINGS]:
        session.log(
            "warning",
            f"[{member}] now both manages keys and uses them, on [{resource}]. Separation of duties asks "
            "for one or the other.",
        )
    more = len(policy.conflicts) - _WARNINGS
    if more > 0:
        session.log("warning", f"And {more} more: kmsctl findings list shows them.")
