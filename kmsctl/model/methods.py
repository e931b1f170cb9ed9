"""What each method asks for and how it is recorded: one table, keyed by the method's short name.

Permissions and audit types are those of https://cloud.google.com/kms/docs/audit-logging.
"""

from __future__ import annotations

#: Types of audit record. Methods that read or write data are all DATA_READ in Cloud KMS.
ADMIN_WRITE = "ADMIN_WRITE"
ADMIN_READ = "ADMIN_READ"
DATA_READ = "DATA_READ"


class Method:
    """A method of the API, or of the store.

    Attributes:
        name: its short name, which is `methodName` in an audit record.
        permission: what the caller needs on the resource; None where nothing is needed. It may hold
            ``{collection}``, which `permission_on` fills in and no role can grant.
        audit_type: ADMIN_WRITE, ADMIN_READ or DATA_READ; None if no record is written.
        checked_on: the kind of the resource whose policies decide: ``project``, ``location``,
            ``keyRing``, ``cryptoKey``, ``cryptoKeyVersion`` or ``importJob``; ``resource`` for any of
            those that have a policy of their own; ``store`` for the store's own verbs; None
            where nobody is asked.
        also: permissions that are needed besides, each with the kind of resource to check it on.
    """

    __slots__ = ("also", "audit_type", "checked_on", "name", "permission")

    def __init__(
        self,
        name: str,
        permission: str | None,
        audit_type: str | None,
        checked_on: str | None,
        also: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.name = name
        self.permission = permission
        self.audit_type = audit_type
        self.checked_on = checked_on
        self.also = also

    def permission_on(self, kind: str) -> str | None:
        """Returns the permission for a resource of this kind: they differ for the methods of IAM.

        Raises:
            KeyError: if the method is one of IAM's and such resources have no policy.
        """
        if self.permission is None:
            return None
        kind = kind[:1].lower() + kind[1:]
        if self.checked_on != "resource":
            return _ON_OTHERS.get((self.name, kind), self.permission)
        return self.permission.format(collection=_POLICY_COLLECTIONS[kind])

    @property
    def service(self) -> str:
        """The service that the method belongs to, as audit configurations and records name it."""
        return service_of(_OTHER_SERVICES.get(self.name) or self.permission or "")

    def service_on(self, kind: str) -> str:
        """Returns the service for a resource of this kind: a policy's is that of what has the policy."""
        if self.checked_on != "resource":
            return self.service
        return service_of(self.permission_on(kind) or "")


#: Kinds of resource that have a policy → the first words of their permissions.
_POLICY_COLLECTIONS = {
    "project": "resourcemanager.projects",
    "keyRing": "cloudkms.keyRings",
    "cryptoKey": "cloudkms.cryptoKeys",
    "importJob": "cloudkms.importJobs",
    "serviceAccount": "iam.serviceAccounts",
}
#: (method, kind of resource) → its permission there, where it is another one.
_ON_OTHERS = {("ImportCryptoKeyVersion", "cryptoKeyVersion"): "cloudkms.cryptoKeyVersions.update"}
#: Method that asks for no permission → the word of its service, where that is not Cloud KMS.
_OTHER_SERVICES = {"CreateProject": "resourcemanager", "ListProjects": "resourcemanager"}
#: First word of a permission → the service.
_SERVICES = {
    "cloudkms": "cloudkms.googleapis.com",
    "iam": "iam.googleapis.com",
    "kmsctl": "kmsctl",
    "logging": "logging.googleapis.com",
    "resourcemanager": "cloudresourcemanager.googleapis.com",
    "securitycenter": "securitycenter.googleapis.com",
    "serviceusage": "serviceusage.googleapis.com",
}


def service_of(permission: str) -> str:
    """Returns the service that a permission is of."""
    return _SERVICES.get(permission.partition(".")[0], _SERVICES["cloudkms"])


_LOG_READER = (("logging.logEntries.list", "project"),)

_TABLE = (
    # google.cloud.kms.v1.KeyManagementService
    Method("ListKeyRings", "cloudkms.keyRings.list", ADMIN_READ, "location"),
    Method("GetKeyRing", "cloudkms.keyRings.get", ADMIN_READ, "keyRing"),
    Method("CreateKeyRing", "cloudkms.keyRings.create", ADMIN_WRITE, "location"),
    # Asked besides by CreateKeyRing with tags: what conditions go by is not for all who may make rings.
    Method("CreateTagBinding", "cloudkms.keyRings.createTagBinding", ADMIN_WRITE, "location"),
    Method("ListCryptoKeys", "cloudkms.cryptoKeys.list", ADMIN_READ, "keyRing"),
    Method("GetCryptoKey", "cloudkms.cryptoKeys.get", ADMIN_READ, "cryptoKey"),
    Method("CreateCryptoKey", "cloudkms.cryptoKeys.create", ADMIN_WRITE, "keyRing"),
    Method("UpdateCryptoKey", "cloudkms.cryptoKeys.update", ADMIN_WRITE, "cryptoKey"),
    Method("UpdateCryptoKeyPrimaryVersion", "cloudkms.cryptoKeys.update", ADMIN_WRITE, "cryptoKey"),
    Method("DeleteCryptoKey", "cloudkms.cryptoKeys.delete", ADMIN_WRITE, "cryptoKey"),
    Method("ListCryptoKeyVersions", "cloudkms.cryptoKeyVersions.list", ADMIN_READ, "cryptoKey"),
    Method("GetCryptoKeyVersion", "cloudkms.cryptoKeyVersions.get", ADMIN_READ, "cryptoKeyVersion"),
    Method("CreateCryptoKeyVersion", "cloudkms.cryptoKeyVersions.create", ADMIN_WRITE, "cryptoKey"),
    # Into a version that exists, it is another permission: see _ON_OTHERS.
    Method(
        "ImportCryptoKeyVersion",
        "cloudkms.cryptoKeyVersions.create",
        ADMIN_WRITE,
        "cryptoKey",
        (("cloudkms.importJobs.useToImport", "importJob"),),
    ),
    Method(
        "ImportTrustedKeyWrappedCryptoKeyVersion",
        "cloudkms.cryptoKeyVersions.trustedImportExport",
        ADMIN_WRITE,
        "cryptoKey",
    ),
    # The audit page does not have it; it hands out key material, so it is recorded as use of the key.
    Method(
        "ExportTrustedKeyWrappedCryptoKeyVersion",
        "cloudkms.cryptoKeyVersions.trustedImportExport",
        DATA_READ,
        "cryptoKeyVersion",
    ),
    Method("UpdateCryptoKeyVersion", "cloudkms.cryptoKeyVersions.update", ADMIN_WRITE, "cryptoKeyVersion"),
    Method("DestroyCryptoKeyVersion", "cloudkms.cryptoKeyVersions.destroy", ADMIN_WRITE, "cryptoKeyVersion"),
    Method("RestoreCryptoKeyVersion", "cloudkms.cryptoKeyVersions.restore", ADMIN_WRITE, "cryptoKeyVersion"),
    Method("DeleteCryptoKeyVersion", "cloudkms.cryptoKeyVersions.delete", ADMIN_WRITE, "cryptoKeyVersion"),
    # Checked on the version if the request names one.
    Method("Encrypt", "cloudkms.cryptoKeyVersions.useToEncrypt", DATA_READ, "cryptoKey"),
    Method("Decrypt", "cloudkms.cryptoKeyVersions.useToDecrypt", DATA_READ, "cryptoKey"),
    Method("RawEncrypt", "cloudkms.cryptoKeyVersions.useToEncrypt", DATA_READ, "cryptoKeyVersion"),
    Method("RawDecrypt", "cloudkms.cryptoKeyVersions.useToDecrypt", DATA_READ, "cryptoKeyVersion"),
    Method("AsymmetricSign", "cloudkms.cryptoKeyVersions.useToSign", DATA_READ, "cryptoKeyVersion"),
    Method("AsymmetricDecrypt", "cloudkms.cryptoKeyVersions.useToDecrypt", DATA_READ, "cryptoKeyVersion"),
    Method("GetPublicKey", "cloudkms.cryptoKeyVersions.viewPublicKey", DATA_READ, "cryptoKeyVersion"),
    Method("MacSign", "cloudkms.cryptoKeyVersions.useToSign", DATA_READ, "cryptoKeyVersion"),
    Method("MacVerify", "cloudkms.cryptoKeyVersions.useToVerify", DATA_READ, "cryptoKeyVersion"),
    Method("Decapsulate", "cloudkms.cryptoKeyVersions.useToDecapsulate", DATA_READ, "cryptoKeyVersion"),
    Method("GenerateRandomBytes", "cloudkms.locations.generateRandomBytes", None, "location"),
    Method("ListImportJobs", "cloudkms.importJobs.list", ADMIN_READ, "keyRing"),
    Method("GetImportJob", "cloudkms.importJobs.get", ADMIN_READ, "importJob"),
    Method("CreateImportJob", "cloudkms.importJobs.create", ADMIN_WRITE, "keyRing"),
    Method("ListRetiredResources", "cloudkms.retiredResources.list", ADMIN_READ, "location"),
    Method("GetRetiredResource", "cloudkms.retiredResources.get", ADMIN_READ, "location"),
    # google.iam.v1.IAMPolicy
    Method("GetIamPolicy", "{collection}.getIamPolicy", ADMIN_READ, "resource"),
    Method("SetIamPolicy", "{collection}.setIamPolicy", ADMIN_WRITE, "resource"),
    Method("TestIamPermissions", None, None, None),
    # google.cloud.location.Locations
    Method("ListLocations", "cloudkms.locations.list", None, "project"),
    Method("GetLocation", "cloudkms.locations.get", None, "location"),
    # google.longrunning.Operations
    Method("GetOperation", "cloudkms.operations.get", ADMIN_READ, "location"),
    # google.cloud.resourcemanager.v3.Projects; anybody may make a project, and owns it.
    Method("CreateProject", None, ADMIN_WRITE, None),
    Method("GetProject", "resourcemanager.projects.get", ADMIN_READ, "project"),
    # Shows those projects that the caller may get.
    Method("ListProjects", None, None, None),
    # google.iam.admin.v1.IAM
    Method("CreateServiceAccount", "iam.serviceAccounts.create", ADMIN_WRITE, "project"),
    Method("ListServiceAccounts", "iam.serviceAccounts.list", ADMIN_READ, "project"),
    Method("GetServiceAccount", "iam.serviceAccounts.get", ADMIN_READ, "serviceAccount"),
    Method("EnableServiceAccount", "iam.serviceAccounts.enable", ADMIN_WRITE, "serviceAccount"),
    Method("DisableServiceAccount", "iam.serviceAccounts.disable", ADMIN_WRITE, "serviceAccount"),
    Method("DeleteServiceAccount", "iam.serviceAccounts.delete", ADMIN_WRITE, "serviceAccount"),
    Method("CreateRole", "iam.roles.create", ADMIN_WRITE, "project"),
    Method("ListRoles", "iam.roles.list", ADMIN_READ, "project"),
    Method("GetRole", "iam.roles.get", ADMIN_READ, "project"),
    Method("UpdateRole", "iam.roles.update", ADMIN_WRITE, "project"),
    Method("DeleteRole", "iam.roles.delete", ADMIN_WRITE, "project"),
    Method("UndeleteRole", "iam.roles.undelete", ADMIN_WRITE, "project"),
    # google.api.serviceusage.v1beta1.ServiceUsage
    Method("GenerateServiceIdentity", "serviceusage.services.enable", ADMIN_WRITE, "project"),
    # Groups are kmsctl's own: a project looks after each.
    Method("CreateGroup", "kmsctl.groups.create", ADMIN_WRITE, "project"),
    Method("GetGroup", "kmsctl.groups.get", ADMIN_READ, "project"),
    Method("ListGroups", "kmsctl.groups.list", ADMIN_READ, "project"),
    Method("UpdateGroup", "kmsctl.groups.update", ADMIN_WRITE, "project"),
    Method("ImportGroups", "kmsctl.groups.import", ADMIN_WRITE, "project"),
    Method("DeleteGroup", "kmsctl.groups.delete", ADMIN_WRITE, "project"),
    # Explanations show policies, so they ask for what reading the project's policy asks for.
    Method("ExplainAccess", "resourcemanager.projects.getIamPolicy", ADMIN_READ, "project"),
    # google.logging.v2.LoggingServiceV2. Data access is shown to those who may read it besides.
    Method("ListLogEntries", "logging.logEntries.list", DATA_READ, "project"),
    # What was done to a resource is in the audit log, which its reader must be allowed to read.
    Method("ListKeyRingHistory", "cloudkms.keyRings.get", ADMIN_READ, "keyRing", _LOG_READER),
    Method("ListCryptoKeyHistory", "cloudkms.cryptoKeys.get", ADMIN_READ, "cryptoKey", _LOG_READER),
    # google.cloud.securitycenter.v2.SecurityCenter
    Method("ListFindings", "securitycenter.findings.list", ADMIN_READ, "project"),
    # The store's own.
    Method("VerifyLogs", "kmsctl.store.verifyLogs", ADMIN_READ, "store"),
    Method("ExportLogs", "kmsctl.store.exportLogs", DATA_READ, "store"),
    Method("RetainLogs", "kmsctl.store.retainLogs", ADMIN_WRITE, "store"),
    Method("GetAuditKey", "kmsctl.store.get", ADMIN_READ, "store"),
    Method("StoreStatus", "kmsctl.store.get", ADMIN_READ, "store"),
    Method("VerifyStore", "kmsctl.store.verify", ADMIN_READ, "store"),
    Method("MaintainStore", "kmsctl.store.maintain", ADMIN_WRITE, "store"),
    Method("RepairStore", "kmsctl.store.repair", ADMIN_WRITE, "store"),
    Method("AcceptRollback", "kmsctl.store.acceptRollback", ADMIN_WRITE, "store"),
    Method("ListProtectors", "kmsctl.store.protectors", ADMIN_READ, "store"),
    Method("AddProtector", "kmsctl.store.protectors", ADMIN_WRITE, "store"),
    Method("RemoveProtector", "kmsctl.store.protectors", ADMIN_WRITE, "store"),
    Method("RotateMasterKey", "kmsctl.store.rotate", ADMIN_WRITE, "store"),
    Method("RotateRootKey", "kmsctl.store.rotate", ADMIN_WRITE, "store"),
    Method("CreateBackup", "kmsctl.store.backup", ADMIN_WRITE, "store"),
    Method("ListBackups", "kmsctl.store.backup", ADMIN_READ, "store"),
    Method("VerifyBackup", "kmsctl.store.backup", ADMIN_READ, "store"),
    Method("PruneBackups", "kmsctl.store.backup", ADMIN_WRITE, "store"),
    Method("ExportTombstones", "kmsctl.store.backup", ADMIN_READ, "store"),
    Method("RestoreBackup", "kmsctl.store.restore", ADMIN_WRITE, "store"),
    Method("CreateSnapshot", "kmsctl.store.snapshot", ADMIN_WRITE, "store"),
    Method("ListSnapshots", "kmsctl.store.snapshot", ADMIN_READ, "store"),
    Method("RestoreSnapshot", "kmsctl.store.restore", ADMIN_WRITE, "store"),
    Method("GetStorePublicKey", "kmsctl.store.import", ADMIN_WRITE, "store"),
    Method("ExportKeyRing", "kmsctl.store.export", ADMIN_WRITE, "store"),
    Method("ImportKeyRing", "kmsctl.store.import", ADMIN_WRITE, "store"),
    # What the service does by itself: it is recorded, and no caller can ask for it.
    Method("RotateCryptoKey", None, ADMIN_WRITE, None),
    Method("CompleteDestroyCryptoKeyVersion", None, ADMIN_WRITE, None),
    Method("GenerateCryptoKeyVersion", None, ADMIN_WRITE, None),
    Method("CompleteImportCryptoKeyVersion", None, ADMIN_WRITE, None),
    Method("FailCryptoKeyVersion", None, ADMIN_WRITE, None),
    Method("GenerateImportJob", None, ADMIN_WRITE, None),
    Method("FailImportJob", None, ADMIN_WRITE, None),
    Method("ExpireImportJob", None, ADMIN_WRITE, None),
)

METHODS = {method.name: method for method in _TABLE}
