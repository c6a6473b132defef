"""Facts about workers, jobs, calls between services and what tasks are given, composed as a library's user does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

import notejam_cfn as nj
from notejam_cfn.components.containers.queue_scaling import steps

KEY = "arn:aws:kms:eu-central-1:123456789012:key/one"
OTHER_KEY = "arn:aws:kms:eu-central-1:123456789012:key/other"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf"
NETWORK = nj.Network("vpc-1", ("subnet-1", "subnet-2"), ("subnet-3", "subnet-4"), ("subnet-5", "subnet-6"))
ENCRYPTION, CLUSTER = nj.Encryption(KEY), nj.Cluster("main")
BALANCER = ("arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/main/1/2", "sg-1", "https://a.example")
Resources = dict[str, dict[str, Any]]


def template() -> nj.Template:
    return nj.Template("Shop", tags={"project": "shop", "stage": "live"}, architecture="A shop.")


def made(add: Callable[[nj.Template], object]) -> Resources:
    """Return the resources that a function adds to a template."""
    one = template()
    add(one)
    return dict(one.to_dict()["Resources"])


def worker(one: nj.Template, options: nj.TaskOptions | None = None, **settings: Any) -> nj.Worker:
    queue = nj.add_queue(one, nj.QueueSettings(), ENCRYPTION)
    return nj.add_worker(
        one, nj.WorkerSettings(**settings), queue, NETWORK, ENCRYPTION, CLUSTER, options or nj.TaskOptions()
    )


def job(one: nj.Template, **settings: Any) -> nj.Job:
    alarms = nj.AlarmTopic("arn:aws:sns:eu-central-1:123456789012:alarms")
    return nj.add_job(one, nj.JobSettings(**settings), NETWORK, ENCRYPTION, CLUSTER, nj.TaskOptions(), alarms)


def service(
    one: nj.Template, name: str, options: nj.TaskOptions | None = None, connect: nj.Connect | None = None, **more: Any
) -> nj.Service:
    settings = nj.ServiceSettings(name=name, **more)
    return nj.add_service(one, settings, NETWORK, ENCRYPTION, CLUSTER, None, options or nj.TaskOptions(), connect)


def statements(resources: Resources, role: str) -> list[dict[str, Any]]:
    (policy,) = resources[role]["Properties"]["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


def resources_allowed(resources: Resources, role: str, action: str) -> list[Any]:
    return [one["Resource"] for one in statements(resources, role) if action in one["Action"]]


def containers(resources: Resources, name: str) -> dict[str, dict[str, Any]]:
    return {one["Name"]: one for one in resources[f"{name}TaskDefinition"]["Properties"]["ContainerDefinitions"]}


def tasks_for(settings: nj.WorkerSettings, messages: int) -> int:
    """Return the number of tasks that the steps say for a backlog, as Application Auto Scaling reads them."""
    beyond = messages - 1
    (found,) = (
        step.ScalingAdjustment
        for step in steps(settings)
        if step.MetricIntervalLowerBound <= beyond
        and beyond < step.properties.get("MetricIntervalUpperBound", float("inf"))
    )
    return int(found)


@pytest.mark.parametrize(("messages", "tasks"), [(1, 1), (10, 1), (11, 2), (40, 4), (41, 5), (9999, 5)])
def test_a_worker_has_a_task_for_so_many_messages(messages: int, tasks: int) -> None:
    assert tasks_for(nj.WorkerSettings(max_tasks=5, messages_per_task=10), messages) == tasks


def test_a_large_worker_grows_in_as_many_steps_as_a_policy_takes_and_reaches_its_bound() -> None:
    settings = nj.WorkerSettings(max_tasks=333, messages_per_task=7)
    found = list(steps(settings))
    assert len(found) == 20
    assert [tasks_for(settings, number) >= number / 7 for number in (1, 7, 500, 2331)] == [True] * 4
    assert tasks_for(settings, 10**6) == 333
    assert all(a.MetricIntervalUpperBound == b.MetricIntervalLowerBound for a, b in itertools.pairwise(found))


def test_a_worker_sleeps_when_nothing_waits_and_nothing_is_worked_on() -> None:
    resources = made(lambda one: worker(one, idle_minutes=7))
    idle, target = resources["WorkerIdle"]["Properties"], resources["WorkerScalableTarget"]["Properties"]
    assert (idle["EvaluationPeriods"], idle["TreatMissingData"], target["MinCapacity"]) == (7, "breaching", 0)
    assert idle["Metrics"][-1]["Expression"] == "waiting + worked"
    assert idle["AlarmActions"] == [{"Ref": "WorkerRest"}]


def test_a_worker_may_take_work_and_no_more_of_the_queue() -> None:
    resources = made(worker)
    assert resources_allowed(resources, "WorkerTaskRole", "sqs:ReceiveMessage")
    assert not resources_allowed(resources, "WorkerTaskRole", "sqs:SendMessage")
    assert {"Name": "QUEUE_URL", "Value": {"Ref": "WorkQueue"}} in containers(resources, "Worker")["worker"][
        "Environment"
    ]
    assert not [one for one in resources.values() if one["Type"] == "AWS::EC2::SecurityGroupIngress"]


def test_what_failed_as_often_as_allowed_is_put_aside() -> None:
    queue = made(worker)["WorkQueue"]["Properties"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["WorkDeadLetters", "Arn"]},
        "maxReceiveCount": 5,
    }


def test_a_job_that_fails_is_tried_again_and_people_are_told() -> None:
    resources = made(lambda one: job(one, retries=4, timeout_minutes=5))
    states = resources["JobMachine"]["Properties"]["Definition"]["States"]
    assert list(states) == ["Run"]
    late, failed = states["Run"]["Retry"]
    assert (states["Run"]["TimeoutSeconds"], failed["MaxAttempts"]) == (300, 4)
    assert late == {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}
    assert resources["JobRunFailed"]["Properties"]["Dimensions"][0]["Value"] == {"Ref": "JobMachine"}
    assert (
        "Retry" not in made(lambda one: job(one, retries=0))["JobMachine"]["Properties"]["Definition"]["States"]["Run"]
    )


def test_a_job_alone_looks_first_whether_another_run_goes_on() -> None:
    states = made(lambda one: job(one, one_at_a_time=True))["JobMachine"]["Properties"]["Definition"]
    assert states["StartAt"] == "Look"
    assert states["States"]["Alone"]["Choices"][0]["Next"] == "LeftOut"
    assert states["States"]["Alone"]["Default"] == "Run"


def test_a_job_without_an_image_has_no_schedule() -> None:
    resources = made(job)
    assert resources["JobSchedule"]["Condition"] == resources["JobMachine"]["Condition"] == "HasJobImageUri"


@pytest.mark.parametrize("schedule", ["every night", "cron(0 3 * * *)", "rate(1 minutes)", "rate(5 minute)"])
def test_a_schedule_that_aws_refuses_is_refused_at_once(schedule: str) -> None:
    with pytest.raises(nj.InvalidSetting, match=r"schedule must be cron\("):
        nj.JobSettings(schedule=schedule)


def test_a_secret_and_a_parameter_bring_their_permissions_to_both_roles() -> None:
    options = nj.TaskOptions(
        secrets={
            "PASSWORD": nj.secret(SECRET, "password", kms_key=OTHER_KEY),
            "USER": nj.secret(SECRET, "username", kms_key=OTHER_KEY),
            "TOKEN": nj.parameter("/shop/token"),
        }
    )
    resources = made(lambda one: worker(one, options))
    for role in ("WorkerExecutionRole", "WorkerTaskRole"):
        assert resources_allowed(resources, role, "secretsmanager:GetSecretValue") == [[SECRET]]
        ((parameter,),) = resources_allowed(resources, role, "ssm:GetParameters")
        assert parameter["Fn::Sub"].endswith(":parameter/shop/token")
        assert [KEY] in resources_allowed(resources, role, "kms:Decrypt")
        assert [OTHER_KEY] in resources_allowed(resources, role, "kms:Decrypt")
    read = {one["Name"]: one["ValueFrom"] for one in containers(resources, "Worker")["worker"]["Secrets"]}
    assert read["PASSWORD"] == f"{SECRET}:password::"


def test_a_secret_without_its_random_end_is_found_by_iam_too() -> None:
    named = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/key"
    assert nj.secret(named).permission.Resource == [f"{named}-??????"]


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: nj.secret("arn:aws:ssm:eu-central-1:123456789012:parameter/a"), r"read by parameter\("),
        (lambda: nj.parameter(SECRET), r"read by secret\("),
        (lambda: nj.secret("shop"), "must be the ARN of a secret"),
        (lambda: nj.secret(SECRET, "a:b"), "without a colon"),
    ],
)
def test_what_is_read_the_wrong_way_says_the_right_one(read: Callable[[], object], said: str) -> None:
    with pytest.raises(nj.InvalidInput, match=said):
        read()


def test_a_sidecar_shares_the_tasks_memory_and_has_no_rights_either() -> None:
    sidecar = nj.Sidecar("otel", "otel:1", ports=[4317], memory_mib=200, before="START")
    options = nj.TaskOptions(sidecars=[sidecar], extra_ports={"metrics": 9100})
    found = containers(made(lambda one: worker(one, options)), "Worker")
    assert (found["otel"]["Memory"], found["worker"]["Memory"]) == (200, 312)
    assert found["otel"]["ReadonlyRootFilesystem"] is True
    assert found["otel"]["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert found["worker"]["DependsOn"] == [{"ContainerName": "otel", "Condition": "START"}]
    assert found["worker"]["PortMappings"] == [{"ContainerPort": 9100, "Name": "metrics", "Protocol": "tcp"}]


def test_a_task_that_mounts_a_file_system_is_its_client_and_may() -> None:
    files = nj.FileSystem("fs-1", "arn:fs", "fsap-1", "arn:ap", "sg-clients")
    options = nj.TaskOptions(
        volumes=[nj.Volume("models", "/models", files, read_only=True), nj.Volume("work", "/work")]
    )
    resources = made(lambda one: worker(one, options))
    efs, own = resources["WorkerTaskDefinition"]["Properties"]["Volumes"][1:]
    assert efs["EFSVolumeConfiguration"]["TransitEncryption"] == "ENABLED"
    assert own == {"Name": "work"}
    groups = resources["WorkerService"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]["SecurityGroups"]
    assert groups[-1] == "sg-clients"
    (mounting,) = (one for one in statements(resources, "WorkerTaskRole") if one["Resource"] == ["arn:fs"])
    assert mounting["Condition"] == {"StringEquals": {"elasticfilesystem:AccessPointArn": "arn:ap"}}


def test_size_disk_and_open_files_reach_the_task() -> None:
    task = made(
        lambda one: worker(one, cpu_units=32768, memory_mib=249856, ephemeral_storage_gib=200, open_files=99999)
    )
    properties = task["WorkerTaskDefinition"]["Properties"]
    assert (properties["Cpu"], properties["Memory"]) == ("32768", "249856")
    assert properties["EphemeralStorage"] == {"SizeInGiB": 200}
    assert properties["ContainerDefinitions"][0]["Ulimits"] == [
        {"Name": "nofile", "SoftLimit": 99999, "HardLimit": 99999}
    ]
    with pytest.raises(nj.InvalidSetting, match="must be one of 61440, 122880, 249856 with 32768 CPU units"):
        nj.WorkerSettings(cpu_units=32768, memory_mib=65536)


def test_an_image_of_another_account_may_be_pulled() -> None:
    image = "210987654321.dkr.ecr.cn-north-1.amazonaws.com.cn/tools/shop:1"
    resources = made(lambda one: worker(one, image=image))
    ((*_, there),) = resources_allowed(resources, "WorkerExecutionRole", "ecr:BatchGetImage")
    assert there == "arn:aws-cn:ecr:cn-north-1:210987654321:repository/tools/shop"


def test_services_call_each_other_by_name_and_only_where_asked() -> None:
    def add(one: nj.Template) -> None:
        namespace = nj.add_namespace(one)
        api = service(one, "Api", connect=nj.Connect(namespace), port=9000)
        assert api.internal_url == "http://api:9000"
        service(one, "Site", connect=nj.Connect(namespace, calls=[api]))

    resources = made(add)
    (named,) = resources["ApiService"]["Properties"]["ServiceConnectConfiguration"]["Services"]
    assert named["ClientAliases"] == [{"Port": 9000, "DnsName": "api"}]
    ways = [name for name, one in resources.items() if one["Type"] == "AWS::EC2::SecurityGroupIngress"]
    assert ways == ["SiteCallsApiIngress"]
    assert "ApiServiceName" in resources["SiteService"]["DependsOn"]
    assert containers(resources, "Site")["site"]["Memory"] == 448


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (lambda one: service(one, "Api"), "load_balancer is needed, or connect"),
        (
            lambda one: nj.Connect(nj.Namespace("arn"), calls=[nj.Service("a", "b", "c", "d", "e", "f", "g", "h")]),
            "give it connect=",
        ),
        (lambda one: nj.Volume("tmp", "/x"), "must be lower-case letters, digits and hyphens, but not tmp"),
        (lambda one: nj.TaskOptions(volumes=[nj.Volume("a", "/x"), nj.Volume("b", "/x")]), "got /x twice"),
        (lambda one: nj.Sidecar("a", "b", before="SUCCESS"), "essential must be False"),
        (lambda one: worker(one, nj.TaskOptions(sidecars=[nj.Sidecar("a", "b", memory_mib=500)])), "must leave"),
        (lambda one: worker(one, nj.TaskOptions(environment={"QUEUE_URL": "x"})), "must leave QUEUE_URL"),
        (lambda one: worker(one, exec_access=True), "exec_access needs a cluster"),
    ],
)
def test_what_cannot_work_is_refused_at_the_call(add: Callable[[nj.Template], object], said: str) -> None:
    with pytest.raises(nj.InvalidInput, match=said):
        add(template())


def balancer() -> nj.LoadBalancer:
    return nj.existing_load_balancer(*BALANCER)


def priorities(*routes: dict[str, Any]) -> dict[str, int]:
    """Compose services on one listener and return their priorities."""
    one, behind = template(), balancer()
    for number, route in enumerate(routes):
        settings = nj.ServiceSettings(name=f"S{number}", **route)
        nj.add_service(one, settings, NETWORK, ENCRYPTION, CLUSTER, behind, nj.TaskOptions())
    resources = json.loads(json.dumps(one.to_dict()["Resources"]))
    return {f"S{n}": resources[f"S{n}ListenerRule"]["Properties"]["Priority"] for n in range(len(routes))}


def test_priorities_never_collide_and_narrow_rules_come_first() -> None:
    hosts = [{"host": f"{name}.example.com"} for name in "abcdefghij"]
    found = priorities(
        {}, *hosts, {"path_pattern": "/api/*"}, {"path_pattern": "/api/v2/*"}, {"path_pattern": "/api/v2/x"}
    )
    assert len(set(found.values())) == len(found)
    assert found["S13"] < found["S12"] < found["S11"] < found["S0"] == 1000
    assert all(found[f"S{number}"] < found["S0"] for number in range(1, 11))


def test_a_priority_stays_when_services_come_and_go() -> None:
    paths = [{"path_pattern": f"/{name}/*"} for name in ("shop", "search", "admin")]
    assert priorities(*paths)["S1"] == priorities(paths[2], paths[1])["S1"]


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ([{}, {}], "must differ from that of S0"),
        ([{"path_pattern": "/a/*", "priority": 500}, {"path_pattern": "/b/*", "priority": 500}], "which S0 has"),
        ([{"priority": 200}, {"path_pattern": "/b/*", "priority": 500}], "S0 before S1, which then gets nothing"),
    ],
)
def test_services_that_would_hide_each_other_are_refused(routes: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(nj.InvalidInput, match=said):
        priorities(*routes)
