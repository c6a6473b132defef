"""Asks engines that nobody here wrote what they think of the templates in output/, and prints one table.

    python tools/engines.py            install what is missing, then judge
    python tools/engines.py --offline  judge with what is installed
    python tools/engines.py --verbose  also print what each rule that is exempt is exempt for

Each engine is pinned. checkov and cfn-guard live in `.engines/`: checkov wants other versions of boto3 than this
project, and cfn-guard comes in an npm package with AWS Control Tower's rules. Status 1 when a finding has no reason.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import venv
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import example_values

from notejam_cfn import render
from notejam_cfn.commands._table import table
from notejam_cfn.exemptions import Exempted, exempted

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".engines"
CHECKOV = "checkov==3.3.30"
GUARD = "@cdklabs/cdk-validator-cfnguard@0.0.62"
GUARD_HOME = HOME / "guard" / "node_modules" / "@cdklabs" / "cdk-validator-cfnguard"
LEAST_PASSED, MOST_SKIPPED = 100, 5

Templates = dict[str, dict[str, Any]]


@dataclasses.dataclass(frozen=True, order=True)
class Complaint:
    """What an engine has against a template. `logical_id` is empty when it is against the template as a whole."""

    template: str
    logical_id: str
    rule: str
    message: str


@dataclasses.dataclass(frozen=True)
class Opinion:
    """What an engine says: how many checks passed where it counts them, complaints, and those with a reason."""

    engine: str
    version: str
    passed: int | None
    complaints: tuple[Complaint, ...]
    exempt: tuple[Exempted, ...] = ()
    most_in_a_template: int = 0

    @property
    def row(self) -> list[str]:
        """The engine's row of the table."""
        passed = "-" if self.passed is None else f"{self.passed:,}"
        return [self.engine, self.version, passed, str(len(self.complaints)), str(len(set(self.exempt)))]


class EngineBroken(RuntimeError):
    """An engine did not run: the message says which, and what it printed last."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge every template with every engine and return 1 when somebody objects."""
    options = parse(arguments)
    if not options.offline:
        install()
    templates = read_templates(options.output)
    with tempfile.TemporaryDirectory() as directory:
        files = write_json(templates, Path(directory))
        opinions = [judge(templates, files) for judge in ENGINES]
    report(opinions, options.verbose)
    return 1 if any(opinion.complaints for opinion in opinions) or not enough(opinions) else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "output", metavar="DIR", help="where the templates are")
    parser.add_argument("--offline", action="store_true", help="install nothing")
    parser.add_argument("--verbose", action="store_true", help="list exemptions with their reasons")
    return parser.parse_args(arguments)


def install() -> None:
    """Install what is missing or of another version than the one pinned."""
    checkov, guard = HOME / "checkov", HOME / "guard"
    if not is_stamped(checkov, CHECKOV):
        venv.create(checkov, with_pip=True, clear=True)
        run([str(checkov / "bin" / "pip"), "install", "--quiet", CHECKOV])
        stamp(checkov, CHECKOV)
    if not is_stamped(guard, GUARD):
        guard.mkdir(parents=True, exist_ok=True)
        # The CDK is its peer, and a hundred times its size: the rules and the binary do without.
        run(["npm", "install", "--prefix", str(guard), "--omit=peer", "--ignore-scripts", "--no-audit", GUARD])
        stamp(guard, GUARD)


def is_stamped(directory: Path, pin: str) -> bool:
    """Tell whether this very version was installed."""
    file = directory / "installed"
    return file.exists() and file.read_text(encoding="utf-8") == pin


def stamp(directory: Path, pin: str) -> None:
    """Note what was installed."""
    (directory / "installed").write_text(pin, encoding="utf-8")


def read_templates(output: Path) -> Templates:
    """Return the templates that the manifest lists, by path."""
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    paths = [stack["template"] for stack in manifest["stacks"]]
    return {path: render.load((output / path).read_text(encoding="utf-8")) for path in paths}


def write_json(templates: Templates, directory: Path) -> dict[str, Path]:
    """Write the templates as JSON, which every engine reads: some stumble over newer short tags."""
    files = {}
    for path, template in templates.items():
        files[path] = directory / (path.replace("/", "-").rpartition(".")[0] + ".json")
        files[path].write_text(json.dumps(template, indent=1), encoding="utf-8")
    return files


