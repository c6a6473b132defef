"""The dress rehearsal of a stage: deploy, release, use, update and remove it, without AWS.

Everything that deploys is the code of the commands `deploy` and `destroy`. What stands for AWS: the emulator, one
PostgreSQL for the database cluster, and processes of this machine for the containers.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..core import images, names
from ..deploy.aws.client import Access, Aws
from ..deploy.data import backups
from ..deploy.exit_codes import CommandError
from ..deploy.manifest import Manifest, StackSpec
from ..deploy.previews.previews import FORM
from ..deploy.stacks.execution.outcomes import Outcome
from ..deploy.stacks.templates import read_templates
from ..deploy.ui.progress import Progress, Silent
from ..deploy.ui.summary import lines
from . import emulator, permissions, previews
from .commands import Commands, RehearsalError, require_good
from .containers import image, task
from .containers.runtime import Checkout, Runtime
from .containers.sandbox import Sandbox
from .database.postgres import Postgres, PostgresError
from .database.tls import tls_front
from .entrance import entrance, smoke_client
from .entrance.certificates import Authority

DIGEST, OTHER_DIGEST = "sha256:" + "0" * 64, "sha256:" + "f" * 64
SERVICE_ID = "WebService"
NOT_RELEASED = "waits for its first release"
# What the pipeline gives every template of a stage: the most that the roles in it can do.
BOUNDARY_PARAMETER = "RoleBoundary"
# Parameters that change how much there is of something, which must never replace anything.
SIZES = ("MaxTasks", "MaxCapacity")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to rehearse. `keep` is called, with the address for a browser, before anything is removed.

    With `in_role` CloudFormation works in the stage's own role, which comes from the project's own stacks: they are
    deployed first. With `image` the containers run in the application's image, which is built when it has to be; with
    None they do when it was built before.
    """

    stage: str
    folder: Path
    image: bool | None = None
    keep: Callable[[str], None] | None = None
    progress: type[Progress] = Silent
    in_role: bool = True


