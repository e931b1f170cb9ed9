"""Predefined roles: the basic ones and those of Cloud KMS, with their permissions.

From Google's list of roles as of August 2026. Basic roles hold permissions of nearly every service;
here are those of Cloud KMS, IAM and Resource Manager. No role has the permissions of the store's own
methods (``kmsctl.store.*``).
"""

from __future__ import annotations


class Role:
    """A role.

    Attributes:
        id: its name in policies, such as ``roles/cloudkms.admin``.
        title: a short name for people.
        stage: ``GA`` or ``BETA``.
        description: one sentence.
        permissions: in alphabetical order, such as ``cloudkms.keyRings.get``.
    """

    __slots__ = ("description", "id", "permissions", "stage", "title")

    def __init__(
        self, role_id: str, title: str, stage: str, description: str, permissions: tuple[str, ...]
    ) -> None:
        self.id = role_id
        self.title = title
        self.stage = stage
        self.description = description
        self.permissions = permissions


def find(role_id: str) -> Role | None:
    """Returns the predefined role of this name, or None where there is none."""
    return _BY_ID.get(role_id)


def spell_out(permissions: str) -> tuple[str, ...]:
    """Turns ``keyRings get list;iam.roles get`` into full permissions."""
    names = []
    for group in filter(None, permissions.split(";")):
        collection, *verbs = group.split()
        prefix = collection if "." in collection else f"cloudkms.{collection}"
        names += [f"{prefix}.{verb}" for verb in verbs]
    return tuple(sorted(names))


