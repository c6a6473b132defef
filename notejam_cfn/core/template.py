"""The template that components add to: a troposphere `Template` that tags, explains and groups what it is given."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

import troposphere
from troposphere import AWSObject, Equals, Not, Output, Parameter

from .composition.encoding import encoded
from .composition.ordering import add_dependencies
from .composition.owners import claim, foreign
from .composition.tagging import tag
from .inputs import InvalidInput, accepted, hints_of, shown
from .references import needs, unknown_references
from .suppressions import Suppression, metadata

CONTEXT = "com.aws.cloudformation.Context"
INTERFACE = "AWS::CloudFormation::Interface"
UNTAGGED_COMPONENT = "stack"
# What is changed most often stands first in the console's form; other groups follow.
GROUPS = ("Release", "Scaling", "Database")

# What a template has besides its resources, and as which attribute troposphere keeps it.
PARTS = {
    "Description": "description",
    "Metadata": "metadata",
    "Conditions": "conditions",
    "Mappings": "mappings",
    "Outputs": "outputs",
    "Parameters": "parameters",
    "AWSTemplateFormatVersion": "version",
    "Transform": "transform",
    "Rules": "rules",
    "Globals": "globals",
}

R = TypeVar("R", bound=AWSObject)
P = ParamSpec("P")
T = TypeVar("T")


class Template(troposphere.Template):
    """A template that puts the stack's tags and the component's name on every resource added to it.

    `tags` are the tags all resources share (see `names.tags`); `architecture` is one sentence about the whole, kept in
    the template's metadata where reviewers and tools find it.
    """

    def __init__(self, description: str, *, tags: Mapping[str, str], architecture: str) -> None:
        super().__init__(Description=description, Metadata={CONTEXT: {"arch": architecture}})
        self.set_version("2010-09-09")
        self.stack_tags = dict(tags)
        self._component = UNTAGGED_COMPONENT

    def add(self, resource: R, why: str, suppress: Iterable[Suppression] = ()) -> R:
        """Add a resource with the reason it exists, and return it.

        `why` is one sentence in plain English: deployment progress and reviews show it. `suppress` says which rules of
        engines that judge templates it is right to break, and why: see `suppressions`.
        """
        given = dict(resource.resource.get("Metadata", {}))
        resource.Metadata = given | {CONTEXT: {"why": why}} | metadata(suppress)
        self.add_resource(resource)
        return resource

    def add_resource(self, resource: Any) -> Any:
        """Add a resource, or a list of them, tagged like everything else of the stack."""
        for one in resource if isinstance(resource, list) else [resource]:
            self._refuse(one)
            tag(one, self.stack_tags | {"component": self._component})
        return super().add_resource(resource)

    def to_dict(self) -> Any:
        """Render the template, with the order of resources that no reference shows: see `ordering`.

        Raises `InvalidInput` for a reference to what is not in the template.
        """
        body = {name: encoded(part) for name, attribute in PARTS.items() if (part := getattr(self, attribute))}
        body["Resources"] = encoded(self.resources)
        needed = {name: needs(resource) for name, resource in body["Resources"].items()}
        for place, name in unknown_references(body, needed):
            problem = f"refers to {name}, which is no resource or parameter of this template ({self.description})"
            raise InvalidInput(place, f"{problem}; what another template made is handed over by publish(…)")
        add_dependencies(body["Resources"], needed)
        return body

    def add_parameter_in(self, group: str, label: str, name: str, **properties: Any) -> Parameter:
        """Add a parameter under a heading of the console's form, and return it.

        Adding the same name twice returns the first one: two services may share a parameter.
        """
        if name in self.parameters:
            return self.parameters[name]
        parameter = self.add_parameter(Parameter(name, **properties))
        self.add_parameter_to_group(parameter, group)
        self.set_parameter_label(parameter, label)
        self.metadata[INTERFACE]["ParameterGroups"].sort(key=_group_position)
        return parameter

    def add_output_for_people(self, name: str, value: Any, description: str) -> Output:
        """Add an output that a person reads in the console or at the end of a deployment."""
        return self.add_output(Output(name, Value=value, Description=description))

    def condition_given(self, parameter: Parameter) -> str:
        """Return the name of the condition that holds when the text parameter is not empty."""
        name = f"Has{parameter.title}"
        if name not in self.conditions:
            self.add_condition(name, Not(Equals(parameter.ref(), "")))
        return name

    def condition_chosen(self, parameter: Parameter, value: str) -> str:
        """Return the name of the condition that holds when the parameter has a value, such as `true`."""
        name = f"{parameter.title}Is{value.capitalize()}"
        if name not in self.conditions:
            self.add_condition(name, Equals(parameter.ref(), value))
        return name

    @contextmanager
    def component(self, name: str) -> Iterator[None]:
        """Tag what is added inside with this component's name. The innermost component wins."""
        outer, self._component = self._component, name
        try:
            yield
        finally:
            self._component = outer

    def _refuse(self, resource: AWSObject) -> None:
        """Refuse a logical ID that is taken, and what belongs to another template."""
        title = str(resource.title)
        taken = self.resources.get(title) or self.parameters.get(title)
        if taken is not None:
            was = str(getattr(taken, "resource_type", "") or "a parameter")
            raise InvalidInput(
                title,
                f"is in this template already, as {was}: give one of the two, or its service, another name",
            )
        refuse_foreign(self, title, resource)


def component(
    name: str,
) -> Callable[[Callable[Concatenate[Template, P], T]], Callable[Concatenate[Template, P], T]]:
    """Make a component: what it adds is tagged `component: NAME`, by which backups and cost reports select."""

    def decorate(function: Callable[Concatenate[Template, P], T]) -> Callable[Concatenate[Template, P], T]:
        def add(template: Template, /, *args: P.args, **kwargs: P.kwargs) -> T:
            given = dict(zip(hints_of(function), args, strict=False)) | kwargs
            for argument, value in given.items():
                accepted(argument, hints_of(function).get(argument, Any), value)
                refuse_foreign(template, argument, value)
            with template.component(name):
                outputs = function(template, *args, **kwargs)
            claim(template, outputs)
            return outputs

        return functools.update_wrapper(add, function)

    return decorate


def refuse_foreign(template: Template, name: str, value: Any) -> None:
    """Raise `InvalidInput` for a value that holds something of another template."""
    found = foreign(template, value)
    if found:
        function, owner = found
        problem = f"was made in another template ({owner.description}), got {shown(function)}"
        raise InvalidInput(name, f"{problem}; hand over what publish(…) returns")


def _group_position(group: Mapping[str, Any]) -> int:
    name = group["Label"]["default"]
    return GROUPS.index(name) if name in GROUPS else len(GROUPS)
