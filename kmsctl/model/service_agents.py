"""Service agents: the accounts that services of Google Cloud use keys as, one a project and service.

From https://cloud.google.com/iam/docs/service-agents (April 2026). Where a service has several, it is the
first one: the one that is granted keys for CMEK.
"""

from __future__ import annotations

_SERVICES = ".googleapis.com"
_ACCOUNTS = ".iam.gserviceaccount.com"

#: Service → (pattern of the e-mail address, where NUMBER is the project's, display name), without the
#: endings that all of them have.
_TABLE = {
    "aiplatform": ("service-NUMBER@gcp-sa-aiplatform", "AI Platform Service Agent"),
    "alloydb": ("service-NUMBER@gcp-sa-alloydb", "AlloyDB Service Account"),
    "apigateway": ("service-NUMBER@gcp-sa-apigateway", "Cloud API Gateway Service Account"),
    "apigee": ("service-NUMBER@gcp-sa-apigee", "Apigee Service Agent"),
    "apigeeregistry": ("service-NUMBER@gcp-sa-apigeeregistry", "Apigee Registry Service Account"),
    "apihub": ("service-NUMBER@gcp-sa-apihub", "API Hub Service Account"),
    "appengineflex": ("service-NUMBER@gae-api-prod", "App Engine Flexible Environment Service Agent"),
    "appenginestandard": ("service-NUMBER@gcp-gae-service", "App Engine Standard Environment Service Agent"),
    "artifactregistry": ("service-NUMBER@gcp-sa-artifactregistry", "Artifact Registry Service Agent"),
    "backupdr": ("service-NUMBER@gcp-sa-backupdr", "Backup and DR Service Agent"),
    "batch": ("service-NUMBER@gcp-sa-cloudbatch", "Batch Service Account"),
    "bigquery": ("bq-NUMBER@bigquery-encryption", "Big Query Service Agent"),
    "bigqueryconnection": ("service-NUMBER@gcp-sa-bigqueryconnection", "BigQuery Connection Service Agent"),
    "bigquerydatatransfer": (
        "service-NUMBER@gcp-sa-bigquerydatatransfer",
        "BigQuery Data Transfer Service Agent",
    ),
    "bigtableadmin": ("service-NUMBER@gcp-sa-bigtable", "Cloud Bigtable Service Agent"),
    "binaryauthorization": (
        "service-NUMBER@gcp-sa-binaryauthorization",
        "Binary Authorization Service Agent",
    ),
    "certificatemanager": (
        "service-NUMBER@gcp-sa-certificatemanager",
        "Cloud Certificate Manager Service Account",
    ),
    "chronicle": ("service-NUMBER@gcp-sa-chronicle", "Chronicle Service Account"),
    "cloudasset": ("service-NUMBER@gcp-sa-cloudasset", "Cloud Asset Service Agent"),
    "cloudbuild": ("service-NUMBER@gcp-sa-cloudbuild", "Cloud Build Service Agent"),
    "clouddeploy": ("service-NUMBER@gcp-sa-clouddeploy", "Cloud Deploy Service Account"),
    "cloudfunctions": ("service-NUMBER@gcf-admin-robot", "Google Cloud Functions Service Agent"),
    "cloudkms": ("service-NUMBER@gcp-sa-ekms", "External Key Management Service Service Account"),
    "cloudscheduler": ("service-NUMBER@gcp-sa-cloudscheduler", "Cloud Scheduler Service Account"),
    "cloudtasks": ("service-NUMBER@gcp-sa-cloudtasks", "Cloud Tasks Service Account"),
    "cloudtrace": ("service-NUMBER@gcp-sa-cloud-trace", "Cloud Trace Service Account"),
    "composer": ("service-NUMBER@cloudcomposer-accounts", "Cloud Composer Service Agent"),
    "compute": ("service-NUMBER@compute-system", "Compute Engine Service Agent"),
    "connectors": ("service-NUMBER@gcp-sa-connectors", "Connectors Service Account"),
    "contactcenterinsights": (
        "service-NUMBER@gcp-sa-contactcenterinsights",
        "Contact Center AI Insights Service Account",
    ),
    "container": ("service-NUMBER@container-engine-robot", "Kubernetes Engine Service Agent"),
    "containeranalysis": ("service-NUMBER@container-analysis", "Container Analysis Service Agent"),
    "containerregistry": ("service-NUMBER@containerregistry", "Google Container Registry Service Agent"),
    "dataflow": ("service-NUMBER@dataflow-service-producer-prod", "Cloud Dataflow Service Account"),
    "dataform": ("service-NUMBER@gcp-sa-dataform", "Dataform Service Account"),
    "datafusion": ("service-NUMBER@gcp-sa-datafusion", "Cloud Data Fusion Service Account"),
    "datamigration": ("service-NUMBER@gcp-sa-datamigration", "Cloud Database Migration Service Account"),
    "dataplex": ("service-NUMBER@gcp-sa-dataplex", "Cloud Dataplex Service Account"),
    "dataproc": ("service-NUMBER@dataproc-accounts", "Google Cloud Dataproc Service Agent"),
    "datastream": ("service-NUMBER@gcp-sa-datastream", "Cloud Datastream Service Account"),
    "datastudio": ("service-NUMBER@gcp-sa-datastudio-cmek", "Data Studio CMEK account"),
    "dialogflow": ("service-NUMBER@gcp-sa-dialogflow", "Dialogflow Service Agent"),
    "discoveryengine": ("service-NUMBER@gcp-sa-discoveryengine", "Discovery Engine Service Account"),
    "dlp": ("service-NUMBER@dlp-api", "Cloud Data Loss Prevention Service Agent"),
    "dns": ("service-NUMBER@gcp-sa-dns", "Cloud DNS Service Account"),
    "documentai": ("service-NUMBER@gcp-sa-prod-dai-core", "DocumentAI Core Service Agent"),
    "edgecontainer": ("service-NUMBER@gcp-sa-edgecontainer", "Edge Container Service Agent"),
    "eventarc": ("service-NUMBER@gcp-sa-eventarc", "Eventarc Service Agent"),
    "file": ("service-NUMBER@cloud-filer", "Cloud File Storage Service Account"),
    "firebaserules": ("service-NUMBER@firebase-rules", "Firebase Rules Service Agent"),
    "firestore": ("service-NUMBER@gcp-sa-firestore", "Cloud Firestore Service Agent"),
    "gkebackup": ("service-NUMBER@gcp-sa-gkebackup", "Backup for GKE Service Account"),
    "gkehub": ("service-NUMBER@gcp-sa-gkehub", "GKE Hub API Service Account"),
    "gkemulticloud": ("service-NUMBER@gcp-sa-gkemulticloud", "Anthos Multi-Cloud Service Agent"),
    "healthcare": ("service-NUMBER@gcp-sa-healthcare", "Cloud Healthcare Service Agent"),
    "iap": ("service-NUMBER@gcp-sa-iap", "IAP Service Account"),
    "integrations": ("service-NUMBER@gcp-sa-integrations", "Application Integration Service Agent"),
    "livestream": ("service-NUMBER@gcp-sa-livestream", "Livestream Service Account"),
    "logging": ("service-NUMBER@gcp-sa-logging", "Cloud Logging Service Account"),
    "looker": ("service-NUMBER@gcp-sa-looker", "Looker Service Account"),
    "managedkafka": ("service-NUMBER@gcp-sa-managedkafka", "Managed Kafka Service Account"),
    "memcache": ("service-NUMBER@cloud-memcache-sa", "Cloud Memorystore Memcache Service Agent"),
    "memorystore": ("service-NUMBER@gcp-sa-memorystore", "Memorystore Service Agent"),
    "metastore": ("service-NUMBER@gcp-sa-metastore", "Dataproc Metastore Service Account"),
    "migrationcenter": ("service-NUMBER@gcp-sa-migcenter", "Cloud Migration Center Service Account"),
    "ml": ("service-NUMBER@cloud-ml", "Google Cloud ML Engine Service Agent"),
    "netapp": ("service-NUMBER@gcp-sa-netapp", "Google Cloud NetApp Volumes Service Account"),
    "notebooks": ("service-NUMBER@gcp-sa-notebooks", "Cloud AI Platform Notebooks Service Account"),
    "parametermanager": ("service-NUMBER@gcp-sa-pm", "Parameter Manager Service Account"),
    "privateca": ("service-NUMBER@gcp-sa-privateca", "Private CA Service Account"),
    "pubsub": ("service-NUMBER@gcp-sa-pubsub", "Cloud Pub/Sub Service Account"),
    "pubsublite": ("service-NUMBER@gcp-sa-pubsublite", "Pub/Sub Lite Service Account"),
    "redis": ("service-NUMBER@cloud-redis", "Cloud Memorystore Redis Service Agent"),
    "retail": ("service-NUMBER@gcp-sa-retail", "Retail Service Account"),
    "run": ("service-NUMBER@serverless-robot-prod", "Google Cloud Run Service Agent"),
    "secretmanager": ("service-NUMBER@gcp-sa-secretmanager", "Secret Manager Service Account"),
    "securesourcemanager": ("service-NUMBER@gcp-sa-sourcemanager", "Secure Source Manager Service Account"),
    "servicenetworking": ("service-NUMBER@service-networking", "Service Networking Service Agent"),
    "spanner": ("service-NUMBER@gcp-sa-spanner", "Cloud Spanner Production Service Account"),
    "speech": ("service-NUMBER@gcp-sa-speech", "Speech-to-Text Service Account"),
    "sqladmin": ("service-NUMBER@gcp-sa-cloud-sql", "Cloud SQL Service Account"),
    "storage": ("service-NUMBER@gs-project-accounts", "Google Storage Service Agent"),
    "storagetransfer": ("project-NUMBER@storage-transfer-service", "Storage Transfer Service Service Agent"),
    "tpu": ("service-NUMBER@cloud-tpu", "TPU Service Agent"),
    "transcoder": ("service-NUMBER@gcp-sa-transcoder", "Transcoder Service Account"),
    "translate": ("service-NUMBER@gcp-sa-translation", "Cloud Translation Service Agent"),
    "vmmigration": ("service-NUMBER@gcp-sa-vmmigration", "Cloud VM Migration Service Account"),
    "workflows": ("service-NUMBER@gcp-sa-workflows", "Cloud Workflows Service Agent"),
    "workstations": ("service-NUMBER@gcp-sa-workstations", "Cloud Workstations Service Agent"),
}

#: The services that have an agent.
SERVICES = tuple(service + _SERVICES for service in _TABLE)


_PROJECTS = frozenset(pattern.partition("@")[2] for pattern, _ in _TABLE.values())


def are_accounts_of(project: str) -> bool:
    """Tells whether service accounts of a project would have the addresses of service agents."""
    return project in _PROJECTS or project.startswith("gcp-sa-")


def email(service: str, project_number: int) -> str | None:
    """Returns the e-mail address of a service's agent in a project, or None if the service has none."""
    found = _TABLE.get(service.removesuffix(_SERVICES)) if service.endswith(_SERVICES) else None
    return None if found is None else found[0].replace("NUMBER", str(project_number)) + _ACCOUNTS


def display_name(service: str) -> str:
    """Returns what a service's agent is called."""
    return _TABLE[service.removesuffix(_SERVICES)][1]
