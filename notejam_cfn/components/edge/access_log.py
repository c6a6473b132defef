"""CloudFront's own log of requests, which it only delivers from us-east-1."""

from __future__ import annotations

import dataclasses

from troposphere import Sub, logs

from ...config.settings import Stage
from ...core import names
from ...core.template import Template, component
from ...core.values import Value
from ..data.encryption import add_encryption
from ..observability.log_groups import add_log_group


@component("edge")
def add_access_log(template: Template, stage: Stage, distribution_id: Value) -> None:
    """Add a log group with a line for each request to a distribution, and what delivers them.

    Source: Amazon CloudFront Developer Guide, "Configure standard logging (v2)".
    """
    encryption = add_encryption(template, dataclasses.replace(stage.encryption, keep_key=False), ("cloudwatch",))
    group = add_log_group(
        template,
        "RequestLogGroup",
        stage.cdn.log_retention_days,
        encryption,
        "Keeps a line for each request that CloudFront answered, from its cache too.",
        names.edge_log_group(),
    )
    arn = Sub("arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Id}", Id=distribution_id)
    source = template.add(
        logs.DeliverySource("RequestLogSource", Name=names.of_stack(""), ResourceArn=arn, LogType="ACCESS_LOGS"),
        why="Takes the log of the stage's distribution.",
    )
    destination = template.add(
        logs.DeliveryDestination(
            "RequestLogDestination",
            Name=names.of_stack(""),
            DestinationResourceArn=names.log_group_arn(group.ref()),
            OutputFormat="json",
        ),
        why="Writes what is delivered to the log group, as JSON that Logs Insights reads.",
    )
    template.add(
        logs.Delivery(
            "RequestLogDelivery",
            DeliverySourceName=source.ref(),
            DeliveryDestinationArn=destination.get_att("Arn"),
        ),
        why="Delivers the distribution's log to its log group.",
    )
