"""A file system that tasks share and that outlives them (Amazon EFS), reached only by its clients."""

from __future__ import annotations

import dataclasses

from awacs.aws import Statement
from troposphere import Tags, efs

from ...config.settings import FileSystemSettings
from ...core import names
from ...core.composition.encoding import encoded
from ...core.inputs import Inputs
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies, workload_policies
from ..network.security_groups import add_client_groups, allow_from_group
from ..network.vpc import Network
from .encryption import Encryption

NFS = 2049
OWNER = "10001"


@dataclasses.dataclass(frozen=True)
class FileSystem(Inputs):
    """A file system as tasks mount it: at an access point, through which all of them are one user.

    `client_security_group_id` is the security group of those who may connect; a task that mounts a volume of it is
    given that, and the permission.
    """

    id: Value = described("File system that tasks mount")
    arn: Value = described("File system that permissions name")
    access_point_id: Value = described("Access point that tasks mount the file system at")
    access_point_arn: Value = described("Access point that permissions name")
    client_security_group_id: Value = described("Security group that may connect to the file system")

    @property
    def mounting(self) -> Statement:
        """What mounting it takes, and writing to it."""
        return workload_policies.allow_mounting(self.arn, self.access_point_arn)


@component("file-system")
def add_file_system(
    template: Template, settings: FileSystemSettings, network: Network, encryption: Encryption
) -> FileSystem:
    """Add a file system with a way in from each isolated subnet, backed up every day by AWS Backup's own plan.

    It is kept when the stack goes. What nobody has read for a month moves to cheaper storage, and back when it is read.
    """
    client, at = add_client_groups(template, settings.name, network.vpc_id, "file system", "mount")
    title = f"{settings.name}Connections"
    allow_from_group(template, title, client, at, NFS, "connections to the file system")
    system = template.add(
        efs.FileSystem(
            f"{settings.name}FileSystem",
            Encrypted=True,
            KmsKeyId=encryption.key_arn,
            ThroughputMode="elastic",
            BackupPolicy=efs.BackupPolicy(Status="ENABLED"),
            LifecyclePolicies=[
                efs.LifecyclePolicy(TransitionToIA="AFTER_30_DAYS"),
                efs.LifecyclePolicy(TransitionToPrimaryStorageClass="AFTER_1_ACCESS"),
            ],
            FileSystemPolicy=encoded(policies.policy(workload_policies.refuse_mounting_without_tls())),
            FileSystemTags=Tags(Name=names.of_stack(f"-{settings.name}")),
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
        ),
        why="Keeps files that tasks share and that outlive them.",
    )
    add_mount_targets(template, settings, network, system, at)
    point = add_access_point(template, settings, system)
    return FileSystem(
        id=system.ref(),
        arn=system.get_att("Arn"),
        access_point_id=point.ref(),
        access_point_arn=point.get_att("Arn"),
        client_security_group_id=client,
    )


def add_mount_targets(
    template: Template, settings: FileSystemSettings, network: Network, system: efs.FileSystem, group_id: Value
) -> None:
    """Add a way in for each zone, over IPv6 too where tasks have nothing else."""
    for number, subnet_id in enumerate(network.isolated_subnet_ids, start=1):
        target = efs.MountTarget(
            f"{settings.name}MountTarget{number}",
            FileSystemId=system.ref(),
            SubnetId=subnet_id,
            SecurityGroups=[group_id],
        )
        if network.dual_stack:
            target.IpAddressType = "DUAL_STACK"
        template.add(target, why=f"Lets tasks in zone {number} reach the file system.")


def add_access_point(template: Template, settings: FileSystemSettings, system: efs.FileSystem) -> efs.AccessPoint:
    """Add the way in that makes all tasks one user, who owns a directory of the file system and sees no other."""
    return template.add(
        efs.AccessPoint(
            f"{settings.name}AccessPoint",
            FileSystemId=system.ref(),
            PosixUser=efs.PosixUser(Uid=OWNER, Gid=OWNER),
            RootDirectory=efs.RootDirectory(
                Path=f"/{settings.name.lower()}",
                CreationInfo=efs.CreationInfo(OwnerUid=OWNER, OwnerGid=OWNER, Permissions="0750"),
            ),
        ),
        why="Makes every task the same user, in a directory of its own.",
    )
