"""Writes the composition: Python that makes each environment with the library."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence

from .containers import variable
from .environments import Environment
from .fields import block, python
from .workloads import JOB, SERVICE, WORKER, Translation

HEAD = '''"""The Copilot application {project}, taken over by `python -m notejam_cfn from-copilot`.

Look at it, change what has to be changed, and deploy an environment:

    python {file}
    python -m notejam_cfn deploy {stage}
"""

import notejam_cfn as nj

PROJECT = {quoted}
# Copilot keeps neither in the workspace: write the region of each environment, and the account of its secrets.
REGIONS = {regions}
ACCOUNT = {account}

'''
MAIN = '''

def compose(stage):
    """Return the stacks of an environment: what its workloads share, and one for each workload."""
    shared = base(stage)
    return {calls}


if __name__ == "__main__":
    nj.write_output("output", [stack for stage in REGIONS for stack in compose(stage)])
'''
BASE = '''
def base(stage):
    """Make what the workloads of an environment share."""
    tags = {{"project": PROJECT, "stage": stage}}
    template = nj.Template(f"{{PROJECT}}: base", tags=tags, architecture="What the workloads of an environment share.")
    stack = nj.stack("base", template, region=REGIONS[stage])
    encryption = nj.add_encryption(template, nj.EncryptionSettings())
{network}{cluster}    cluster = nj.add_cluster(template, settings, encryption)
{balancer}    namespace = nj.add_namespace(template)
    made = {{"network": network, "encryption": encryption, "cluster": cluster, "namespace": namespace}}
{publish}    return {{"stack": stack, "tags": tags, "called": []}} | {{
        name: nj.publish(template, stack.name, each) for name, each in made.items()
    }}
'''
WORKLOAD = '''

def {function}(stage, shared):
    """Make the workload {name}."""
    template = nj.Template(f"{{PROJECT}}: {name}", tags=shared["tags"], architecture="A workload of {project}.")
    stack = nj.stack("{name}", template, region=REGIONS[stage])
    encryption, network, cluster = shared["encryption"], shared["network"], shared["cluster"]
{body}    return stack
'''
SETTINGS = {SERVICE: "ServiceSettings", WORKER: "WorkerSettings", JOB: "JobSettings"}


def composition(
    project: str,
    file: str,
    regions: Mapping[str, str],
    account: str,
    environments: Mapping[str, Environment],
    workloads: Sequence[Mapping[str, Translation]],
) -> str:
    """Return the composition as Python. Each workload is given by environment; it is left out of those it is not in."""
    first = next(iter(regions))
    text = HEAD.format(
        project=project,
        quoted=python(project),
        file=file,
        stage=first,
        regions=python(regions),
        account=python(account),
    )
    public = any(each.public for by_stage in workloads for each in by_stage.values())
    text += _base(environments, _domains(environments, workloads), public)
    text += "".join(_workload(project, by_stage) for by_stage in workloads)
    made = ['shared["stack"]', *(f"{_function(each)}(stage, shared)" for each in workloads)]
    return text + MAIN.format(calls=textwrap.indent(block("[", made, "]"), "    ").lstrip())


def _base(environments: Mapping[str, Environment], domains: Mapping[str, list[str]], public: bool) -> str:
    clusters = {
        stage: f"nj.ClusterSettings({', '.join(f'{key}={python(value)}' for key, value in each.cluster.items())})"
        for stage, each in environments.items()
    }
    balancers = {stage: block("nj.LoadBalancerSettings(", given, ")") for stage, given in domains.items()}
    made = "    balancer = nj.add_load_balancer(template, settings, network, encryption)\n"
    return BASE.format(
        network=_assigned("network", {stage: each.network for stage, each in environments.items()}),
        cluster=_assigned("settings", clusters),
        balancer=_assigned("settings", balancers) + made if public else "",
        publish='    made["balancer"] = balancer\n' if public else "",
    )


def _assigned(name: str, sources: Mapping[str, str]) -> str:
    """Assign a value, which may differ by environment."""
    *firsts, last = dict.fromkeys(sources.values())
    lines: list[str] = []
    for kind in firsts:
        head = f"{'elif' if lines else 'if'} stage in {_stages(sources, kind)}:"
        lines += [head, textwrap.indent(f"{name} = {kind}", "    ")]
    ended = ["else:", textwrap.indent(f"{name} = {last}", "    ")] if firsts else [f"{name} = {last}"]
    return "".join(textwrap.indent(f"{line}\n", "    ") for line in [*lines, *ended])


def _domains(
    environments: Mapping[str, Environment], workloads: Sequence[Mapping[str, Translation]]
) -> dict[str, list[str]]:
    """Return for each environment the settings of its load balancer: names of services, and their certificate."""
    found: dict[str, list[str]] = {}
    for stage, environment in environments.items():
        aliases = {
            host: zone
            for by_stage in workloads
            if stage in by_stage
            for host, zone in by_stage[stage].aliases.items()
            if zone or environment.certificate
        }
        found[stage] = []
        if aliases:
            first, *others = aliases
            given = {"domain": first, "more_domains": ",".join(others), "hosted_zone_id": aliases[first]}
            given["certificate_arn"] = environment.certificate
            found[stage] = [f"{key}={python(value)}" for key, value in given.items() if value]
    return found


def _workload(project: str, by_stage: Mapping[str, Translation]) -> str:
    each = next(iter(by_stage.values()))
    body = []
    for name in each.file_systems:
        files = f"nj.FileSystemSettings(name={python(each.settings['name'] + 'Files')})"
        body.append(f"{variable(name)} = nj.add_file_system(template, {files}, network, encryption)")
    if each.queue is not None:
        given = [f"{key}={python(value)}" for key, value in each.queue.items()]
        body.append(block("settings = nj.QueueSettings(", given, ")"))
        body.append("queue = nj.add_queue(template, settings, encryption)")
    settings = {stage: {key: python(value) for key, value in one.settings.items()} for stage, one in by_stage.items()}
    body.append(block(f"settings = nj.{SETTINGS[each.kind]}(", _items(settings, lambda key: f"{key}="), ")"))
    keys = dict.fromkeys(key for translation in by_stage.values() for key in translation.options)
    body.append(block("options = nj.TaskOptions(", [_option(key, by_stage) for key in keys], ")"))
    return WORKLOAD.format(
        function=_function(by_stage),
        name=each.name,
        project=project,
        body="".join(textwrap.indent(f"{text}\n", "    ") for text in [*body, *_calls(each)]),
    )


def _calls(each: Translation) -> Iterator[str]:
    """Write the call that makes the workload. What others can call is kept for those that are made after it."""
    places = "network, encryption, cluster"
    connect = 'nj.Connect(shared["namespace"], calls=list(shared["called"]))'
    if each.kind == JOB:
        yield f"nj.add_job(template, settings, {places}, options)"
    elif each.kind == WORKER:
        yield f"connect = {connect}"
        yield f"nj.add_worker(template, settings, queue, {places}, options, connect)"
    else:
        balancer = 'shared["balancer"]' if each.public else "None"
        yield f"connect = {connect}"
        yield f"service = nj.add_service(template, settings, {places}, {balancer}, options, connect)"
        yield 'shared["called"].append(nj.publish(template, stack.name, service))'


def _option(key: str, by_stage: Mapping[str, Translation]) -> str:
    values = {stage: each.options.get(key) for stage, each in by_stage.items()}
    if any(isinstance(value, Mapping) for value in values.values()):
        given = _items({stage: value or {} for stage, value in values.items()}, lambda name: f"{python(name)}: ")
        queued = key == "environment" and next(iter(by_stage.values())).kind == WORKER
        return block(f"{key}={{", [*given, *(['"COPILOT_QUEUE_URI": queue.url'] if queued else [])], "}")
    if key in ("volumes", "sidecars"):
        return f"{key}={_by_stage({stage: block('[', value or [], ']') for stage, value in values.items()})}"
    return f"{key}={_by_stage({stage: python(list(value or [])) for stage, value in values.items()})}"


def _items(by_stage: Mapping[str, Mapping[str, str]], named: Callable[[str], str]) -> Iterator[str]:
    """Write what all environments share, each as `named` begins it, and last what each has of its own."""
    first = next(iter(by_stage.values()))
    shared = {key for key, value in first.items() if all(each.get(key) == value for each in by_stage.values())}
    yield from (f"{named(key)}{source}" for key, source in first.items() if key in shared)
    own = {
        stage: [f"{python(key)}: {source}" for key, source in each.items() if key not in shared]
        for stage, each in by_stage.items()
    }
    if any(own.values()):
        yield block("**{", [f"{python(stage)}: {block('{', items, '}')}" for stage, items in own.items()], "}[stage]")


def _by_stage(sources: Mapping[str, str]) -> str:
    """Write one value, or one for each environment where they differ, made only for the environment in question."""
    *firsts, last = dict.fromkeys(sources.values())
    said = [f"{kind} if stage in {_stages(sources, kind)} else" for kind in firsts]
    return f"({' '.join([*said, last])})" if firsts else last


def _stages(sources: Mapping[str, str], kind: str) -> str:
    return python(tuple(stage for stage, source in sources.items() if source == kind))


def _function(by_stage: Mapping[str, Translation]) -> str:
    return "make_" + next(iter(by_stage.values())).name.replace("-", "_")
