"""Every command in one table: its words, its one-line summary, and where it is declared.

Reading the table imports no command: `--help`, usage errors and completion live on it alone.
"""

from __future__ import annotations

PROGRAM = "kmsctl"

#: Words of a group → what it is about. The empty words are the program itself.
GROUPS = {
    (): "Manage cryptographic keys in an encrypted store of your own.",
    ("config",): "View and edit kmsctl properties.",
    ("config", "configurations"): "Manage named configurations, which are sets of properties.",
    ("findings",): "See what Security Command Center would say of your keys.",
    ("hsm",): "Look at PKCS#11 modules and the tokens with HSM keys.",
    ("hsm", "tokens"): "View the tokens of modules.",
    ("iam",): "See and decide who may do what.",
    ("iam", "groups"): "Manage groups of accounts.",
    ("iam", "roles"): "View roles, and manage custom ones.",
    ("iam", "service-accounts"): "Manage service accounts.",
    ("import-jobs",): "Manage import jobs.",
    ("keyrings",): "Create and manage key rings.",
    ("keys",): "Create and manage keys.",
    ("keys", "versions"): "Create and manage versions.",
    ("locations",): "View the locations that there are.",
    ("logging",): "Read, verify, export and retain the audit logs.",
    ("projects",): "Manage projects.",
    ("services",): "Manage the services that use keys.",
    ("services", "identity"): "Manage the agents of services.",
    ("store",): "Inspect and maintain the store.",
    ("store", "backup"): "Back the store up, and restore it.",
    ("store", "protectors"): "Manage what protects the root key of the store.",
    ("store", "snapshot"): "Take snapshots of the store, and go back to one.",
    ("store", "tombstones"): "Carry what is destroyed to where a backup is restored.",
}