def cfn_lint(templates: Templates, files: dict[str, Path]) -> Opinion:
    """Ask cfn-lint with every rule on, for every region it knows.

    That a region lacks a type (E3006) is not held against a template: `build` weighs it by the stage's region.
    """
    options = ["--regions", "ALL_REGIONS", "--include-checks", "I", "--include-experimental", "--format", "json"]
    program = str(Path(sys.executable).with_name("cfn-lint"))
    printed = run([program, *options, "--", *map(str, files.values())], statuses=range(32))
    names = {str(file): path for path, file in files.items()}
    complaints = [
        Complaint(names[match["Filename"]], place_of(match), match["Rule"]["Id"], match["Message"])
        for match in json.loads(printed)
        if match["Rule"]["Id"] != "E3006"
    ]
    return Opinion("cfn-lint", version("cfn-lint"), None, tuple(sorted(complaints)))


def place_of(match: dict[str, Any]) -> str:
    """Return the logical ID that cfn-lint points at, the second part of its path; empty where it names none."""
    path = match["Location"]["Path"] or []
    return str(path[1]) if len(path) > 1 else ""


def cloudformation_validate(templates: Templates, files: dict[str, Path]) -> Opinion:
    """Ask the engine that CloudFormation's own pre-deployment validation is made of."""
    from cloudformation_validate import CelEngine, Severity, TemplateContent

    engine, bad = CelEngine(), (Severity.FATAL, Severity.ERROR, Severity.WARN)
    complaints = [
        Complaint(path, found.entity.logical_id if found.entity else "", found.rule_id, found.message)
        for path, file in files.items()
        for found in engine.validate_template(TemplateContent(file.read_text(encoding="utf-8"), path)).diagnostics
        if found.severity in bad
    ]
    return Opinion("cloudformation-validate", version("cloudformation-validate"), None, tuple(sorted(complaints)))


def checkov(templates: Templates, files: dict[str, Path]) -> Opinion:
    """Ask checkov, without its platform and without a download."""
    directory = next(iter(files.values())).parent
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "--output", "json"]
    program = str(HOME / "checkov" / "bin" / "python")
    printed = run([program, "-m", "checkov.main", *options, "--directory", str(directory)], statuses=(0, 1))
    answer = json.loads(printed)
    names = {f"/{file.name}": path for path, file in files.items()}
    complaints = sorted(
        Complaint(names[found["file_path"]], logical_id(found), found["check_id"], found["check_name"])
        for found in answer["results"]["failed_checks"]
    )
    reasons = [[one for one in exempted(template) if one.engine == "checkov"] for template in templates.values()]
    summary, most = answer["summary"], max(map(len, reasons))
    exempt = tuple(one for each in reasons for one in each)
    return Opinion("checkov", summary["checkov_version"], summary["passed"], tuple(complaints), exempt, most)


def logical_id(found: dict[str, Any]) -> str:
    """Return the logical ID of what checkov calls `AWS::S3::Bucket.AccessLogs`."""
    return str(found["resource"]).rpartition(".")[2]


def guard(templates: Templates, files: dict[str, Path]) -> Opinion:
    """Ask cfn-guard with AWS Control Tower's proactive controls."""
    complaints, reasons, passed = [], [], 0
    for path, file in files.items():
        known = {(one.rule, one.logical_id): one for one in exempted(templates[path]) if one.engine == "guard"}
        for answer in ask_guard(file):
            passed += len(answer["compliant"])
            for found in guard_complaints(path, answer):
                reason = known.get((found.rule, found.logical_id))
                reasons += [reason] if reason else []
                complaints += [] if reason else [found]
    numbered = json.loads((GUARD_HOME / "guard-version.json").read_text(encoding="utf-8"))["version"]
    return Opinion("cfn-guard, Control Tower", numbered, passed, tuple(sorted(complaints)), tuple(reasons))


