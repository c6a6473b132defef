"""Take each action out of each role, one at a time, and see which removals a rehearsal would notice.

Every stage is rehearsed once with its roles in force, and what the roles were asked for is written down. Each removal
is then judged on that record: it is noticed when something that was allowed would be refused.

    python tools/mutate_permissions.py [STAGE...] [--list]
"""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Sequence
from pathlib import Path

from notejam_cfn.deploy import manifest
from notejam_cfn.local import emulator
from notejam_cfn.local.rehearse import Rehearsal, Settings, service_stack
from notejam_cfn.local.roles import policies, usage

ROOT = Path(__file__).parents[1]


class Recorded(Rehearsal):
    """A rehearsal that keeps the roles of the account as they are before everything is removed."""

    roles: dict[str, policies.Caller]

    def remove(self) -> None:
        """Keep the roles, then remove the stage."""
        iam = self.aws.client("iam")
        names = [role["RoleName"] for role in iam.list_roles(MaxItems=1000)["Roles"]]
        self.roles = {}
        for name in names:
            role = policies.caller_of_role(iam, name)
            self.roles[role.arn] = role
        super().remove()


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, judge every removal, and say what share was noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", help="stages of notejam.toml; all of them by default")
    parser.add_argument("--list", action="store_true", help="list the removals that nothing notices")
    asked = parser.parse_args(arguments)
    found = manifest.read(ROOT / "output")
    stages = asked.stages or sorted({stack.stage for stack in found.stacks if stack.stage})
    total, missed = judge(found, stages)
    noticed = 1 - sum(map(len, missed.values())) / total
    print(f"{total} permissions of {len(missed)} roles; {noticed:.1%} of the removals are noticed")
    for role, unnoticed in sorted(missed.items()):
        if unnoticed:
            print(f"  {role}: {len(unnoticed)} not noticed")
            if asked.list:
                print("\n".join(f"    {one}" for one in unnoticed))
    return 0


def judge(found: manifest.Manifest, stages: Sequence[str]) -> tuple[int, dict[str, list[usage.Permission]]]:
    """Return how many permissions there are, and those by role whose removal nothing notices."""
    total, missed = 0, collections.defaultdict[str, list[usage.Permission]](list)
    with emulator.running(region=service_stack(found, stages[0]).region) as aws:
        roles: dict[str, policies.Caller] = {}
        for stage in stages:
            print(f"rehearsing {stage}", file=sys.stderr, flush=True)
            rehearsal = Recorded(found, Settings(stage, ROOT, image=False), aws, lambda words: None)
            rehearsal.run()
            roles |= rehearsal.roles
        record = aws.asked()
    for role in roles.values():
        permissions = list(usage.permissions(role))
        total += len(permissions)
        missed[role.arn.rpartition("/")[2]] += usage.unnoticed(role, record)
    return total, missed


if __name__ == "__main__":
    raise SystemExit(main())
