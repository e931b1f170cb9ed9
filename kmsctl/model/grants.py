"""Which permissions a role grants: Google's roles, those of neighbouring services, and what is kmsctl's own.

`kmsctl.model.roles` has the roles as Google publishes them for Cloud KMS; here is what is added to them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kmsctl.model.roles import Role

OWNER = "roles/owner"
_LOGS = ("logging.logEntries.list", "logging.logs.list")
_GROUPS = ("kmsctl.groups.get", "kmsctl.groups.list")

#: The store's own verbs: the owner role alone has them.
STORE_PERMISSIONS = tuple(
    f"kmsctl.store.{verb}"
    for verb in (
        "acceptRollback",
        "backup",
        "export",
        "exportLogs",
        "get",
        "import",
        "maintain",
        "protectors",
        "repair",
        "restore",
        "retainLogs",
        "rotate",
        "snapshot",
        "verify",
        "verifyLogs",
    )
)

#: Role → permissions that Google's list of it has not got, or leaves to other services.
_ADDED = {
    OWNER: (
        *STORE_PERMISSIONS,
        *_GROUPS,
        "kmsctl.groups.create",
        "kmsctl.groups.delete",
        "kmsctl.groups.import",
        "kmsctl.groups.update",
        "logging.privateLogEntries.list",
        "securitycenter.findings.list",
        "serviceusage.services.enable",
        *_LOGS,
    ),
    "roles/editor": (*_LOGS, *_GROUPS, "serviceusage.services.enable"),
    "roles/viewer": (*_LOGS, *_GROUPS),
}

#: id, title, description, permissions, of roles of services beside Cloud KMS.
_NEIGHBOURS = (
    (
        "roles/iam.roleAdmin",
        "Role Administrator",
        "Administers the custom roles of a project.",
        "iam.roles create delete get list undelete update;resourcemanager.projects get getIamPolicy",
    ),
    (
        "roles/iam.roleViewer",
        "Role Viewer",
        "Shows the custom roles of a project.",
        "iam.roles get list;resourcemanager.projects get getIamPolicy",
    ),
    (
        "roles/iam.securityAdmin",
        "Security Admin",
        "Shows and sets all policies of a project.",
        (
            "cloudkms.cryptoKeys getIamPolicy list setIamPolicy;"
            "cloudkms.importJobs getIamPolicy list setIamPolicy;"
            "cloudkms.keyRings getIamPolicy list setIamPolicy;"
            "iam.roles get list;"
            "iam.serviceAccounts get getIamPolicy list setIamPolicy;"
            "resourcemanager.projects get getIamPolicy list setIamPolicy"
        ),
    ),
    (
        "roles/iam.serviceAccountAdmin",
        "Service Account Admin",
        "Makes and manages service accounts.",
        (
            "iam.serviceAccounts create delete disable enable get getIamPolicy list;"
            "iam.serviceAccounts setIamPolicy undelete update;"
            "resourcemanager.projects get list"
        ),
    ),
    (
        "roles/iam.serviceAccountTokenCreator",
        "Service Account Token Creator",
        "Acts as service accounts.",
        "iam.serviceAccounts get getAccessToken getOpenIdToken implicitDelegation list signBlob signJwt",
    ),
    (
        "roles/iam.serviceAccountUser",
        "Service Account User",
        "Runs operations as the service account.",
        "iam.serviceAccounts actAs get list;resourcemanager.projects get list",
    ),
    (
        "roles/iam.serviceAccountViewer",
        "View Service Accounts",
        "Shows service accounts and their policies.",
        "iam.serviceAccounts get getIamPolicy list;resourcemanager.projects get list",
    ),
    (
        "roles/logging.privateLogViewer",
        "Private Logs Viewer",
        "Shows logs, data access among them.",
        (
            "logging.logEntries list;logging.logs list;logging.privateLogEntries list;"
            "resourcemanager.projects get"
        ),
    ),
    (
        "roles/logging.viewer",
        "Logs Viewer",
        "Shows logs, except data access.",
        "logging.logEntries list;logging.logs list;resourcemanager.projects get",
    ),
    (
        "roles/resourcemanager.projectIamAdmin",
        "Project IAM Admin",
        "Shows and sets the policy of a project.",
        (
            "resourcemanager.projects createPolicyBinding deletePolicyBinding get getIamPolicy "
            "searchPolicyBindings setIamPolicy updatePolicyBinding"
        ),
    ),
    (
        "roles/securitycenter.findingsViewer",
        "Security Center Findings Viewer",
        "Shows findings.",
        "resourcemanager.projects get;securitycenter.findings list",
    ),
)

_cache: dict[str, frozenset[str] | None] = {}


def permissions_of(role_id: str) -> frozenset[str] | None:
    """Returns the permissions of a predefined role, or None where there is no such role."""
    if role_id not in _cache:
        role = find(role_id)
        _cache[role_id] = None if role is None else frozenset(role.permissions)
    return _cache[role_id]


def find(role_id: str) -> Role | None:
    """Returns a predefined role with all that it grants here, or None where there is no such role."""
    from kmsctl.model import roles

    published = roles.find(role_id)
    if published is not None:
        permissions = tuple(sorted({*published.permissions, *_ADDED.get(role_id, ())}))
        return roles.Role(role_id, published.title, published.stage, published.description, permissions)
    for neighbour, title, description, spelled in _NEIGHBOURS:
        if neighbour == role_id:
            return roles.Role(role_id, title, "GA", description, roles.spell_out(spelled))
    return None


def all_roles() -> list[Role]:
    """Returns all predefined roles, in the order of their ids."""
    from kmsctl.model import roles

    names = [*(role.id for role in roles.ROLES), *(row[0] for row in _NEIGHBOURS)]
    return [role for role in map(find, sorted(names)) if role is not None]


def known_permissions() -> frozenset[str]:
    """Returns every permission that some predefined role has: what custom roles can be made of."""
    return frozenset(permission for role in all_roles() for permission in role.permissions)
