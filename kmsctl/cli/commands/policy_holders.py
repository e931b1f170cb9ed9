"""What has an IAM policy, as commands name it."""

from __future__ import annotations

from kmsctl.cli import resources
from kmsctl.cli.failures import CommandError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from kmsctl.cli.session import Args, Session
    from kmsctl.service.policies import PolicyHolder

    Named = Callable[[Session, Args], PolicyHolder]
    Parameters = Callable[[], list[click.Parameter]]


class Holder:
    """One kind of resource that has a policy.

    Attributes:
        noun: what messages call it.
        example: words of a command line that name one.
        has_conditions: whether its commands take conditions, as gcloud's do.
    """

    __slots__ = ("_argument", "_parameters", "example", "has_conditions", "name", "noun")

    def __init__(
        self, noun: str, argument: str, example: str, parameters: Parameters, name: Named, *, conditions: bool
    ) -> None:
        self.noun = noun
        self.example = example
        self.has_conditions = conditions
        self.name = name
        self._argument = argument
        self._parameters = parameters

    def parameters(self) -> list[click.Parameter]:
        return self._parameters()

    def whole_policy_parameters(self) -> list[click.Parameter]:
        """Returns the parameters of the commands that read or write a whole policy."""
        if self._argument == "keyring":
            from kmsctl.cli import options

            # gcloud shows these two as plain words.
            return options.plain_key_ring()
        if self._argument == "project_id":
            return project_parameters(metavar="PROJECT_ID_OR_NUMBER")
        return self._parameters()

    def example_with(self, word: str) -> str:
        """Returns the example with another positional after the first."""
        first, _, rest = self.example.partition(" ")
        return f"{first} {word} {rest}".rstrip()

    def short_name(self, session: Session, args: Args) -> str:
        return self.name(session, args).text.rpartition("/")[2]


def holder_of(session: Session) -> Holder:
    """Returns the kind of resource that the running command is about."""
    return HOLDERS[" ".join(session.command[:-1])]


def project(session: Session, args: Args) -> PolicyHolder:
    """Returns the project that a positional names by its id, its number or its full name."""
    from kmsctl.model.names import ProjectName

    given: str = args["project_id"].removeprefix("projects/")
    if given.isdigit():
        for each in session.kms.list_projects(session.context):
            if str(each.number) == given:
                return ProjectName(each.project)
        raise CommandError(f"No project that you may see has the number [{given}].")
    return ProjectName(given)


def service_account(session: Session, args: Args) -> PolicyHolder:
    """Returns the service account that a positional names by its address or full name."""
    from kmsctl.model.names import ServiceAccountName

    del session
    text: str = args["service_account"]
    return ServiceAccountName("-", text.rpartition("/")[2])


def _keyring_parameters() -> list[click.Parameter]:
    from kmsctl.cli import options

    return options.resource("keyring", "location")


def _key_parameters() -> list[click.Parameter]:
    from kmsctl.cli import options

    return options.resource("key", "keyring", "location")


def _import_job_parameters() -> list[click.Parameter]:
    from kmsctl.cli import options

    return options.resource("import_job", "keyring", "location")


def project_parameters(*, metavar: str = "PROJECT_ID") -> list[click.Parameter]:
    from kmsctl.cli import options

    return [options.Positional("project_id", "ID or number of the project.", metavar=metavar)]


def account_parameters() -> list[click.Parameter]:
    from kmsctl.cli import options

    return [options.Positional("service_account", "E-mail address of the service account.")]


HOLDERS = {
    "keyrings": Holder(
        "keyring",
        "keyring",
        "prod --location=us-east1",
        _keyring_parameters,
        resources.key_ring,
        conditions=True,
    ),
    "keys": Holder(
        "key", "key", "db --keyring=prod --location=us-east1", _key_parameters, resources.key, conditions=True
    ),
    "import-jobs": Holder(
        "import job",
        "import_job",
        "job --keyring=prod --location=us-east1",
        _import_job_parameters,
        resources.import_job,
        conditions=False,
    ),
    "projects": Holder("project", "project_id", "local", project_parameters, project, conditions=True),
    "iam service-accounts": Holder(
        "serviceAccount",
        "service_account",
        "ci-runner@local.iam.gserviceaccount.com",
        account_parameters,
        service_account,
        conditions=True,
    ),
}
