"""Write what resource schemas say of replacement, names and regions to deploy/plan/effects/resource_facts.json.

    python tools/refresh_resource_facts.py            writes the file
    python tools/refresh_resource_facts.py --check    ends with 1 when the file is not what the installed cfn-lint says

Deploying must know which change makes a new resource, without installing cfn-lint. Kept is every type of a service that
the components use, so that a new component of a known service needs no refresh.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "notejam_cfn" / "deploy" / "plan" / "effects" / "resource_facts.json"
REFERENCE_REGION = "us-east-1"
# Services, as in AWS::SERVICE::Type, that the components make resources of.
SERVICES = frozenset(
    {
        *("ApplicationAutoScaling", "Backup", "Budgets", "CertificateManager", "Chatbot", "CloudFront", "CloudWatch"),
        *("CodeBuild", "CodeCommit", "CodeConnections", "CodePipeline", "CodeStarNotifications", "DynamoDB", "EC2"),
        *("ECR", "ECS", "EFS", "ElasticLoadBalancingV2", "Events", "IAM", "KMS", "Lambda", "Logs", "Oam"),
        *("RAM", "RDS", "Route53", "S3", "SES", "SNS", "SQS", "SSM", "Scheduler", "SecretsManager", "ServiceDiscovery"),
        *("StepFunctions", "WAFv2"),
    }
)
# A group's name is taken in its VPC only.
SCOPES = {"AWS::EC2::SecurityGroup": ["VpcId"]}
# Every registration makes a revision of its own: the name is never taken.
REVISED = frozenset({"AWS::ECS::TaskDefinition"})


def main(given: list[str] | None = None) -> int:
    """Write or check the file, and return the exit status."""
    parser = argparse.ArgumentParser(description="Refresh what deploying knows of resource types.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when the file is out of date")
    asked = parser.parse_args(given)
    text = rendered()
    if not asked.check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") != text:
        print(f"{TARGET.relative_to(ROOT)} is out of date; run: python {Path(__file__).relative_to(ROOT)}")
        return 1
    return 0


def rendered() -> str:
    """Return the file's text: one line for each type, so that a refresh can be read as a difference."""
    schemas = _schemas()
    version = importlib.metadata.version("cfn-lint")
    published = json.loads((_folder() / "version.json").read_text(encoding="utf-8"))["schema_date"][:10]
    source = f"CloudFormation resource schemas of {published}, as cfn-lint {version} has them"
    types = ",\n".join(f'    "{name}": {json.dumps(facts(name, schema))}' for name, schema in sorted(schemas.items()))
    absent = {region: sorted(set(schemas) - index) for region, index in sorted(_regions().items())}
    regions = ",\n".join(f'    "{region}": {json.dumps(names)}' for region, names in absent.items())
    head = f'{{\n  "source": {json.dumps(source)},\n  "written_by": "tools/refresh_resource_facts.py"'
    return f'{head},\n  "types": {{\n{types}\n  }},\n  "absent": {{\n{regions}\n  }}\n}}\n'


def facts(name: str, schema: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what is kept of a type's schema; what is empty is left out."""
    found = {
        "replaces": _paths(schema, "createOnlyProperties"),
        "may_replace": _paths(schema, "conditionalCreateOnlyProperties"),
        "named_by": _named_by(name, schema),
    }
    if schema.get("replacementStrategy") == "delete_then_create":
        found["deleted_first"] = ["yes"]
    return {key: value for key, value in found.items() if value}


def _named_by(name: str, schema: Mapping[str, Any]) -> list[str]:
    """Return the properties that together name a resource, of which there can be one only; empty when AWS names it."""
    read_only, identifier = _paths(schema, "readOnlyProperties"), _paths(schema, "primaryIdentifier")
    if name in REVISED:
        return []
    if identifier and not set(identifier) & set(read_only):
        return identifier
    names = [path for path in _paths(schema, "createOnlyProperties") if _is_name(path, name)]
    scope = [path for path in identifier if path not in read_only and path not in names]
    return names and [*names, *scope, *SCOPES.get(name, [])]


def _is_name(path: str, kind: str) -> bool:
    last = path.rpartition(".")[2]
    return last == "Name" or (last.endswith("Name") and kind.endswith(last.removesuffix("Name")))


def _paths(schema: Mapping[str, Any], section: str) -> list[str]:
    found: Iterable[str] = schema.get(section) or ()
    return sorted({path.removeprefix("/properties/").replace("/", ".") for path in found})


def _schemas() -> dict[str, dict[str, Any]]:
    index = _index(REFERENCE_REGION)
    kept = {name: digest for name, digest in index.items() if name.split("::")[1] in SERVICES}
    folder = _folder() / "resources"
    return {name: json.loads((folder / f"{digest}.json").read_text("utf-8")) for name, digest in kept.items()}


def _regions() -> dict[str, set[str]]:
    """Return the types of each region. Regions that only repeat the reference's list say nothing, and are left out."""
    names = [path.stem for path in (_folder() / "providers").glob("*.json") if "-" in path.stem]
    found = {name: set(_index(name)) for name in names}
    return {n: types for n, types in found.items() if n == REFERENCE_REGION or types != found[REFERENCE_REGION]}


def _index(region: str) -> dict[str, str]:
    index: dict[str, str] = json.loads((_folder() / "providers" / f"{region}.json").read_text("utf-8"))
    return index


def _folder() -> Path:
    import cfnlint

    return Path(str(cfnlint.__file__)).parent / "data" / "schemas"


if __name__ == "__main__":
    sys.exit(main())
