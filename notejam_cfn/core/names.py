"""Every name that two parts agree on is formed here: stacks, outputs, tags and the physical names AWS demands.

Resources have no physical name unless AWS demands one, so that two copies of a template never collide. Where one is
demanded it starts with the stack's own name, which CloudFormation keeps unique in an account and region; a name that an
account has once in all of its regions has the region in it too (rule E9523 asks for it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from troposphere import Join, Ref, Select, Split, StackId, StackName, Sub

from .regions import known_regions

# What CloudFront takes from us-east-1 only, wherever the stage is.
EDGE, EDGE_LOG = "edge", "edge-log"
NETWORK, PREVIEWS = "network", "previews"
LAYERS = (EDGE, EDGE_LOG, NETWORK, "copies", "database", "backups", "service", "monitoring", PREVIEWS)
DELIVERY, PEOPLE = "delivery", "delivery-people"
# The stack and the region that a template is deployed as and in, within `Fn::Sub`.
THIS_STACK, THIS_REGION = "${AWS::StackName}", "${AWS::Region}"
# A policy's name may have twice as many. Source: AWS IAM API Reference, "CreateRole" and "CreatePolicy".
MOST_ROLE_CHARACTERS = 64


def stack(project: str, stage: str, layer: str) -> str:
    """Name the stack that holds one layer of a stage, such as `notejam-dev-network`."""
    return f"{project}-{stage}-{layer}"


def console_stack(project: str, stage: str) -> str:
    """Name the stack that holds a whole stage, such as `notejam-dev`."""
    return f"{project}-{stage}"


def delivery_stack(project: str) -> str:
    """Name the project's delivery stack, such as `notejam-delivery`."""
    return f"{project}-{DELIVERY}"


def regional_delivery(region: str) -> str:
    """Name what the delivery keeps in another region than its own, such as `delivery-eu-west-1`."""
    return f"{DELIVERY}-{region}"


def delivery_in(stage: str) -> str:
    """Name what lets the pipeline change a stage, such as `delivery-in-prod`."""
    return f"{DELIVERY}-in-{stage}"


def delivery_previews(stage: str) -> str:
    """Name what lets developers make previews in a stage, such as `delivery-in-dev-previews`."""
    return f"{delivery_in(stage)}-{PREVIEWS}"


def access_layers(stage: str) -> tuple[str, str]:
    """Return the layers that let others into a stage: the pipeline, and developers of previews."""
    return delivery_in(stage), delivery_previews(stage)


def stage_access(project: str, stage: str) -> str:
    """Name the stack that lets the pipeline change a stage, such as `notejam-delivery-in-prod`."""
    return f"{project}-{delivery_in(stage)}"


def iam_name(stack: str, kind: str = "", region: str = THIS_REGION) -> str:
    """Name an IAM role or policy that others know by name, such as `notejam-delivery-in-dev-eu-central-1-deploy`.

    IAM's names belong to an account: the same stack in another region, to which its stage has moved, must meet none of
    this one's. Without a `kind` it is what all the names of a stack begin with. The default region stands in `Fn::Sub`.
    Source: AWS IAM User Guide, "IAM and AWS STS quotas", IAM name requirements.
    """
    return "-".join(filter(None, (stack, region, kind)))


def region_seen(region: str, here: str) -> str:
    """Return a region as a template of the region `here` says it in `Fn::Sub`: its own is not spelled."""
    return THIS_REGION if region == here else region


def previews(number: int) -> str:
    """Name a layer of what previews share: `previews`, and for more addresses `previews-2` and so on."""
    return PREVIEWS if number == 1 else f"{PREVIEWS}-{number}"


def running_image(project: str, stage: str) -> str:
    """Name the SSM parameter that holds the digest of what a stage runs, in each region that has its image.

    Only the build that deploys the stage writes it: a tag of the image could be moved by whoever may push.
    """
    return f"{stage_access(project, stage)}-image"


def preview_template(project: str, stage: str) -> str:
    """Name the template of a stage's previews, such as `notejam-dev-preview`; no stack is called that."""
    return f"{project}-{stage}-preview"


def preview(project: str, stage: str, name: str) -> str:
    """Name the stack of a preview, such as `notejam-dev-preview-alice`. No layer of a stage is called so."""
    return f"{preview_template(project, stage)}-{name}"


def account_of(stage: str) -> str:
    """Name the parameter that holds the account of a stage: `eu-prod` → `EuProdAccount`."""
    return "".join(word.capitalize() for word in stage.split("-")) + "Account"


def parameters_of(path: str) -> str:
    """Name the file of parameters beside a template, such as `delivery.parameters.json`."""
    return f"{path}.parameters.json"


def stage_name_problem(stage: str) -> str | None:
    """Say why a stage name would make two stacks share a name, or return None.

    The whole-stage stack of a stage `dev-network` would be named like the network layer of `dev`.
    """
    if stage == DELIVERY or stage.startswith(f"{DELIVERY}-"):
        return f"is reserved for the project's own stacks ({DELIVERY}, {DELIVERY}-REGION)"
    for layer in LAYERS:
        if stage == layer or stage.endswith(f"-{layer}"):
            return f"must not end in {layer!r}, which names a layer"
    return None


