"""Asks linters that nobody here wrote what they think of the templates in output/, and prints one table.

    python tools/linters.py            install what is missing, then judge
    python tools/linters.py --offline  judge with what is installed
    python tools/linters.py --verbose  also print what each rule that is exempt is exempt for

They read the files as they are committed. Status 1 when a finding has no reason, 2 when a linter cannot be asked.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import functools
import importlib.metadata
import json
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import example_values
from linter_environments import LinterBroken, LinterMissing, guard_package, python_of, run

from notejam_cfn.core import render
from notejam_cfn.core.suppressions import SuppressedRule, suppressed_rules
from notejam_cfn.core.terminal import table

ROOT = Path(__file__).resolve().parent.parent
ASK_PARLIAMENT = Path(__file__).with_name("ask_parliament.py")
LEAST_PASSED, MOST_SKIPPED = 100, 10


@dataclasses.dataclass(frozen=True)
class Judged:
    """The templates that are judged, by their paths within a directory."""

    directory: Path
    templates: dict[str, dict[str, Any]]

    @property
    def files(self) -> dict[str, Path]:
        """Where each template is."""
        return {path: self.directory / path for path in self.templates}

    @classmethod
    def read(cls, directory: Path) -> Judged:
        """Read the templates that the manifest of a build lists."""
        manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
        paths = [stack["template"] for stack in manifest["stacks"]]
        return cls(directory, {path: render.load((directory / path).read_text(encoding="utf-8")) for path in paths})


@dataclasses.dataclass(frozen=True, order=True)
class Complaint:
    """What a linter has against a template. `logical_id` is empty when it is against the template as a whole."""

    template: str
    logical_id: str
    rule: str
    message: str


@dataclasses.dataclass(frozen=True)
class Opinion:
    """What a linter says: how many checks passed where it counts them, complaints, and those with a reason."""

    linter: str
    version: str
    passed: int | None
    complaints: tuple[Complaint, ...]
    suppressed: tuple[SuppressedRule, ...] = ()
    most_in_a_template: int = 0

    @property
    def row(self) -> list[str]:
        """The linter's row of the table."""
        passed = "-" if self.passed is None else f"{self.passed:,}"
        return [self.linter, self.version, passed, str(len(self.complaints)), str(len(set(self.suppressed)))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge every template with every linter. Return 1 when somebody objects, 2 when somebody cannot be asked."""
    options = parse(arguments)
    judged = Judged.read(options.output)
    try:
        opinions = [ask(judged) for ask in linters(options.offline)]
    except (LinterMissing, LinterBroken) as problem:
        print(problem, file=sys.stderr)
        return 2
    report(opinions, options.verbose)
    short = shortfalls(opinions)
    print(*short, sep="\n", end="\n" if short else "")
    return 1 if any(opinion.complaints for opinion in opinions) or short else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "output", metavar="DIR", help="where the templates are")
    parser.add_argument("--offline", action="store_true", help="install nothing")
    parser.add_argument("--verbose", action="store_true", help="list suppressions with their reasons")
    return parser.parse_args(arguments)


def linters(offline: bool) -> list[Callable[[Judged], Opinion]]:
    """Return the linters in the order of the table, each installed. Raises `LinterMissing`."""
    python, package = functools.partial(python_of, offline=offline), guard_package(offline)
    return [
        cfn_lint,
        cloudformation_validate,
        functools.partial(checkov, python("checkov")),
        functools.partial(guard, package),
        functools.partial(parliament, python("parliament")),
    ]


def cfn_lint(judged: Judged) -> Opinion:
    """Ask cfn-lint with every rule on, for every region it knows.

    That a region lacks a type (E3006) is not held against a template: `build` weighs it by the stage's region.
    """
    options = ["--regions", "ALL_REGIONS", "--include-checks", "I", "--include-experimental", "--format", "json"]
    program = str(Path(sys.executable).with_name("cfn-lint"))
    printed = run([program, *options, "--", *map(str, judged.files.values())], statuses=range(32))
    names = {str(file): path for path, file in judged.files.items()}
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


def cloudformation_validate(judged: Judged) -> Opinion:
    """Ask the linter that CloudFormation's own pre-deployment validation is made of."""
    from cloudformation_validate import CelEngine, Severity, TemplateContent

    linter, bad = CelEngine(), (Severity.FATAL, Severity.ERROR, Severity.WARN)
    found = [
        Complaint(path, each.entity.logical_id if each.entity else "", each.rule_id, each.message)
        for path, file in judged.files.items()
        for each in linter.validate_template(TemplateContent(file.read_text(encoding="utf-8"), path)).diagnostics
        if each.severity in bad
    ]
    complaints, suppressed = weighed(judged, found, "validate")
    return Opinion("cloudformation-validate", version("cloudformation-validate"), None, complaints, suppressed)


def weighed(
    judged: Judged, found: Iterable[Complaint], linter: str
) -> tuple[tuple[Complaint, ...], tuple[SuppressedRule, ...]]:
    """Return what a linter complains of without a reason in the template, and the reasons for the rest."""
    reasons = {
        (path, one.logical_id, one.rule): one
        for path, template in judged.templates.items()
        for one in suppressed_rules(template)
        if one.linter == linter
    }
    known = {one: reasons.get((one.template, one.logical_id, one.rule)) for one in found}
    complaints = tuple(sorted(one for one, reason in known.items() if not reason))
    return complaints, tuple(reason for reason in known.values() if reason)


def checkov(python: Path, judged: Judged) -> Opinion:
    """Ask checkov, without its platform and without a download."""
    options = ["--framework", "cloudformation", "--skip-download", "--compact", "--output", "json"]
    command = [str(python), "-m", "checkov.main", *options, "--directory", str(judged.directory)]
    answer = json.loads(run(command, statuses=(0, 1)))
    results, summary = answer["results"], answer["summary"]
    complaints = [
        Complaint(path_of(found), logical_id(found), found["check_id"], found["check_name"])
        for found in results["failed_checks"]
    ]
    complaints += [Complaint(file, "", "parsing", "checkov cannot read it") for file in results["parsing_errors"]]
    rules = {(path_of(one), one["check_id"]) for one in results["skipped_checks"]}
    skipped = collections.Counter(path for path, _ in rules)
    reasons = [
        one for template in judged.templates.values() for one in suppressed_rules(template) if one.linter == "checkov"
    ]
    return Opinion(
        linter="checkov",
        version=summary["checkov_version"],
        passed=summary["passed"],
        complaints=tuple(sorted(complaints)),
        suppressed=tuple(reasons),
        most_in_a_template=max(skipped.values(), default=0),
    )


def path_of(found: dict[str, Any]) -> str:
    """Return the path of the template that a result of checkov is about."""
    return str(found["file_path"]).lstrip("/")


def logical_id(found: dict[str, Any]) -> str:
    """Return the logical ID of what checkov calls `AWS::S3::Bucket.AccessLogs`."""
    return str(found["resource"]).rpartition(".")[2]


def guard(package: Path, judged: Judged) -> Opinion:
    """Ask cfn-guard with every rule that comes in the package: AWS Control Tower's proactive controls."""
    answers = ask_guard(package, judged)
    found = [one for path, answer in answers.items() for one in guard_complaints(path, answer)]
    found += [Complaint(path, "", "unread", "cfn-guard gave no answer") for path in judged.templates.keys() - answers]
    complaints, suppressed = weighed(judged, found, "guard")
    return Opinion(
        linter="cfn-guard, Control Tower",
        version=json.loads((package / "guard-version.json").read_text(encoding="utf-8"))["version"],
        passed=sum(len(answer["compliant"]) for answer in answers.values()),
        complaints=complaints,
        suppressed=suppressed,
    )


def ask_guard(package: Path, judged: Judged) -> dict[str, dict[str, Any]]:
    """Return cfn-guard's answers by the paths of the templates, from one run: reading the rules takes longest."""
    system = {"Linux": "ubuntu", "Darwin": "macos"}[platform.system()]
    processor = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    program = package / "bin" / system / processor / "cfn-guard"
    options = ["--output-format", "json", "--show-summary", "none", "--structured"]
    asked = ["validate", "--rules", str(package / "rules"), "--data", *map(str, judged.files.values())]
    answers = json.loads(run([str(program), *asked, *options], statuses=(0, 19)))
    names = {str(file.resolve()): path for path, file in judged.files.items()}
    return {names[str(Path(answer["name"]).resolve())]: answer for answer in answers}


def guard_complaints(path: str, answer: dict[str, Any]) -> Iterator[Complaint]:
    """Yield a complaint for each resource that a rule of cfn-guard fails, or for the template where it names none."""
    for failed in answer["not_compliant"]:
        rule = failed["Rule"]
        for resource in sorted({part for part in map(resource_of, paths_in(rule)) if part} or {""}):
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


def parliament(python: Path, judged: Judged) -> Opinion:
    """Ask parliament about every policy, with example values for what CloudFormation fills in."""
    policies = [
        (path, resource, json.dumps(document))
        for path, template in judged.templates.items()
        for resource, document in example_values.policies_of(template, judged.templates)
    ]
    printed = run([str(python), str(ASK_PARLIAMENT)], given="\n".join(policy for _, _, policy in policies))
    found = [
        Complaint(path, resource, f"{issue} {action}".strip(), message)
        for (path, resource, _), line in zip(policies, printed.splitlines(), strict=True)
        for severity, issue, action, message in json.loads(line)
        if severity in ("MEDIUM", "HIGH", "CRITICAL")
    ]
    asked = run([str(python), "-c", "import parliament; print(parliament.__version__)"]).strip()
    complained_of = {(one.template, one.logical_id) for one in found}
    passed = sum((path, resource) not in complained_of for path, resource, _ in policies)
    complaints, suppressed = weighed(judged, found, "parliament")
    return Opinion("parliament", asked, passed, complaints, suppressed)


def shortfalls(opinions: Iterable[Opinion]) -> list[str]:
    """Say where checkov looked at too little, or is asked to leave too many of its rules out of one template."""
    judged = {opinion.linter: opinion for opinion in opinions}["checkov"]
    found = []
    if (judged.passed or 0) < LEAST_PASSED:
        found.append(f"checkov: {judged.passed or 0} of its checks passed, fewer than {LEAST_PASSED}: did it look?")
    if judged.most_in_a_template > MOST_SKIPPED:
        found.append(f"checkov: {judged.most_in_a_template} rules are exempt in one template, more than {MOST_SKIPPED}")
    return found


def report(opinions: Sequence[Opinion], verbose: bool) -> None:
    """Print the table, and below it what each linter objects to."""
    heads = ["linter", "version", "passed", "objections", "with a reason"]
    print("\n".join(table(heads, [opinion.row for opinion in opinions], right=(2, 3, 4))))
    for opinion in opinions:
        for one in opinion.complaints:
            print(f"{opinion.linter}: {one.template}: {one.logical_id or 'template'}: {one.rule} {one.message}")
        for reason in sorted(set(opinion.suppressed)) if verbose else ():
            print(f"{opinion.linter}: {reason.logical_id}: {reason.rule} is exempt: {reason.reason}")


def version(package: str) -> str:
    """Return the version of an installed package."""
    return importlib.metadata.version(package)


if __name__ == "__main__":
    sys.exit(main())
