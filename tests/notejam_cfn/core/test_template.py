"""The template that components add to: it tags, explains and groups."""

from __future__ import annotations

from troposphere import Tags, ec2, iam, logs

from notejam_cfn import Template, component


def new() -> Template:
    return Template("test", tags={"project": "p", "stage": "s"}, architecture="A test.")


def tags_of(template: Template, name: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in template.to_dict()["Resources"][name]["Properties"]["Tags"]}


@component("log-book")
def add_log_book(template: Template) -> logs.LogGroup:
    return template.add(logs.LogGroup("Book"), why="Holds pages.")


def test_a_component_tags_what_it_adds_with_its_name() -> None:
    template = new()
    add_log_book(template)
    assert tags_of(template, "Book") == {"project": "p", "stage": "s", "component": "log-book"}


def test_a_resource_of_plain_troposphere_is_tagged_too() -> None:
    template = new()
    template.add_resource(logs.LogGroup("Plain"))
    assert tags_of(template, "Plain")["component"] == "stack"


def test_tags_of_its_own_are_kept() -> None:
    template = new()
    template.add(ec2.InternetGateway("Gateway", Tags=Tags(Name="way-out")), why="Leads out.")
    assert tags_of(template, "Gateway")["Name"] == "way-out"


def test_a_type_without_tags_gets_none() -> None:
    template = new()
    template.add(
        ec2.Route("Way", RouteTableId="rtb-1", DestinationCidrBlock="0.0.0.0/0", GatewayId="igw-1"), why="Leads on."
    )
    assert "Tags" not in template.to_dict()["Resources"]["Way"]["Properties"]


def test_a_resource_carries_why_it_is_there() -> None:
    template = new()
    add_log_book(template)
    metadata = template.to_dict()["Resources"]["Book"]["Metadata"]
    assert metadata == {"com.aws.cloudformation.Context": {"why": "Holds pages."}}


def test_components_nest_and_the_inner_one_names_its_own() -> None:
    @component("shelf")
    def add_shelf(template: Template) -> None:
        add_log_book(template)
        template.add(iam.Role("Keeper", AssumeRolePolicyDocument={}), why="Looks after the shelf.")

    template = new()
    add_shelf(template)
    assert tags_of(template, "Book")["component"] == "log-book"
    assert tags_of(template, "Keeper")["component"] == "shelf"


def test_parameters_stand_in_groups_with_labels() -> None:
    template = new()
    for _ in range(2):
        template.add_parameter_in("Size", "How many", "Count", Type="Number", Default="1")
    interface = template.to_dict()["Metadata"]["AWS::CloudFormation::Interface"]
    assert interface["ParameterGroups"] == [{"Label": {"default": "Size"}, "Parameters": ["Count"]}]
    assert interface["ParameterLabels"] == {"Count": {"default": "How many"}}
