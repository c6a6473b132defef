"""Turns policies in templates into policies that a linter can read: with example values for what is only known later.

An attribute becomes an ARN of the right kind, taken from the type of its resource; `Fn::GetStackOutput` is followed
into the template that publishes the output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "notejam-example",
    "AWS::StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/notejam-example/1",
}
HERE = "eu-central-1:123456789012"
SOME_ID = "1b2c3d4e-1111-2222-3333-444455556666"
ARNS = {
    "AWS::Backup::BackupVault": f"arn:aws:backup:{HERE}:backup-vault:example",
    "AWS::CodeBuild::Project": f"arn:aws:codebuild:{HERE}:project/example",
    "AWS::CodeCommit::Repository": f"arn:aws:codecommit:{HERE}:example",
    "AWS::CodeConnections::Connection": f"arn:aws:codeconnections:{HERE}:connection/{SOME_ID}",
    "AWS::CodePipeline::Pipeline": f"arn:aws:codepipeline:{HERE}:example",
    "AWS::ECR::Repository": f"arn:aws:ecr:{HERE}:repository/example",
    "AWS::ECS::Cluster": f"arn:aws:ecs:{HERE}:cluster/example",
    "AWS::ECS::TaskDefinition": f"arn:aws:ecs:{HERE}:task-definition/example:1",
    "AWS::EFS::AccessPoint": f"arn:aws:elasticfilesystem:{HERE}:access-point/fsap-1b2c3d4e",
    "AWS::EFS::FileSystem": f"arn:aws:elasticfilesystem:{HERE}:file-system/fs-1b2c3d4e",
    "AWS::IAM::Group": "arn:aws:iam::123456789012:group/example",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::123456789012:policy/example",
    "AWS::IAM::Role": "arn:aws:iam::123456789012:role/example",
    "AWS::KMS::Key": f"arn:aws:kms:{HERE}:key/{SOME_ID}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{HERE}:log-group:example:*",
    "AWS::RDS::DBCluster": f"arn:aws:rds:{HERE}:cluster:example",
    "AWS::S3::Bucket": "arn:aws:s3:::example",
    "AWS::SQS::Queue": f"arn:aws:sqs:{HERE}:example",
    "AWS::SNS::Topic": f"arn:aws:sns:{HERE}:example",
    "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:{HERE}:secret:example-AbCdEf",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{HERE}:stateMachine:example",
}
# What `Ref` returns is the ARN for these, and a name for the others.
REF_IS_ARN = {
    "AWS::CodeConnections::Connection",
    "AWS::ECS::TaskDefinition",
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
}
INLINE = ("AWS::IAM::Role", "AWS::IAM::Group", "AWS::IAM::User")
DOCUMENTS = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::GroupPolicy")

Template = dict[str, Any]


def policies_of(template: Template, templates: dict[str, Template]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the logical ID and the document of every identity policy of a template.

    `templates` are all there are, by path: outputs are looked up in them.
    """
    fill = Filler(template, templates)
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        documents = [properties.get("PolicyDocument")] if resource["Type"] in DOCUMENTS else []
        if resource["Type"] in INLINE:
            documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        for document in documents:
            yield name, fill(document)


class Filler:
    """Replaces intrinsic functions of one template by examples of what they would return."""

    def __init__(self, template: Template, templates: dict[str, Template]) -> None:
        self._resources = template["Resources"]
        self._parameters = template.get("Parameters", {})
        self._templates = templates

    def __call__(self, value: Any) -> Any:
        """Return the value with every function in it replaced."""
        if isinstance(value, list):
            return [self(item) for item in value]
        if not isinstance(value, dict):
            return value
        function = getattr(self, f"_{next(iter(value)).rpartition('::')[2].lower()}", None) if len(value) == 1 else None
        return function(next(iter(value.values()))) if function else {key: self(item) for key, item in value.items()}

    def _ref(self, name: str) -> str:
        if name in self._parameters:
            return self._parameter(self._parameters[name])
        kind = self._resources.get(name, {}).get("Type")
        return ARNS[kind] if kind in REF_IS_ARN else PSEUDO.get(name, "example")

    def _parameter(self, parameter: dict[str, Any]) -> str:
        account = PSEUDO["AWS::AccountId"]
        example = account if re.fullmatch(parameter.get("AllowedPattern", "-"), account) else "example"
        return str(parameter.get("Default") or example)

    def _getatt(self, target: list[str]) -> str:
        name, attribute = target[0], ".".join(target[1:])
        resource = self._resources[name]
        if resource["Type"] == "AWS::SSM::Parameter":
            return str(self(resource["Properties"]["Value"]))
        if attribute == "MasterUserSecret.SecretArn":
            return ARNS["AWS::SecretsManager::Secret"]
        return ARNS.get(resource["Type"], "example") if attribute.endswith("Arn") else "example"

    def _sub(self, argument: Any) -> str:
        text, values = (argument, {}) if isinstance(argument, str) else argument
        known = {name: self(value) for name, value in values.items()}
        filled = re.sub(r"\$\{([^!}]+)\}", lambda found: str(known.get(found[1]) or self._named(found[1])), text)
        return filled.replace("${!", "${")

    def _named(self, name: str) -> str:
        return self._getatt(name.split(".", 1)) if "." in name else self._ref(name)

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(map(str, self(argument[1])))

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self(argument[1])).split(str(argument[0]))

    def _if(self, argument: list[Any]) -> Any:
        return self(argument[1])

    def _getstackoutput(self, argument: dict[str, Any]) -> Any:
        for template in self._templates.values():
            output = template.get("Outputs", {}).get(argument["OutputName"])
            if output:
                return Filler(template, self._templates)(output["Value"])
        return "example"
