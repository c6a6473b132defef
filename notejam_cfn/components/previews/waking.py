"""Wakes a stage and its previews one by one, though one load balancer stands before them all.

A load balancer counts what it refuses for itself, not for a target group, so an alarm on that count would wake
everything that sleeps behind it. The request itself says what it was for: CloudFront asks for the waking page in place
of a 503, with the same header as the request, and that page comes from a function which starts the task. That takes
seconds, where an alarm takes a minute or two, and costs nothing while nobody asks.
Sources: Elastic Load Balancing, "CloudWatch metrics for your Application Load Balancer", dimensions of
HTTPCode_ELB_503_Count, RequestCount and RejectedConnectionCount; Amazon CloudFront Developer Guide, "Create a custom
error page for specific HTTP status codes".
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from troposphere import AccountId, awslambda, logs
from troposphere import elasticloadbalancingv2 as elb

from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from ...iam import policies, preview_policies
from ..data.encryption import Encryption
from ..load_balancing.listeners import WAKING, WAKING_PATH
from ..observability.log_groups import add_log_group
from ..service_role import service_role

CODE = Path(__file__).with_name("wake_function.py")
RUNTIME = "python3.13"
# Before the page that does nothing but wait, which the load balancer holds for stages of which nothing sleeps.
PRIORITY = 1
RETENTION_DAYS = 365
ANSWERS_A_REQUEST = Suppression(
    reason="A visitor waits for its page, so nothing is tried again later; it calls ECS and reads nothing private.",
    risk="Many requests at once can use up the functions that an account may run at a time; until fewer ask, nothing "
    "is woken.",
    checkov=("CKV_AWS_50", "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_173", "CKV_AWS_272"),
    guard=("lambda_concurrency_check", "lambda_dlq_check", "lambda_inside_vpc_check"),
)


OF_THIS_ACCOUNT = Suppression(
    reason="The rule takes an account that is written as twelve digits; this one is whichever the stack is in.",
    risk="None: SourceAccount names that account.",
    guard=("lambda_function_public_access_prohibited_check",),
)


@dataclasses.dataclass(frozen=True)
class Sleepers:
    """What sleeps behind one load balancer: a stage's service, and previews.

    `service` and `preview` are what the names of their services begin with, a preview's before its number. The
    parameter holds the name of the stage's own, which is not there before the first release.
    """

    cluster_name: Value
    service: str
    service_parameter: str
    preview: str


@component("previews")
def add_waking(template: Template, sleepers: Sleepers, encryption: Encryption, listener_arn: Value) -> None:
    """Add the function, and let the load balancer ask it for the waking page."""
    log = add_log_group(template, "WakeLogGroup", RETENTION_DAYS, encryption, "Says when a task could not be started.")
    function = add_function(template, sleepers, log)
    permission = template.add(
        awslambda.Permission(
            "WakePermission",
            FunctionName=function.get_att("Arn"),
            Action="lambda:InvokeFunction",
            Principal="elasticloadbalancing.amazonaws.com",
            SourceAccount=AccountId,
        ),
        why="Lets load balancers of this account ask the function, and nobody else.",
        suppress=[OF_THIS_ACCOUNT],
    )
    group = template.add(
        elb.TargetGroup(
            "WakeTargets",
            TargetType="lambda",
            Targets=[elb.TargetDescription(Id=function.get_att("Arn"))],
            DependsOn=permission.title,
        ),
        why="Holds the function that wakes.",
    )
    paths = elb.PathPatternConfig(Values=[WAKING_PATH])
    template.add(
        elb.ListenerRule(
            "WakeRule",
            ListenerArn=listener_arn,
            Priority=PRIORITY,
            Conditions=[elb.Condition(Field="path-pattern", PathPatternConfig=paths)],
            Actions=[elb.ListenerRuleAction(Type="forward", TargetGroupArn=group.ref())],
        ),
        why="Has the page of what sleeps made by the function that wakes it.",
    )


def add_function(template: Template, sleepers: Sleepers, log: logs.LogGroup) -> awslambda.Function:
    """Add the function with its code; its size is one at which Lambda loads AWS's library in about half a second.

    In its role it looks at the services and changes them, and passes no role on.
    """
    named = [f"{sleepers.service}*", f"{sleepers.preview}*"]
    waking = preview_policies.allow_waking(sleepers.cluster_name, named, sleepers.service_parameter)
    logging = policies.allow_writing_log_group(log.get_att("Arn"))
    role = template.add(
        service_role("WakeRole", "lambda", *waking, logging),
        why="Lets the function start a task of the stage or of a preview.",
    )
    told = {
        "CLUSTER": sleepers.cluster_name,
        "SERVICE_PARAMETER": sleepers.service_parameter,
        "PREVIEW": sleepers.preview,
        "PAGE": WAKING,
    }
    return template.add(
        awslambda.Function(
            "Wake",
            Description="Starts a task when somebody met none, and shows the page that waits for it",
            Runtime=RUNTIME,
            Architectures=["arm64"],
            Handler="index.answer",
            Code=awslambda.Code(ZipFile=CODE.read_text(encoding="utf-8")),
            Environment=awslambda.Environment(Variables=told),
            MemorySize=512,
            Timeout=10,
            Role=role.get_att("Arn"),
            LoggingConfig=awslambda.LoggingConfig(LogGroup=log.ref()),
        ),
        why="Starts a task of what somebody asked for, and answers with the page that waits for it.",
        suppress=[ANSWERS_A_REQUEST],
    )
