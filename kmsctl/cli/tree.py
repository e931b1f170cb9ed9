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
    ("import-jobs",): "Create and manage import jobs.",
    ("keyrings",): "Create and manage key rings.",
    ("keys",): "Create and manage keys.",
    ("keys", "versions"): "Create and manage versions.",
    ("locations",): "View the locations that there are.",
    ("store",): "Inspect and maintain the store.",
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
    ("completion",): ("completion", "completion", "Print or install the completion of a shell."),
    ("batch",): ("batch", "batch", "Run many command lines in one process."),
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
    ("generate-random-bytes",): (
        "random_bytes",
        "generate_random_bytes",
        "Generate random bytes.",
    ),
    ("help",): ("help", "help_", "Show the manual page of a command."),
    ("import-jobs", "create"): ("import_jobs", "create", "Create an import job."),
    ("import-jobs", "describe"): ("import_jobs", "describe", "Show an import job."),
    ("import-jobs", "list"): ("import_jobs", "list_", "List the import jobs of a key ring."),
    ("import-jobs", "wrap"): (
        "import_jobs_wrap",
        "wrap",
        "Wrap a key for an import job, on any machine.",
    ),
    ("info",): ("info", "info", "Show where everything lives and what protects it."),
    ("keyrings", "create"): ("keyrings", "create", "Create a key ring."),
    ("keyrings", "describe"): ("keyrings", "describe", "Show a key ring."),
    ("keyrings", "list"): ("keyrings", "list_", "List the key rings of a location."),
    ("keys", "create"): ("keys_create", "create", "Create a key."),
    ("keys", "describe"): ("keys", "describe", "Show a key."),
    ("keys", "list"): ("keys", "list_", "List the keys of a key ring."),
    ("keys", "remove-rotation-schedule"): (
        "keys_rotation",
        "remove_rotation_schedule",
        "Remove the rotation schedule of a key.",
    ),
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
    ("mac-sign",): ("mac", "sign", "Compute the MAC tag of a file."),
    ("mac-verify",): ("mac", "verify", "Verify the MAC tag of a file."),
    ("quickstart",): (
        "quickstart",
        "quickstart",
        "Encrypt, rotate and decrypt for a first time, step by step.",
    ),
    ("raw-decrypt",): ("raw_decrypt", "raw_decrypt", "Decrypt a file with a raw AES key."),
    ("raw-encrypt",): ("raw_encrypt", "raw_encrypt", "Encrypt a file with a raw AES key."),
    ("store", "accept-rollback"): (
        "store",
        "accept_rollback",
        "Accept a database that is older than it should be, or missing.",
    ),
    ("store", "maintain"): ("store", "maintain", "Do everything that is due."),
    ("store", "status"): ("store", "status", "Show the databases of the store."),
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
        "import-jobs add-iam-policy-binding",
        "import-jobs get-iam-policy",
        "import-jobs remove-iam-policy-binding",
        "import-jobs set-iam-policy",
        "inventory",
        "kaj-config",
        "kaj-enrollment",
        "key-handles",
        "keyrings add-iam-policy-binding",
        "keyrings delete",
        "keyrings get-iam-policy",
        "keyrings remove-iam-policy-binding",
        "keyrings set-iam-policy",
        "keys add-iam-policy-binding",
        "keys delete",
        "keys get-iam-policy",
        "keys remove-iam-policy-binding",
        "keys set-iam-policy",
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