class Rehearsal:
    """One rehearsal of one stage. Each step raises when something is not as promised.

    `planner` and `deployer` run the commands as the pipeline does, `administrator` as a person; `account` is AWS as the
    account's own key reaches it.
    """

    def __init__(
        self, manifest: Manifest, settings: Settings, aws: emulator.Emulator, tell: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.aws = aws
        self.tell = tell
        self.manifest = manifest
        self.usage: permissions.Usage = {}
        self.stacks = manifest.stacks_of(settings.stage)
        self.account = Aws(Access(endpoint_url=aws.url, keys=aws.keys))
        self.deployer = self.administrator = Commands(self.account, self.stacks, settings.progress)
        self.planner: Commands | None = None
        self.service = service_stack(manifest, settings.stage)
        self.allows_previews = any(s.stage == settings.stage and s.form == FORM for s in manifest.stacks)

    def run(self) -> None:
        """Rehearse everything, from nothing to nothing."""
        if self.settings.in_role:
            self.work_in_role()
        url = self.deploy_without_image()
        with entrance.opened(self.network_address, url) as way:
            way.client().open("/").must_show(NOT_RELEASED)
            self.tell(f"{url} says that it waits for a release")
            self.release()
            permissions.let_services_work(self.aws)
            with self.platform_of(task.read(self.aws, self.service.name)) as platform:
                self.work(way, platform)
                self.restore()
        permissions.let_services_work(self.aws)
        self.usage = permissions.look(self.aws, self.tell)
        self.remove()

    @property
    def network_address(self) -> str:
        """Where the emulator answers, HOST:PORT."""
        return urlsplit(self.aws.url).netloc

    def work(self, way: entrance.Entrance, platform: task.Platform) -> None:
        """Run the deployed task, and do what is done while it runs."""
        with self.running_task(platform) as targets:
            self.use(way, targets)
            self.update_without_replacement()
            self.fail()
            smoke_client.walk(way.client(), lambda words: None)
            self.tell("still works after the update")
            if self.allows_previews and self.settings.in_role:
                previews.rehearse(self, platform, self._image())
            if self.settings.keep:
                self.settings.keep(way.browser_address)

    def use(self, way: entrance.Entrance, targets: entrance.Targets) -> None:
        """Use the stage as people do, and see what they see while no task runs."""
        client = way.client()
        smoke_client.walk(client, self.tell)
        entrance.download(client, self.tell)
        entrance.walk(way, self.tell)
        entrance.no_other_way(way, self.network_address, self.aws, self.tell)
        entrance.sleep(way, targets, self.tell)

    def work_in_role(self) -> None:
        """Deploy what lets the pipeline change the stage, as an administrator does once, and work as it does."""
        layers = names.access_layers(self.settings.stage)
        access = [one for one in self.manifest.stacks if one.layer in layers]
        if not access:
            self.tell("this project has no delivery, so CloudFormation works with the account's own permissions")
            return
        stacks = (*access, *(one for one in self.stacks if one.name in access[0].depends_on))
        self.administrator.of(stacks).deploy()
        named = names.iam_name(stacks[0].name, region=stacks[0].region)
        roles = f"arn:aws:iam::{self.aws.account}:role/{named}"
        self.planner, self.deployer = self._build(roles, "plan"), self._build(roles, "deploy")
        self.administrator = self.administrator.of(self.stacks, self.account.in_role(f"{roles}-execute"))
        self.tell(f"planned as {named}-plan, deployed as …-deploy; CloudFormation works as …-execute")

    def _build(self, roles: str, kind: str) -> Commands:
        """Return the commands as one of the pipeline's builds runs them, in the role that the stage has for it."""
        keys = self.aws.session(f"{roles}-{kind}")
        boundary = f"{BOUNDARY_PARAMETER}={roles.replace(':role/', ':policy/')}-boundary"
        aws = Aws(Access(endpoint_url=self.aws.url, keys=keys, role_arn=f"{roles}-execute"))
        return dataclasses.replace(self.administrator, aws=aws, parameters=(boundary,))

    def deploy_without_image(self) -> str:
        """Deploy the stage for the first time, with a creation that fails and is cleared, and return its address."""
        last = self.stacks[-1].name
        templates = read_templates(self.stacks)
        others = {each for name, one in templates.items() if name != last for each in one.resources}
        first = next(each for each in templates[last].resources if each not in others)
        self.aws.set_faults(
            failures=[{"logical_id": first, "operation": "create", "reason": "no capacity", "times": 1}]
        )
        results = self.deployer.attempt(approved=self._planned())
        require_good({name: result for name, result in results.items() if name != last})
        if results[last].good:
            raise RehearsalError(f"{last} was created although {first} had failed")
        results = self.deployer.deploy()
        self.tell(f"deployed {len(results)} stacks, {last} after its first creation had failed")
        urls = [one.state.outputs["Url"] for one in results.values() if one.state and "Url" in one.state.outputs]
        if not urls:
            raise RehearsalError("no stack has an output Url")
        return urls[0]

    def release(self) -> None:
        """Deploy again with an image, as a release does: planned, approved and carried out."""
        given = f"ImageUri={self._image()}"
        require_good(self.deployer.attempt(given, approved=self._planned(given)))
        self.tell(f"released; the stage holds {len(self.deployer.held())} resources")

    @contextmanager
    def running_task(self, platform: task.Platform) -> Iterator[entrance.Targets]:
        """Run the deployed task against a real database, behind the emulated load balancer."""
        found = task.read(self.aws, self.service.name)
        self.tell(f"the containers run in {platform.runtime.described}")
        for name in task.prepare(found, platform):
            self.tell(f"container {name} succeeded")
        with task.serving(found, platform) as port:
            self.tell(f"container is healthy on port {port}: {found.health_path} answers {found.health_code}")
            targets = entrance.Targets(self.aws.client("elbv2"), found.target_group, found.address, port)
            targets.bring_back()
            yield targets

    def update_without_replacement(self) -> None:
        """Change sizes, and make sure that every resource is still the one it was."""
        before = self.deployer.held()
        sizes = [name for name in SIZES if any(name in stack.defaults for stack in self.stacks)]
        changed = [self.deployer.larger(name) for name in sizes]
        results = self.deployer.deploy(*changed)
        replaced = self.deployer.replaced(before)
        if replaced:
            raise RehearsalError(f"an update of {', '.join(changed)} replaced {', '.join(replaced)}")
        if any(result.fate is not Outcome.UNCHANGED for result in self.deployer.deploy().values()):
            raise RehearsalError("deploying again without a change changes something")
        updated = sum(result.fate is Outcome.UPDATED for result in results.values())
        self.tell(f"updated {updated} stacks ({', '.join(changed)}); nothing was replaced")

    def fail(self) -> None:
        """Release an image that does not start: the one before must stay, and the reason be told."""
        before, reason = self._image(), "the deployment circuit breaker was triggered"
        self.aws.set_faults(failures=[{"logical_id": SERVICE_ID, "operation": "update", "reason": reason, "times": 1}])
        results = self.deployer.attempt(f"ImageUri={before.replace(DIGEST, OTHER_DIGEST)}")
        self.aws.set_faults()
        told = "\n".join(lines(results, 0, ""))
        state = self.deployer.aws.stack(self.service.region, self.service.name)
        if reason not in told or state is None or state.parameters["ImageUri"] != before:
            raise RehearsalError(f"a release that fails is not taken back and explained:\n{told}")
        self.tell("a release that failed was taken back, and its reason was told")

    def restore(self) -> None:
        """Restore the database from a snapshot that AWS Backup took, in place, as an administrator does."""
        if not any(stack.layer == backups.BACKUPS for stack in self.stacks):
            return
        aws = self.administrator.aws
        taken = backups.take(aws, backups.facts(aws, self.stacks), retention_days=1)
        restore = self.administrator.restoring(taken)
        require_good(restore.in_place())
        discarded = restore.discard_old()
        self.tell(f"restored {taken.rpartition(':')[2]} in place; {len(discarded)} older cluster was discarded")

    def remove(self) -> None:
        """Remove the stage, protection and all, and make sure that no stack is left."""
        rds = self.aws.client("rds")
        for cluster in rds.describe_db_clusters()["DBClusters"]:
            if cluster.get("DeletionProtection"):  # as the person does who removes a protected stage
                rds.modify_db_cluster(DBClusterIdentifier=cluster["DBClusterIdentifier"], DeletionProtection=False)
        self.tell(f"removed {len(self.administrator.destroy())} stacks")

    def _planned(self, *parameters: str) -> Mapping[str, Any] | None:
        """Return the plan of a change as the pipeline makes it, for a person to approve, in a role of its own."""
        if self.planner is None:
            return None
        with tempfile.TemporaryDirectory(prefix="plan-") as folder:
            path = Path(folder) / "plan.json"
            self.planner.attempt(*parameters, plan=path)
            plan: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return plan

    def _image(self) -> str:
        """Return an image in the project's own repository of this account."""
        registry = f"{self.aws.account}.dkr.ecr.{self.service.region}.amazonaws.com"
        project = self.service.tags["project"]
        return images.dual_stack(f"{registry}/{names.delivery_stack(project)}-images@{DIGEST}")

    @contextmanager
    def platform_of(self, found: task.Task) -> Iterator[task.Platform]:
        """Start what stands for the platform: the database and the authority that browsers and clients trust."""
        authority = Authority()
        clusters = self.aws.client("rds").describe_db_clusters()["DBClusters"]
        with (
            tempfile.TemporaryDirectory(prefix="rehearsal-") as folder,
            Postgres() as database,
            tls_front(database, authority, [cluster["Endpoint"] for cluster in clusters]) as address,
        ):
            self.database = database
            told = found.containers[-1].environment  # of the secret that RDS made
            name = clusters[0]["DatabaseName"]
            database.add_database(name, told["DATABASE_USER"], told["DATABASE_PASSWORD"])
            runtime = self._runtime(authority, Path(folder))
            # The database's name resolves nowhere here; libpq takes its address from this and still checks the name.
            given = {**self.aws.environment, "PGHOSTADDR": address}
            platform = task.Platform(runtime, given, Path(folder) / "log")
            try:
                yield platform
            finally:
                platform.require_stopped()

    def _runtime(self, authority: Authority, folder: Path) -> Runtime:
        """Return what containers run in; its database certificates are this rehearsal's instead of those of RDS."""
        authorities = folder / "authorities.pem"
        authority.write(authorities)
        found = None if self.settings.image is False else image.kept(self.settings.folder)
        if self.settings.image and found is None:
            found = image.built(self.settings.folder, tell=self.tell)
        if found is None:
            return Checkout(self.settings.folder, authorities)
        for path in (folder, authorities):
            path.chmod(0o755)  # containers are another user's
        (folder / "volumes").mkdir(mode=0o755)
        return Sandbox(found, folder / "volumes", authorities)


@dataclasses.dataclass(frozen=True)
class Report:
    """How long a rehearsal that went well took, and the permissions of its roles that nothing has used."""

    seconds: float
    unused: list[str]


def rehearse(manifest: Manifest, settings: Settings, tell: Callable[[str], None]) -> Report:
    """Rehearse a stage. Raises what was found to be wrong."""
    began = time.monotonic()
    region = service_stack(manifest, settings.stage).region
    with emulator.running(region=region) as aws:
        tell(f"an emulator stands for AWS, account {aws.account}, region {region}")
        rehearsal = Rehearsal(manifest, settings, aws, tell)
        rehearsal.run()
    return Report(time.monotonic() - began, permissions.unused(rehearsal.usage))


def service_stack(manifest: Manifest, stage: str) -> StackSpec:
    """Return the stack that runs the application: the one that takes an image."""
    return next(stack for stack in manifest.stacks_of(stage) if "ImageUri" in stack.defaults)


FAILURES = (
    RehearsalError,
    CommandError,
    task.TaskError,
    image.ImageError,
    smoke_client.SmokeError,
    PostgresError,
)
"""What a rehearsal raises when the stage is at fault."""
