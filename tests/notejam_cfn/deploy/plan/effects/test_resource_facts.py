"""The facts of resource types are those of the schemas, and are there without the linter."""

from __future__ import annotations

import subprocess
import sys

from notejam_cfn.deploy.plan.effects.resource_facts import absent_types, facts_of
from tools import refresh_resource_facts


def test_the_file_says_what_the_schemas_say() -> None:
    assert refresh_resource_facts.main(["--check"]) == 0


def test_deploying_needs_no_linter() -> None:
    program = (
        "import sys; sys.modules['cfnlint'] = sys.modules['ministack'] = None\n"
        "from notejam_cfn.deploy.stacks import deploy\nfrom notejam_cfn.deploy.data import failover_checks\n"
        "print(failover_checks.types([{'Resources': {'Vpc': {'Type': 'AWS::EC2::VPC'}}}], 'eu-west-1').verdict)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.split() == ["ok"], ran.stderr


def test_a_name_is_known_by_what_there_can_be_only_one_of() -> None:
    named = {kind: facts.named_by for kind in NAMED if (facts := facts_of(kind))}
    assert named == NAMED


NAMED = {
    "AWS::Backup::BackupVault": ("BackupVaultName",),
    "AWS::EC2::SecurityGroup": ("GroupName", "VpcId"),
    "AWS::EC2::VPC": (),
    "AWS::ECS::TaskDefinition": (),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
}


def test_regions_lack_types_and_some_regions_are_not_known() -> None:
    assert absent_types("us-east-1", ["AWS::EC2::VPC"]) == []
    assert absent_types("eu-west-9", ["AWS::EC2::VPC"]) is None
    assert absent_types("mx-central-1", ["AWS::EC2::VPC", "AWS::CodeBuild::Project"]) == ["AWS::CodeBuild::Project"]