#: Words of a command → (module in `kmsctl.cli.commands`, function that declares it, summary).
COMMANDS = {
    ("asymmetric-decrypt",): (
        "asymmetric_decrypt",
        "asymmetric_decrypt",
        "Decrypt a file with an asymmetric key.",
    ),
    ("asymmetric-sign",): ("asymmetric_sign", "sign", "Sign a file with an asymmetric key."),
    ("asymmetric-verify",): ("asymmetric_sign", "verify", "Verify a signature of an asymmetric key."),
    ("batch",): ("batch", "batch", "Run many command lines in one process."),
    ("completion",): ("completion", "completion", "Print or install the completion of a shell."),
    ("config", "configurations", "activate"): (
        "config_configurations",
        "activate",
        "Activate a configuration.",
    ),
    ("config", "configurations", "create"): ("config_configurations", "create", "Create a configuration."),
    ("config", "configurations", "delete"): ("config_configurations", "delete", "Delete configurations."),
    ("config", "configurations", "describe"): (
        "config_configurations",
        "describe",
        "Show the properties of a configuration.",
    ),
    ("config", "configurations", "list"): ("config_configurations", "list_", "List the configurations."),
    ("config", "configurations", "rename"): ("config_configurations", "rename", "Rename a configuration."),
    ("config", "get"): ("config", "get", "Print the value of a property."),
    ("config", "get-value"): ("config", "get_value", "Print the value of a property (older name of get)."),
    ("config", "list"): ("config", "list_", "List the properties that are set."),
    ("config", "set"): ("config", "set_", "Set a property."),
    ("config", "unset"): ("config", "unset", "Unset a property."),
    ("decapsulate",): (
        "asymmetric_decrypt",
        "decapsulate",
        "Recover a shared secret with a key-encapsulation key.",
    ),
    ("decrypt",): ("decrypt", "decrypt", "Decrypt a file with a symmetric key."),
    ("encrypt",): ("encrypt", "encrypt", "Encrypt a file with a symmetric key."),
    ("findings", "list"): ("findings", "list_", "List what is wrong with keys and who may use them."),
    ("generate-random-bytes",): ("random_bytes", "generate_random_bytes", "Generate random bytes."),
    ("help",): ("help", "help_", "Show the manual page of a command."),
    ("hsm", "check"): ("hsm", "check", "Try what the token with HSM keys can do."),
    ("hsm", "status"): ("hsm", "status", "Show the token with HSM keys, and what it can do."),
    ("hsm", "tokens", "list"): ("hsm", "tokens_list", "List the tokens of PKCS#11 modules."),
    ("iam", "explain"): ("iam_access", "explain", "Show why an account has a permission, or has not."),
    ("iam", "groups", "add-members"): ("iam_groups", "add_members", "Add members to a group."),
    ("iam", "groups", "create"): ("iam_groups", "create", "Create a group of accounts."),
    ("iam", "groups", "delete"): ("iam_groups", "delete", "Delete a group."),
    ("iam", "groups", "describe"): ("iam_groups", "describe", "Show a group."),
    ("iam", "groups", "import"): ("iam_groups", "import_", "Make groups what a file says."),
    ("iam", "groups", "list"): ("iam_groups", "list_", "List the groups of a project."),
    ("iam", "groups", "remove-members"): ("iam_groups", "remove_members", "Remove members from a group."),
    ("iam", "roles", "create"): ("iam_roles", "create", "Create a custom role."),
    ("iam", "roles", "delete"): ("iam_roles", "delete", "Delete a custom role."),
    ("iam", "roles", "describe"): ("iam_roles", "describe", "Show a role and its permissions."),
    ("iam", "roles", "list"): ("iam_roles", "list_", "List the roles."),
    ("iam", "roles", "undelete"): ("iam_roles", "undelete", "Bring a deleted custom role back."),
    ("iam", "roles", "update"): ("iam_roles", "update", "Update a custom role."),
    ("iam", "service-accounts", "add-iam-policy-binding"): (
        "iam_policy",
        "accounts_add",
        "Grant a role on a service account.",
    ),
    ("iam", "service-accounts", "create"): ("service_accounts", "create", "Create a service account."),
    ("iam", "service-accounts", "delete"): ("service_accounts", "delete", "Delete a service account."),
    ("iam", "service-accounts", "describe"): ("service_accounts", "describe", "Show a service account."),
    ("iam", "service-accounts", "disable"): ("service_accounts", "disable", "Disable a service account."),
    ("iam", "service-accounts", "enable"): ("service_accounts", "enable", "Enable a service account."),
    ("iam", "service-accounts", "get-iam-policy"): (
        "iam_policy",
        "accounts_get",
        "Show the IAM policy of a service account.",
    ),
    ("iam", "service-accounts", "list"): (
        "service_accounts",
        "list_",
        "List the service accounts of a project.",
    ),
    ("iam", "service-accounts", "remove-iam-policy-binding"): (
        "iam_policy",
        "accounts_remove",
        "Take a role on a service account back.",
    ),
    ("iam", "service-accounts", "set-iam-policy"): (
        "iam_policy",
        "accounts_set",
        "Replace the IAM policy of a service account.",
    ),
    ("iam", "who-can"): ("iam_access", "who_can", "List who is granted a permission."),
    ("import-jobs", "add-iam-policy-binding"): (
        "iam_policy",
        "import_jobs_add",
        "Grant a role on an import job.",
    ),
    ("import-jobs", "create"): ("import_jobs", "create", "Create an import job."),
    ("import-jobs", "describe"): ("import_jobs", "describe", "Show an import job."),
    ("import-jobs", "get-iam-policy"): (
        "iam_policy",
        "import_jobs_get",
        "Show the IAM policy of an import job.",
    ),
    ("import-jobs", "list"): ("import_jobs", "list_", "List the import jobs of a key ring."),
    ("import-jobs", "remove-iam-policy-binding"): (
        "iam_policy",
        "import_jobs_remove",
        "Take a role on an import job back.",
    ),
    ("import-jobs", "set-iam-policy"): (
        "iam_policy",
        "import_jobs_set",
        "Replace the IAM policy of an import job.",
    ),
    ("import-jobs", "wrap"): ("import_jobs_wrap", "wrap", "Wrap a key for an import job, on any machine."),
    ("info",): ("info", "info", "Show where everything lives and what protects it."),
    ("keyrings", "add-iam-policy-binding"): ("iam_policy", "keyrings_add", "Grant a role on a key ring."),
    ("keyrings", "create"): ("keyrings", "create", "Create a key ring."),
    ("keyrings", "describe"): ("keyrings", "describe", "Show a key ring."),
    ("keyrings", "get-iam-policy"): ("iam_policy", "keyrings_get", "Show the IAM policy of a key ring."),
    ("keyrings", "history"): ("history", "key_rings", "List what was done to a key ring."),
    ("keyrings", "list"): ("keyrings", "list_", "List the key rings of a location."),
    ("keyrings", "remove-iam-policy-binding"): (
        "iam_policy",
        "keyrings_remove",
        "Take a role on a key ring back.",
    ),
    ("keyrings", "set-iam-policy"): ("iam_policy", "keyrings_set", "Replace the IAM policy of a key ring."),
    ("keyrings", "test-iam-permissions"): (
        "iam_policy",
        "keyrings_test",
        "Show which permissions you have on a key ring.",
    ),
    ("keys", "add-iam-policy-binding"): ("iam_policy", "keys_add", "Grant a role on a key."),
    ("keys", "create"): ("keys_create", "create", "Create a key."),
    ("keys", "describe"): ("keys", "describe", "Show a key."),
    ("keys", "get-iam-policy"): ("iam_policy", "keys_get", "Show the IAM policy of a key."),
    ("keys", "history"): ("history", "keys", "List what was done to a key and its versions."),
    ("keys", "list"): ("keys", "list_", "List the keys of a key ring."),
    ("keys", "remove-iam-policy-binding"): ("iam_policy", "keys_remove", "Take a role on a key back."),
    ("keys", "remove-rotation-schedule"): (
        "keys_rotation",
        "remove_rotation_schedule",
        "Remove the rotation schedule of a key.",
    ),
    ("keys", "set-iam-policy"): ("iam_policy", "keys_set", "Replace the IAM policy of a key."),
    ("keys", "set-primary-version"): (
        "keys",
        "set_primary_version",
        "Make a version the primary version of its key.",
    ),
    ("keys", "set-rotation-schedule"): (
        "keys_rotation",
        "set_rotation_schedule",
        "Set the rotation schedule of a key.",
    ),
    ("keys", "test-iam-permissions"): (
        "iam_policy",
        "keys_test",
        "Show which permissions you have on a key.",
    ),
    ("keys", "update"): ("keys_update", "update", "Update a key."),
    ("keys", "versions", "create"): ("versions", "create", "Create a version of a key."),
    ("keys", "versions", "describe"): ("versions", "describe", "Show a version."),
    ("keys", "versions", "destroy"): ("versions_state", "destroy", "Schedule a version for destruction."),
    ("keys", "versions", "disable"): ("versions_state", "disable", "Disable a version."),
    ("keys", "versions", "enable"): ("versions_state", "enable", "Enable a version."),
    ("keys", "versions", "get-certificate-chain"): (
        "versions_public",
        "get_certificate_chain",
        "Print the certificate chains of a version in an HSM.",
    ),
    ("keys", "versions", "get-public-key"): (
        "versions_public",
        "get_public_key",
        "Print the public key of a version.",
    ),
    ("keys", "versions", "import"): ("versions_import", "import_", "Import a key as a version."),
    ("keys", "versions", "list"): ("versions", "list_", "List the versions of a key."),
    ("keys", "versions", "restore"): (
        "versions_state",
        "restore",
        "Cancel the scheduled destruction of a version.",
    ),
    ("keys", "versions", "update"): ("versions_state", "update", "Update a version."),
    ("locations", "describe"): ("locations", "describe", "Show a location."),
    ("locations", "list"): ("locations", "list_", "List all locations."),
    ("logging", "delete"): ("logging", "delete", "Remove old records from the audit logs."),
    ("logging", "export"): ("logging", "export", "Export the audit logs with signed checkpoints."),
    ("logging", "get-public-key"): (
        "logging",
        "get_public_key",
        "Print the public keys that verify exported logs.",
    ),
    ("logging", "read"): ("logging_read", "read", "Read log entries."),
    ("logging", "verify"): ("logging_verify", "verify", "Find what was changed in the audit logs."),
    ("mac-sign",): ("mac", "sign", "Compute the MAC tag of a file."),
    ("mac-verify",): ("mac", "verify", "Verify the MAC tag of a file."),
    ("projects", "add-iam-policy-binding"): ("iam_policy", "projects_add", "Grant a role on a project."),
    ("projects", "create"): ("projects", "create", "Create a project."),
    ("projects", "describe"): ("projects", "describe", "Show a project."),
    ("projects", "get-iam-policy"): ("iam_policy", "projects_get", "Show the IAM policy of a project."),
    ("projects", "list"): ("projects", "list_", "List the projects you may see."),
    ("projects", "remove-iam-policy-binding"): (
        "iam_policy",
        "projects_remove",
        "Take a role on a project back.",
    ),
    ("projects", "set-iam-policy"): ("iam_policy", "projects_set", "Replace the IAM policy of a project."),
    ("projects", "test-iam-permissions"): (
        "iam_policy",
        "projects_test",
        "Show which permissions you have on a project.",
    ),
    ("quickstart",): (
        "quickstart",
        "quickstart",
        "Encrypt, rotate and decrypt for a first time, step by step.",
    ),
    ("raw-decrypt",): ("raw_decrypt", "raw_decrypt", "Decrypt a file with a raw AES key."),
    ("raw-encrypt",): ("raw_encrypt", "raw_encrypt", "Encrypt a file with a raw AES key."),
    ("services", "identity", "create"): (
        "service_accounts",
        "create_identity",
        "Make a service's agent in a project.",
    ),
    ("store", "accept-rollback"): (
        "store",
        "accept_rollback",
        "Accept a database that is older than it should be, or missing.",
    ),
    ("store", "backup", "create"): ("store_backup", "create", "Back the store up into a file."),
    ("store", "backup", "list"): ("store_backup", "list_", "List the backups in a directory."),
    ("store", "backup", "prune"): ("store_backup", "prune", "Remove all backups but the newest."),
    ("store", "backup", "restore"): ("store_restore", "restore", "Restore a backup."),
    ("store", "backup", "verify"): ("store_backup", "verify", "Check everything in a backup."),
    ("store", "export"): ("store_moving", "export", "Export a key ring to another store."),
    ("store", "get-public-key"): (
        "store_moving",
        "get_public_key",
        "Write the public key that key rings are exported to.",
    ),
    ("store", "import"): ("store_moving", "import_", "Import a key ring from another store."),
    ("store", "init"): ("protectors", "init", "Make the store, with a protector of your choice."),
    ("store", "lock"): ("unlocking", "lock", "End the agent that keeps the root key."),
    ("store", "maintain"): ("store", "maintain", "Do everything that is due."),
    ("store", "protectors", "add"): ("protectors", "add", "Add a protector of the root key."),
    ("store", "protectors", "list"): ("protectors", "list_", "List the protectors of the root key."),
    ("store", "protectors", "remove"): ("protectors", "remove", "Remove a protector of the root key."),
    ("store", "rotate-master-key"): ("rotation", "master_key", "Rotate the master key of a location."),
    ("store", "rotate-root-key"): ("rotation", "root_key", "Rotate the root key of the store."),
    ("store", "repair"): ("store", "repair", "Do what can safely be done about damage."),
    ("store", "snapshot", "create"): ("store_snapshot", "create", "Take a snapshot of what has changed."),
    ("store", "snapshot", "list"): ("store_snapshot", "list_", "List the snapshots."),
    ("store", "snapshot", "restore"): (
        "store_snapshot",
        "restore",
        "Go back to the state of a snapshot.",
    ),
    ("store", "status"): ("store", "status", "Show the databases of the store."),
    ("store", "tombstones", "export"): (
        "store_restore",
        "export_tombstones",
        "Write the list of what is destroyed.",
    ),
    ("store", "unlock"): ("unlocking", "unlock", "Keep the root key in an agent for a while."),
    ("store", "verify"): ("store", "verify", "Check everything in the store."),
    ("version",): ("info", "version", "Print the versions of kmsctl and of what it stands on."),
}

