"""A stack: a template and what CloudFormation needs to know to deploy it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ..config.settings import Stage
from ..core import names
from ..core.template import Template

LAYERED, CONSOLE, PROJECT, ACCESS, PREVIEW = "layered", "console", "project", "access", "preview"


@dataclasses.dataclass(frozen=True)
class Stack:
    """A template with its name, place and order. `path` is where the build writes it, without a suffix.

    `values` are of parameters that the configuration knows and a template must not hold, such as an account's id.
    """

    name: str
    stage: str | None
    form: str
    layer: str
    region: str
    account: str | None
    template: Template
    path: str
    depends_on: tuple[str, ...] = ()
    termination_protection: bool = False
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What CloudFormation asks to be acknowledged: that the template makes IAM resources, and if it names them."""
        iam = [r for r in self.template.resources.values() if str(r.resource_type).startswith("AWS::IAM::")]
        if any(key.endswith("Name") and key != "PolicyName" for r in iam for key in r.properties):
            return ("CAPABILITY_NAMED_IAM",)
        return ("CAPABILITY_IAM",) if iam else ()


def stack_of_stage(
    stage: Stage,
    form: str,
    layer: str,
    what: str,
    architecture: str,
    below: Sequence[Stack] = (),
    region: str | None = None,
) -> Stack:
    """Start a stack of a stage, named and placed by the stage's settings, with a template that says what it is.

    It depends on those `below`; `region` is its own when that is another one than the stage's.
    """
    whole = form == CONSOLE
    return Stack(
        name=names.console_stack(stage.project, stage.name) if whole else names.stack(stage.project, stage.name, layer),
        stage=stage.name,
        form=form,
        layer=layer,
        region=region or stage.region,
        account=stage.account or None,
        template=Template(f"{stage.project} {stage.name}: {what}", tags=stage.tags, architecture=architecture),
        path=f"{stage.name}/{layer}",
        depends_on=tuple(one.name for one in below),
        termination_protection=stage.termination_protection,
        tags=stage.tags,
    )
