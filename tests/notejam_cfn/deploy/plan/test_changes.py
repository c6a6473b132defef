"""What becomes of resources, followed from stack to stack, and what that means."""

from __future__ import annotations

from typing import Any

from notejam_cfn.deploy.plan import two_steps
from notejam_cfn.deploy.plan.changes import Action, Comparison, StackChange, compare
from notejam_cfn.deploy.plan.effects.findings import Finding, Verdict
from notejam_cfn.deploy.plan.effects.verdicts import judge

VPC, SUBNET, GROUP = "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup"
Resources = dict[str, dict[str, Any]]


def one(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def read(output: str) -> dict[str, Any]:
    return {"Fn::GetStackOutput": {"StackName": "network", "OutputName": output}}


def compared(old: dict[str, Resources], new: dict[str, Resources]) -> Comparison:
    """Compare stacks given by name, the first ones read by the later ones; every resource is an output of its own."""
    now = {(stack, name): f"{name}-id" for stack, held in old.items() for name in held}
    stacks = [
        StackChange(name, name, _document(new[name]), {}, _document(old[name]) if name in old else None) for name in new
    ]
    return compare(stacks, now)


def _document(held: Resources) -> dict[str, Any]:
    return {"Resources": held, "Outputs": {name: {"Value": {"Ref": name}} for name in held}}


def actions(comparison: Comparison) -> dict[str, Action]:
    return {change.id: change.action for change in comparison.changes}


def findings(old: dict[str, Resources], new: dict[str, Resources]) -> dict[str, list[Finding]]:
    comparison = compared(old, new)
    judged = judge(comparison, {}, two_steps.removed_last(comparison))
    return {each.change.id: list(each.findings) for each in judged}


def verdicts(old: dict[str, Resources], new: dict[str, Resources]) -> dict[str, Verdict]:
    return {
        name: min(found, key=lambda each: each.weight).verdict for name, found in findings(old, new).items() if found
    }


def network(cidr: str = "10.0.0.0/16", **more: Any) -> Resources:
    return {
        "Vpc": one(VPC, CidrBlock=cidr),
        "Place": one(SUBNET, VpcId={"Ref": "Vpc"}, CidrBlock="10.0.0.0/24"),
        **more,
    }


DATABASE = {"Group": one("AWS::RDS::DBSubnetGroup", SubnetIds=[read("Place")])}


def test_nothing_changes_when_the_templates_say_the_same() -> None:
    same = {"network": network(), "database": DATABASE}
    assert compared(same, same).changes == ()


def test_a_replacement_is_followed_through_references_and_outputs() -> None:
    old = {"network": network(), "database": DATABASE}
    found = actions(compared(old, old | {"network": network("10.9.0.0/16")}))
    assert found == {
        "network.Vpc": Action.REPLACE,
        "network.Place": Action.REPLACE,
        "database.Group": Action.CHANGE,
    }


def test_an_attribute_that_is_a_property_follows_its_change() -> None:
    def pointer(value: str) -> dict[str, Any]:
        return {
            "Resources": {"Where": one("AWS::SSM::Parameter", Type="String", Value=value)},
            "Outputs": {"Address": {"Value": {"Fn::GetAtt": ["Where", "Value"]}}},
        }

    reader = {"Resources": {"Task": one("AWS::ECS::TaskDefinition", Cpu="256", ContainerDefinitions=[read("Address")])}}
    stacks = [
        StackChange("network", "network", pointer("b"), {}, pointer("a")),
        StackChange("service", "service", reader, {}, reader),
    ]
    found = actions(compare(stacks, {("network", "Address"): "a"}))
    assert found == {"network.Where": Action.CHANGE, "service.Task": Action.REPLACE}


def test_what_stays_cannot_follow_to_another_network() -> None:
    old = {"network": network(), "database": DATABASE}
    assert verdicts(old, old | {"network": network("10.9.0.0/16")})["database.Group"] is Verdict.WILL_FAIL


def test_what_another_stack_uses_is_removed_last() -> None:
    more = {"Second": one(SUBNET, VpcId={"Ref": "Vpc"}, CidrBlock="10.0.1.0/24")}
    old = {
        "network": network(**more),
        "database": {"Group": one("AWS::RDS::DBSubnetGroup", SubnetIds=[read("Place"), read("Second")])},
    }
    comparison = compared(old, {"network": network(), "database": DATABASE})
    assert two_steps.removed_last(comparison) == {("network", "Second")}
    [finding] = findings(old, {"network": network(), "database": DATABASE})["network.Second"]
    assert (finding.verdict, finding.refused) == (Verdict.NOTHING, False)


def test_what_another_stack_uses_cannot_be_replaced() -> None:
    group = {"Clients": one(GROUP, GroupDescription="clients", VpcId="vpc-1")}
    service = {"Web": one("AWS::ECS::Service", NetworkConfiguration={"SecurityGroups": [read("Clients")]})}
    changed = {"Clients": one(GROUP, GroupDescription="other words", VpcId="vpc-1")}
    found = verdicts({"network": group, "service": service}, {"network": changed, "service": service})
    assert found["network.Clients"] is Verdict.ORDER


def test_a_fixed_name_cannot_be_taken_by_the_replacement() -> None:
    key = {"Key": one("AWS::KMS::Key")}
    vault = "AWS::Backup::BackupVault"
    old = {"backups": key | {"Vault": one(vault, BackupVaultName="shop", EncryptionKeyArn="arn:one")}}
    new = {"backups": key | {"Vault": one(vault, BackupVaultName="shop", EncryptionKeyArn="arn:two")}}
    renamed = {"backups": key | {"Vault": one(vault, BackupVaultName="shop-2", EncryptionKeyArn="arn:two")}}
    assert verdicts(old, new)["backups.Vault"] is Verdict.WILL_FAIL
    assert verdicts(old, renamed)["backups.Vault"] is Verdict.DATA_LOST


def test_a_name_made_of_something_that_is_replaced_too_is_another_name() -> None:
    def policy(kind: str) -> Resources:
        role = one("AWS::IAM::Role", Path=f"/{kind}/")
        return {"Role": role, "Policy": one("AWS::IAM::RolePolicy", PolicyName="p", RoleName={"Ref": "Role"})}

    found = findings({"roles": policy("a")}, {"roles": policy("b")})
    assert Verdict.WILL_FAIL not in {each.verdict for each in found["roles.Policy"]}


def test_what_becomes_of_stored_data_is_said_in_one_of_three_ways() -> None:
    bucket = one("AWS::S3::Bucket")
    kept, lost = bucket | {"DeletionPolicy": "Retain"}, bucket
    cluster = one("AWS::RDS::DBCluster", Engine="aurora-postgresql")
    old = {"data": {"Kept": kept, "Lost": lost, "Snapshot": cluster, "Other": one("AWS::EC2::EIP")}}
    found = verdicts(old, {"data": {"Other": one("AWS::EC2::EIP")}})
    assert found == {
        "data.Kept": Verdict.KEPT,
        "data.Lost": Verdict.DATA_LOST,
        "data.Snapshot": Verdict.KEPT,
    }


def test_a_reader_less_and_a_log_less_are_refused_to_nobody() -> None:
    old = {
        "data": {
            "Reader": one("AWS::RDS::DBInstance", DBClusterIdentifier="c"),
            "Log": one("AWS::Logs::LogGroup"),
            "Other": one("AWS::EC2::EIP"),
        }
    }
    found = findings(old, {"data": {"Other": one("AWS::EC2::EIP")}})
    assert found
    assert not any(each.refused for told in found.values() for each in told)


def engine(version: str) -> dict[str, Resources]:
    return {"data": {"Db": one("AWS::RDS::DBCluster", Engine="aurora-postgresql", EngineVersion=version)}}


def test_a_database_goes_up_a_little_by_itself_further_by_name_and_never_back() -> None:
    assert verdicts(engine("17.7"), engine("17.10"))["data.Db"] is Verdict.RESTART
    assert verdicts(engine("17.7"), engine("18.3"))["data.Db"] is Verdict.DOWNTIME
    assert verdicts(engine("17.10"), engine("17.7"))["data.Db"] is Verdict.WILL_FAIL


def test_shorter_retention_loses_what_is_older() -> None:
    def log(days: int) -> dict[str, Resources]:
        return {"logs": {"Log": one("AWS::Logs::LogGroup", RetentionInDays=days)}}

    assert verdicts(log(365), log(30))["logs.Log"] is Verdict.DATA_LOST
    assert verdicts(log(30), log(365)) == {}


def test_resources_deployed_with_other_outputs_than_there_are_now_are_caught_up_with() -> None:
    document = _document({"Door": one("AWS::EC2::NatGateway", SubnetId="s", AllocationId=read("Address"))})
    stack = StackChange("app", "app", document, {}, document, stale=frozenset({"Door"}))
    [change] = compare([stack], {("network", "Address"): "eip-2"}).changes
    assert (change.action, change.properties) == (Action.MAYBE_REPLACE, ("AllocationId",))


def test_the_first_of_two_steps_keeps_what_goes_and_what_that_needs() -> None:
    from notejam_cfn.deploy.stacks.templates import Template

    old = Template({"Resources": {"Vpc": one(VPC), "Block": one("B"), "Old": one(SUBNET, VpcId={"Ref": "Vpc"})}})
    old.document["Resources"]["Old"]["DependsOn"] = "Block"
    new = Template({"Resources": {"Vpc": one(VPC, EnableDnsSupport=True), "New": one(SUBNET)}})
    first = two_steps.first_step(old, new, {"Old"})
    assert set(first.document["Resources"]) == {"Vpc", "New", "Old", "Block"}
    assert first.document["Resources"]["Vpc"] == one(VPC, EnableDnsSupport=True)