#: id, title, stage, description, and permissions: for each collection its name, its verbs and a
#: semicolon. Collections without a dot are those of Cloud KMS.
_TABLE = (
    (
        "roles/owner",
        "Owner",
        "GA",
        "Everything in the project, and who may do it.",
        (
            "autokeyConfigs get update;"
            "cryptoKeyVersions create delete destroy get list managePqcSign manageRawAesCbcKeys;"
            "cryptoKeyVersions manageRawAesCtrKeys manageRawPKCS1Keys restore trustedImportExport;"
            "cryptoKeyVersions update useToDecapsulate useToDecrypt useToDecryptViaDelegation;"
            "cryptoKeyVersions useToEncrypt useToEncryptViaDelegation useToSign useToVerify;"
            "cryptoKeyVersions viewPublicKey;"
            "cryptoKeys create delete get getIamPolicy list setIamPolicy update;"
            "ekmConfigs get getIamPolicy setIamPolicy update;"
            "ekmConnections create get getIamPolicy list setIamPolicy update use verifyConnectivity;"
            "folders showEffectiveAutokeyConfig;"
            "importJobs create delete get getIamPolicy list setIamPolicy useToImport;"
            "kajPolicyConfigs get update;"
            "keyHandles create get list;"
            "keyRings create createTagBinding delete deleteTagBinding get getIamPolicy list;"
            "keyRings listEffectiveTags listTagBindings setIamPolicy;"
            "locations generateRandomBytes get list optOutKeyDeletionMsa;"
            "operations get;"
            "projects showEffectiveAutokeyConfig showEffectiveKajEnrollmentConfig;"
            "projects showEffectiveKajPolicyConfig;"
            "protectableResources list;"
            "protectedResources search;"
            "retiredResources get list;"
            "singleTenantHsmInstanceProposals approve create delete execute get list;"
            "singleTenantHsmInstances create get list use;"
            "iam.denypolicies get list;"
            "iam.roles create createTagBinding delete deleteTagBinding get list listEffectiveTags;"
            "iam.roles listTagBindings undelete update;"
            "iam.serviceAccountKeys create delete disable enable get list;"
            "iam.serviceAccounts actAs create createTagBinding delete deleteTagBinding disable;"
            "iam.serviceAccounts enable get getIamPolicy list listEffectiveTags listTagBindings;"
            "iam.serviceAccounts setIamPolicy undelete update;"
            "resourcemanager.projects createBillingAssignment createPolicyBinding delete;"
            "resourcemanager.projects deleteBillingAssignment deletePolicyBinding get getIamPolicy;"
            "resourcemanager.projects list move searchPolicyBindings setIamPolicy undelete update;"
            "resourcemanager.projects updateLiens updatePolicyBinding;"
            "resourcemanager.tagKeys create delete get getIamPolicy list setIamPolicy update;"
            "resourcemanager.tagValueBindings create delete;"
            "resourcemanager.tagValues create delete get getIamPolicy list setIamPolicy update;"
        ),
    ),
    (
        "roles/editor",
        "Editor",
        "GA",
        "View and change most resources; no use of keys, and no say in who may.",
        (
            "autokeyConfigs get update;"
            "cryptoKeyVersions create delete get list trustedImportExport update;"
            "cryptoKeys create delete get getIamPolicy list update;"
            "ekmConfigs get getIamPolicy update;"
            "ekmConnections create get getIamPolicy list update use verifyConnectivity;"
            "folders showEffectiveAutokeyConfig;"
            "importJobs create delete get getIamPolicy list useToImport;"
            "kajPolicyConfigs get update;"
            "keyHandles create get list;"
            "keyRings create delete get getIamPolicy list listEffectiveTags listTagBindings;"
            "locations generateRandomBytes get list;"
            "operations get;"
            "projects showEffectiveAutokeyConfig showEffectiveKajEnrollmentConfig;"
            "projects showEffectiveKajPolicyConfig;"
            "protectableResources list;"
            "protectedResources search;"
            "retiredResources get list;"
            "singleTenantHsmInstanceProposals approve create delete execute get list;"
            "singleTenantHsmInstances create get list use;"
            "iam.denypolicies get list;"
            "iam.roles get list listEffectiveTags listTagBindings;"
            "iam.serviceAccountKeys create delete disable enable get list;"
            "iam.serviceAccounts actAs create delete disable enable get getIamPolicy list;"
            "iam.serviceAccounts listEffectiveTags listTagBindings update;"
            "resourcemanager.projects get getIamPolicy list move searchPolicyBindings update;"
            "resourcemanager.tagKeys create delete get getIamPolicy list update;"
            "resourcemanager.tagValueBindings create delete;"
            "resourcemanager.tagValues create delete get getIamPolicy list update;"
        ),
    ),
    (
        "roles/viewer",
        "Viewer",
        "GA",
        "View most resources.",
        (
            "autokeyConfigs get;"
            "cryptoKeyVersions get list;"
            "cryptoKeys get getIamPolicy list;"
            "ekmConfigs get getIamPolicy;"
            "ekmConnections get getIamPolicy list verifyConnectivity;"
            "folders showEffectiveAutokeyConfig;"
            "importJobs get getIamPolicy list;"
            "kajPolicyConfigs get;"
            "keyHandles get list;"
            "keyRings get getIamPolicy list listEffectiveTags listTagBindings;"
            "locations generateRandomBytes get list;"
            "operations get;"
            "projects showEffectiveAutokeyConfig showEffectiveKajEnrollmentConfig;"
            "projects showEffectiveKajPolicyConfig;"
            "protectableResources list;"
            "protectedResources search;"
            "retiredResources get list;"
            "singleTenantHsmInstanceProposals get list;"
            "singleTenantHsmInstances get list;"
            "iam.denypolicies get list;"
            "iam.roles get list listEffectiveTags listTagBindings;"
            "iam.serviceAccountKeys get list;"
            "iam.serviceAccounts get getIamPolicy list listEffectiveTags listTagBindings;"
            "resourcemanager.projects get getIamPolicy list searchPolicyBindings;"
            "resourcemanager.tagKeys get getIamPolicy list;"
            "resourcemanager.tagValues get getIamPolicy list;"
        ),
    ),
    (
        "roles/browser",
        "Browser",
        "GA",
        "View the project, not what is in it.",
        "resourcemanager.projects get getIamPolicy list",
    ),
    (
        "roles/cloudkms.admin",
        "Cloud KMS Admin",
        "GA",
        "Enables management of crypto resources.",
        (
            "autokeyConfigs get update;"
            "cryptoKeyVersions create delete destroy get list restore trustedImportExport update;"
            "cryptoKeyVersions useToDecryptViaDelegation useToEncryptViaDelegation;"
            "cryptoKeys create delete get getIamPolicy list setIamPolicy update;"
            "ekmConfigs get getIamPolicy setIamPolicy update;"
            "ekmConnections create get getIamPolicy list setIamPolicy update use verifyConnectivity;"
            "folders showEffectiveAutokeyConfig;"
            "importJobs create delete get getIamPolicy list setIamPolicy useToImport;"
            "kajPolicyConfigs get update;"
            "keyHandles create get list;"
            "keyRings create createTagBinding delete deleteTagBinding get getIamPolicy list;"
            "keyRings listEffectiveTags listTagBindings setIamPolicy;"
            "locations get list optOutKeyDeletionMsa;"
            "operations get;"
            "projects showEffectiveAutokeyConfig showEffectiveKajEnrollmentConfig;"
            "projects showEffectiveKajPolicyConfig;"
            "retiredResources get list;"
            "singleTenantHsmInstanceProposals delete get list;"
            "singleTenantHsmInstances create get list use;"
            "resourcemanager.projects get;"
        ),
    ),
    (
        "roles/cloudkms.autokeyAdmin",
        "Cloud KMS Autokey Admin",
        "GA",
        "Enables management of AutokeyConfig.",
        ("autokeyConfigs get update;folders showEffectiveAutokeyConfig;projects showEffectiveAutokeyConfig;"),
    ),
    (
        "roles/cloudkms.autokeyUser",
        "Cloud KMS Autokey User",
        "GA",
        "Grants ability to use KeyHandle resources.",
        ("keyHandles create get list;operations get;projects showEffectiveAutokeyConfig;"),
    ),
    (
        "roles/cloudkms.cryptoKeyDecrypter",
        "Cloud KMS CryptoKey Decrypter",
        "GA",
        "Enables Decrypt operations",
        ("cryptoKeyVersions useToDecrypt;locations get list;resourcemanager.projects get;"),
    ),
    (
        "roles/cloudkms.cryptoKeyDecrypterViaDelegation",
        "Cloud KMS CryptoKey Decrypter Via Delegation",
        "GA",
        "Enables Decrypt operations via other GCP services",
        ("cryptoKeyVersions useToDecryptViaDelegation;locations get list;resourcemanager.projects get list;"),
    ),
    (
        "roles/cloudkms.cryptoKeyEncrypter",
        "Cloud KMS CryptoKey Encrypter",
        "GA",
        "Enables Encrypt operations",
        ("cryptoKeyVersions useToEncrypt;locations get list;resourcemanager.projects get;"),
    ),
    (
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "Cloud KMS CryptoKey Encrypter/Decrypter",
        "GA",
        "Enables Encrypt and Decrypt operations",
        ("cryptoKeyVersions useToDecrypt useToEncrypt;locations get list;resourcemanager.projects get;"),
    ),
    (
        "roles/cloudkms.cryptoKeyEncrypterDecrypterViaDelegation",
        "Cloud KMS CryptoKey Encrypter/Decrypter Via Delegation",
        "GA",
        "Enables Encrypt and Decrypt operations via other GCP services",
        (
            "cryptoKeyVersions useToDecryptViaDelegation useToEncryptViaDelegation;"
            "locations get list;"
            "resourcemanager.projects get list;"
        ),
    ),
    (
        "roles/cloudkms.cryptoKeyEncrypterViaDelegation",
        "Cloud KMS CryptoKey Encrypter Via Delegation",
        "GA",
        "Enables Encrypt operations via other GCP services",
        ("cryptoKeyVersions useToEncryptViaDelegation;locations get list;resourcemanager.projects get list;"),
    ),
    (
        "roles/cloudkms.cryptoOperator",
        "Cloud KMS Crypto Operator",
        "GA",
        "Enables all Crypto Operations.",
        (
            "cryptoKeyVersions useToDecapsulate useToDecrypt useToEncrypt useToSign useToVerify;"
            "cryptoKeyVersions viewPublicKey;"
            "locations generateRandomBytes get list;"
            "resourcemanager.projects get;"
        ),
    ),
    (
        "roles/cloudkms.decapsulator",
        "Cloud KMS CryptoKey Decapsulator",
        "BETA",
        "Enables Decapsulate and GetPublicKey operations",
        ("cryptoKeyVersions useToDecapsulate viewPublicKey;locations get list;resourcemanager.projects get;"),
    ),
    (
        "roles/cloudkms.ekmConnectionsAdmin",
        "Cloud KMS EkmConnections Admin",
        "GA",
        "Enables management of EkmConnections.",
        (
            "ekmConfigs get update;"
            "ekmConnections create get list update verifyConnectivity;"
            "resourcemanager.projects get list;"
        ),
    ),
    (
        "roles/cloudkms.encryptionDashboardViewer",
        "Cloud KMS Encryption Dashboard Viewer",
        "GA",
        "Enables viewing KMS encryption dashboard.",
        ("cryptoKeys list;protectableResources list;"),
    ),
    (
        "roles/cloudkms.expertPqcSigner",
        "Cloud KMS Expert PQ Asymmetric Signing Key Manager",
        "GA",
        "Enables PQ asymmetric signing key management.",
        ("cryptoKeyVersions managePqcSign;locations get list;resourcemanager.projects get list;"),
    ),
    (
        "roles/cloudkms.expertRawAesCbc",
        "Cloud KMS Expert Raw AES-CBC Key Manager",
        "GA",
        "Enables raw AES-CBC keys management.",
        ("cryptoKeyVersions manageRawAesCbcKeys;locations get list;resourcemanager.projects get list;"),
    ),
    (
        "roles/cloudkms.expertRawAesCtr",
        "Cloud KMS Expert Raw AES-CTR Key Manager",
        "GA",
        "Enables raw AES-CTR keys management.",
        ("cryptoKeyVersions manageRawAesCtrKeys;locations get list;resourcemanager.projects get list;"),
    ),
    (
        "roles/cloudkms.expertRawPKCS1",
        "Cloud KMS Expert Raw PKCS#1 Key Manager",
        "GA",
        "Enables raw PKCS#1 keys management.",
        ("cryptoKeyVersions manageRawPKCS1Keys;locations get list;resourcemanager.projects get list;"),
    ),
    (
        "roles/cloudkms.hsmSingleTenantExecutor",
        "Cloud KMS single-tenant HSM Executor",
        "GA",
        "Grants ability to execute SingleTenantHsmInstanceProposal resources.",
        (
            "operations get;"
            "singleTenantHsmInstanceProposals execute get list;"
            "singleTenantHsmInstances get list;"
        ),
    ),
    (
        "roles/cloudkms.hsmSingleTenantKeyCreator",
        "Cloud KMS single-tenant HSM Key Creator",
        "GA",
        (
            "Grants ability to use single-tenant HSM instances to create keys. This role must be combined "
            "with another role that grants the ability to create cryptoKeys."
        ),
        "singleTenantHsmInstances get list use",
    ),
    (
        "roles/cloudkms.hsmSingleTenantProposer",
        "Cloud KMS single-tenant HSM Proposer",
        "GA",
        "Grants ability to create SingleTenantHsmInstances and SingleTenantHsmInstanceProposals.",
        (
            "operations get;"
            "singleTenantHsmInstanceProposals create delete get list;"
            "singleTenantHsmInstances create get list;"
        ),
    ),
    (
        "roles/cloudkms.hsmSingleTenantQuorumMember",
        "Cloud KMS single-tenant HSM Quorum Member",
        "GA",
        "Grants ability to approve SingleTenantHsmInstanceProposal resources.",
        (
            "operations get;"
            "singleTenantHsmInstanceProposals approve get list;"
            "singleTenantHsmInstances get list;"
        ),
    ),
    (
        "roles/cloudkms.importer",
        "Cloud KMS Importer",
        "GA",
        "Enables ImportCryptoKeyVersion, CreateImportJob, ListImportJobs, and GetImportJob operations",
        (
            "cryptoKeyVersions trustedImportExport;"
            "importJobs create get list useToImport;"
            "locations get list;"
            "resourcemanager.projects get;"
        ),
    ),
    (
        "roles/cloudkms.keyAccessJustificationsEnrollmentConfigViewer",
        "Key Access Justifications Enrollment Viewer",
        "GA",
        "Grant ability to view Key Access Justification enrollment configs of a project.",
        "projects showEffectiveKajEnrollmentConfig",
    ),
    (
        "roles/cloudkms.keyAccessJustificationsPolicyConfigAdmin",
        "Key Access Justifications Policy Config Admin",
        "GA",
        "Grant ability to manage Key Access Justifications Policy at parent resource level.",
        ("kajPolicyConfigs get update;projects showEffectiveKajPolicyConfig;"),
    ),
    (
        "roles/cloudkms.orgServiceAgent",
        "Cloud KMS Organization Service Agent",
        "GA",
        "Gives Cloud KMS organization-level service account access to managed resources.",
        "cloudasset.assets listResource searchAllIamPolicies searchAllResources",
    ),
    (
        "roles/cloudkms.protectedResourcesViewer",
        "Cloud KMS Protected Resources Viewer",
        "GA",
        "Enables viewing protected resources.",
        "protectedResources search",
    ),
    (
        "roles/cloudkms.publicKeyViewer",
        "Cloud KMS CryptoKey Public Key Viewer",
        "GA",
        "Enables GetPublicKey operations",
        ("cryptoKeyVersions viewPublicKey;locations get list;resourcemanager.projects get;"),
    ),
    (
        "roles/cloudkms.serviceAgent",
        "Cloud KMS Service Agent",
        "GA",
        "Gives Cloud KMS service account access to managed resources.",
        (
            "cloudasset.assets listCloudkmsCryptoKeys listResource searchAllIamPolicies;"
            "cloudasset.assets searchAllResources;"
            "cryptoKeys create getIamPolicy setIamPolicy;"
            "keyRings create get;"
        ),
    ),
    (
        "roles/cloudkms.signer",
        "Cloud KMS CryptoKey Signer",
        "GA",
        "Enables Sign operations",
        ("cryptoKeyVersions useToSign;locations get list;resourcemanager.projects get;"),
    ),
    (
        "roles/cloudkms.signerVerifier",
        "Cloud KMS CryptoKey Signer/Verifier",
        "GA",
        "Enables Sign, Verify, and GetPublicKey operations",
        (
            "cryptoKeyVersions useToSign useToVerify viewPublicKey;"
            "locations get list;"
            "resourcemanager.projects get;"
        ),
    ),
    (
        "roles/cloudkms.verifier",
        "Cloud KMS CryptoKey Verifier",
        "GA",
        "Enables Verify and GetPublicKey operations",
        ("cryptoKeyVersions useToVerify viewPublicKey;locations get list;resourcemanager.projects get;"),
    ),
    (
        "roles/cloudkms.viewer",
        "Cloud KMS Viewer",
        "GA",
        "Enables Get and List operations.",
        (
            "autokeyConfigs get;"
            "cryptoKeyVersions get list;"
            "cryptoKeys get list;"
            "ekmConfigs get;"
            "ekmConnections get list;"
            "folders showEffectiveAutokeyConfig;"
            "importJobs get list;"
            "kajPolicyConfigs get;"
            "keyHandles get list;"
            "keyRings get list;"
            "locations get list;"
            "operations get;"
            "projects showEffectiveAutokeyConfig;"
            "protectableResources list;"
            "retiredResources get list;"
            "singleTenantHsmInstanceProposals get list;"
            "singleTenantHsmInstances get list;"
            "resourcemanager.projects get;"
        ),
    ),
)

#: The basic roles, then those of Cloud KMS in the order of ids.
ROLES = tuple(Role(*row[:4], spell_out(row[4])) for row in _TABLE)

_BY_ID = {role.id: role for role in ROLES}