def ask_guard(file: Path) -> list[dict[str, Any]]:
    """Return cfn-guard's answer about one template."""
    system = {"Linux": "ubuntu", "Darwin": "macos"}[platform.system()]
    processor = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    program = GUARD_HOME / "bin" / system / processor / "cfn-guard"
    options = ["--output-format", "json", "--show-summary", "none", "--structured"]
    rules = str(GUARD_HOME / "rules" / "control-tower" / "cfn-guard")
    printed = run([str(program), "validate", "--rules", rules, "--data", str(file), *options], statuses=(0, 19))
    answer: list[dict[str, Any]] = json.loads(printed)
    return answer


def guard_complaints(path: str, answer: dict[str, Any]) -> Iterator[Complaint]:
    """Yield a complaint for each resource that a rule of cfn-guard fails."""
    for failed in answer["not_compliant"]:
        rule = failed["Rule"]
        for resource in sorted({part for part in map(resource_of, paths_in(rule)) if part}):
            yield Complaint(path, resource, rule["name"], " ".join(first_message(rule).split()))


def resource_of(place: str) -> str:
    """Return the logical ID in a path such as `/Resources/Key/Properties`; empty where there is none."""
    parts = place.split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "Resources" else ""


def paths_in(value: Any) -> Iterator[str]:
    """Yield every path that cfn-guard names within an answer."""
    for item in dictionaries(value):
        if isinstance(item.get("path"), str):
            yield item["path"]


def first_message(rule: Any) -> str:
    """Return the first text that the rule's author wrote for people."""
    return next((item["custom_message"] for item in dictionaries(rule) if item.get("custom_message")), "")


def dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every dictionary within a value, outermost first."""
    if isinstance(value, dict):
        yield value
    items: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in items:
        yield from dictionaries(item)


def parliament(templates: Templates, files: dict[str, Path]) -> Opinion:
    """Ask parliament about every policy, with example values for what CloudFormation fills in."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of how it finds its own files
        from parliament import analyze_policy_string, enhance_finding

    complaints, asked = [], 0
    for path, template in templates.items():
        for resource, document in example_values.policies_of(template, templates):
            asked += 1
            findings = analyze_policy_string(json.dumps(document)).findings
            for found in map(enhance_finding, findings):
                if found.severity in ("MEDIUM", "HIGH", "CRITICAL"):
                    complaints.append(Complaint(path, resource, found.issue, f"{found.title} {found.detail}"))
    return Opinion("parliament", version("parliament"), asked - len(complaints), tuple(sorted(complaints)))


ENGINES: Sequence[Callable[[Templates, dict[str, Path]], Opinion]] = (
    cfn_lint,
    cloudformation_validate,
    checkov,
    guard,
    parliament,
)


def enough(opinions: Iterable[Opinion]) -> bool:
    """Tell whether checkov looked at enough, and is asked to look away from little."""
    judged = {opinion.engine: opinion for opinion in opinions}["checkov"]
    return (judged.passed or 0) >= LEAST_PASSED and judged.most_in_a_template <= MOST_SKIPPED


def report(opinions: Sequence[Opinion], verbose: bool) -> None:
    """Print the table, and below it what each engine objects to."""
    heads = ["engine", "version", "passed", "objections", "with a reason"]
    print("\n".join(table(heads, [opinion.row for opinion in opinions], right=(2, 3, 4))))
    for opinion in opinions:
        for one in opinion.complaints:
            print(f"{opinion.engine}: {one.template}: {one.logical_id or 'template'}: {one.rule} {one.message}")
        for reason in sorted(set(opinion.exempt)) if verbose else ():
            print(f"{opinion.engine}: {reason.logical_id}: {reason.rule} is exempt: {reason.reason}")


def run(command: Sequence[str], statuses: Iterable[int] = (0,)) -> str:
    """Run a program and return what it printed. Raises `EngineBroken` for an exit status that is not expected."""
    quiet = os.environ | {"LOG_LEVEL": "ERROR", "npm_config_loglevel": "error"}
    quiet.pop("PIP_CONSTRAINT", None)  # checkov wants other versions than this project
    ended = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    if ended.returncode not in statuses:
        raise EngineBroken(f"{command[0]} ended with {ended.returncode}: {(ended.stderr or ended.stdout)[-2000:]}")
    return ended.stdout


def version(package: str) -> str:
    """Return the version of an installed package."""
    return importlib.metadata.version(package)


if __name__ == "__main__":
    sys.exit(main())
