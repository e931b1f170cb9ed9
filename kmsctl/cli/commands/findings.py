"""``kmsctl findings``. gcloud has ``gcloud scc findings``, about much more than keys."""

from __future__ import annotations

from kmsctl.cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.cli.command import Command
    from kmsctl.cli.session import Args, Session

TABLE = "table(category, severity, resourceName.sub('^//[^/]*/',''):label=RESOURCE, description)"


def list_() -> Command:
    from kmsctl.cli import options
    from kmsctl.cli.command import Command

    return Command(
        "findings list",
        run_list,
        [
            *options.plain_flags("location", "keyring"),
            *(flag for flag in options.list_flags() if flag.name != "uri"),
        ],
        about="""
            Lists what the detectors find that Security Command Center has for Cloud KMS, as the
            store is now: keys that do not rotate within 90 days (KMS_KEY_NOT_ROTATED), policies
            that give roles to everybody (KMS_PUBLIC_KEY), keys that more than three principals
            can use (TOO_MANY_KMS_USERS), principals that both manage keys and use them
            (KMS_ROLE_SEPARATION), users that own a project with keys (KMS_PROJECT_HAS_OWNER);
            and versions that are scheduled for destruction
            (KMS_KEY_VERSION_DESTRUCTION_SCHEDULED).

            The exit status is 0 whatever is found. You need securitycenter.findings.list on the
            project.
        """,
        examples=[
            ("To list everything that is found in a project:", "findings list"),
            (
                "To list the keys of a key ring that do not rotate:",
                "findings list --location=us-east1 --keyring=prod --filter=category=KMS_KEY_NOT_ROTATED",
            ),
            ("To read more about each:", "findings list --format=yaml"),
        ],
    )


def run_list(session: Session, args: Args) -> None:
    from kmsctl.model.findings import finding_json
    from kmsctl.model.names import KeyRingName, ProjectName

    project, location, ring = session.project, args["location"], args["keyring"]
    if ring is not None:
        from kmsctl.cli import resources

        name = resources.key_ring(session, args)
        if isinstance(name, KeyRingName):
            project, location, ring = name.project, name.location, name.key_ring
    found = session.kms.list_findings(session.context, ProjectName(project), location=location, key_ring=ring)
    output.show_list(session, map(finding_json, found), TABLE, args)