def pair_problem(project: str, stage: str) -> str | None:
    """Say why the roles of a stage's pipeline would have longer names than IAM takes in some region, or return None.

    A stage may have to move to any region, which is no time to learn that its name is too long.
    """
    longest = iam_name(stage_access(project, stage), PREVIEWS, max(known_regions(), key=len))
    over, both = len(longest) - MOST_ROLE_CHARACTERS, len(project) + len(stage)
    if over <= 0:
        return None
    why = f"IAM takes {MOST_ROLE_CHARACTERS} for a role's, such as {longest}"
    return f"and project.name must have at most {both - over} characters together, got {both}: {why}"


def tags(project: str, stage: str | None = None) -> dict[str, str]:
    """Return the tags of a stack; components add `component`. They carry cost allocation and permissions."""
    return {"project": project} | ({"stage": stage} if stage else {})


def output(field: str, number: int | None = None) -> str:
    """Turn a field of a component's outputs into an output name: `vpc_id` → `VpcId`, `subnet_ids`, 1 → `SubnetId1`."""
    name = "".join(word.capitalize() for word in field.split("_"))
    return name if number is None else f"{name.removesuffix('s')}{number}"


def of_stack(suffix: str, prefix: str = "") -> Sub:
    """Form a physical name around the stack's own name: `of_stack("-public-1")`."""
    return Sub(prefix + "${AWS::StackName}" + suffix)


def of_this_stack(*more: Ref | str) -> Join:
    """Form a physical name that no other stack has, not even a later one of the same name: `NAME-1a2b3c4d`.

    For what outlives its stack, or is made again after it: the next stack of that name must not meet it.
    """
    return Join("-", [StackName, _stack_number(), *more])


def cluster(generation: Ref) -> Join:
    """Name a database cluster. One that replaces another must have another `generation`: it is made first."""
    return of_this_stack(generation)


def postgresql_log_group(cluster_id: Join) -> Sub:
    """Name the log group RDS writes to: it takes the cluster's identifier and cannot be chosen.

    Source: Amazon Aurora User Guide, "Publishing Aurora PostgreSQL logs to Amazon CloudWatch Logs".
    """
    return Sub("/aws/rds/cluster/${Name}/postgresql", Name=cluster_id)


def container_insights_log_group(cluster_name: Join) -> Sub:
    """Name the log group Container Insights writes to; it takes the cluster's name and cannot be chosen."""
    return Sub("/aws/ecs/containerinsights/${Name}/performance", Name=cluster_name)


def state_machine_log_group(*more: str) -> Sub:
    """Name the log group of a state machine; with this prefix it takes no place in the account's resource policy.

    Source: AWS Step Functions Developer Guide, "Using CloudWatch Logs to log execution history".
    """
    return Sub("/aws/vendedlogs/states/${Name}", Name=of_this_stack(*more))


def log_group_arn(name: object) -> Sub:
    """Return a log group's ARN without the `:*` that its `Arn` attribute ends in, as AWS WAF asks for."""
    return Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Group}", Group=name)


def backup_vault(tags: Mapping[str, str]) -> Join:
    """Name a backup vault, which AWS demands: after the tags project and stage, and the stack's id.

    The vault outlives its stack, and the next stack of that name needs another one. At most 50 characters, letters,
    digits, - and _: all used by the longest project and stage.
    """
    known = [re.sub("[^a-zA-Z0-9_-]", "-", tags[key])[:20] for key in ("project", "stage") if tags.get(key)]
    return Join("-", [*(known or ["backups"]), _stack_number()])


def repository(project: str) -> Join:
    """Name the Git repository, which CodeCommit demands. It outlives its stack, as a vault does."""
    return Join("-", [project, _stack_number()])


def connection(project: str) -> Join:
    """Name the connection to a Git host: at most 32 characters, of which an account has each once, in any region.

    Source: AWS CloudFormation Template Reference, "AWS::CodeConnections::Connection".
    """
    return Join("-", [project, _stack_number()])


def cache(name: str) -> Join:
    """Name a serverless cache, which ElastiCache demands: at most 40 letters, digits and hyphens, lower case."""
    return Join("-", [name.lower(), _stack_number()])


def restore_testing(what: str) -> Join:
    """Name a restore testing plan or selection, which AWS demands: letters, digits and underscores only."""
    return Join("_", [what, _stack_number()])


def _stack_number() -> Select:
    """Return the first eight digits of the unique part of the stack's id."""
    return Select(0, Split("-", Select(2, Split("/", StackId))))


def edge_log_group() -> Sub:
    """Name the log group of CloudFront's requests; with this prefix it takes no place in the account's resource policy.

    Source: Amazon CloudWatch Logs User Guide, "Logs sent to CloudWatch Logs", size of the resource policy.
    """
    return Sub("/aws/vendedlogs/cloudfront/${Name}", Name=of_this_stack())


def waf_log_group() -> Sub:
    """Name a log group AWS WAF accepts: the prefix is demanded."""
    return Sub("aws-waf-logs-${Name}", Name=of_this_stack())


def pipeline_log_group() -> Join:
    """Name the log group of the pipeline's events, as its own policy must know the name."""
    return of_this_stack("pipeline")


def pipeline_log_streams() -> Sub:
    """Return the ARN of the streams of that log group, for its own policy, which cannot refer to it."""
    group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Name}:*"
    return Sub(group, Name=pipeline_log_group())
