"""A job's runs, followed in the emulator: one after the other, and never two at once where that is asked for."""

from __future__ import annotations

import time
from typing import Any

import notejam_cfn as nj
from notejam_cfn.local.emulator import Emulator

LONGEST_SECONDS = 60


def deploy_job(aws: Emulator) -> str:
    """Deploy a job and return the ARN of its state machine."""
    template = nj.Template("Tidy", tags={"project": "tidy", "stage": "live"}, architecture="A job.")
    encryption = nj.add_encryption(template, nj.EncryptionSettings(keep_key=False))
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    network, cluster = (
        nj.Network(vpc, private_subnet_ids=[subnet]),
        nj.add_cluster(template, nj.ClusterSettings(), encryption),
    )
    settings = nj.JobSettings(image="registry.example/tidy:1", one_at_a_time=True, retries=1)
    nj.add_job(template, settings, network, encryption, cluster, nj.TaskOptions(command=["tidy"]))
    aws.deploy("tidy", template.to_dict())
    machine = aws.client("cloudformation").describe_stack_resource(StackName="tidy", LogicalResourceId="JobMachine")
    return str(machine["StackResourceDetail"]["PhysicalResourceId"])


def tasks_of(aws: Emulator) -> list[str]:
    ecs = aws.client("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    return list(ecs.list_tasks(cluster=cluster)["taskArns"])


def wait_for(aws: Emulator, run: str) -> dict[str, Any]:
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=run)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.2)
    raise AssertionError(f"{run} goes on and on")


def test_a_run_is_left_out_while_a_task_runs_and_one_that_is_late_is_not_tried_again(aws: Emulator) -> None:
    """The emulator's Step Functions has little patience, and its tasks run until they are stopped."""
    steps, machine = aws.client("stepfunctions"), deploy_job(aws)
    late = wait_for(aws, steps.start_execution(stateMachineArn=machine)["executionArn"])
    assert (late["status"], late["error"]) == ("FAILED", "States.Timeout")
    (task,) = tasks_of(aws)
    second = wait_for(aws, steps.start_execution(stateMachineArn=machine)["executionArn"])
    assert (second["status"], tasks_of(aws)) == ("SUCCEEDED", [task])