#: Commands and groups of `gcloud kms` (and newer ones) that kmsctl has not got yet.
NOT_YET = frozenset(
    tuple(words.split())
    for words in (
        "autokey-config",
        "ekm-config",
        "ekm-connections",
        "inventory",
        "kaj-config",
        "kaj-enrollment",
        "key-handles",
        "keyrings delete",
        "keys delete",
        "keys versions delete",
        "keys versions export-trusted-key-wrapped",
        "keys versions import-trusted-key-wrapped",
        "operations",
        "retired-resources",
        "single-tenant-hsm",
    )
)


def children(words: tuple[str, ...]) -> dict[str, str]:
    """Returns the names directly below a group with their summaries, in order."""
    below = {path[-1]: summary for path, summary in GROUPS.items() if path and path[:-1] == words}
    below.update({path[-1]: entry[2] for path, entry in COMMANDS.items() if path[:-1] == words})
    return dict(sorted(below.items()))


def dotted(words: tuple[str, ...]) -> str:
    """Returns a command's name as errors have it: ``kmsctl.keys.create``."""
    return ".".join((PROGRAM, *words))


def spoken(words: tuple[str, ...]) -> str:
    """Returns a command's name as it is typed: ``kmsctl keys create``."""
    return " ".join((PROGRAM, *words))
