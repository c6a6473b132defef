"""Take each action out of each role, one at a time, and see which removals a rehearsal would notice.

Every stage is rehearsed once with its roles in force, and what the roles were asked for is written down. Each removal
is then judged on that record: it is noticed when something that was allowed would be refused.

    python tools/mutate_permissions.py [STAGE...] [--list]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from notejam_cfn.deploy import manifest
from notejam_cfn.local import emulator
from notejam_cfn.local.rehearse import Rehearsal, Settings, service_stack

ROOT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse, judge every removal, and say what share was noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", help="stages of notejam.toml; all of them by default")
    parser.add_argument("--list", action="store_true", help="list the removals that nothing notices")
    asked = parser.parse_args(arguments)
    found = manifest.read(ROOT / "output")
    stages = asked.stages or sorted({stack.stage for stack in found.stacks if stack.stage})
    usage = rehearsed(found, stages)
    total = sum(role["permissions"] for role in usage.values())
    missed = {arn.rpartition("/")[2]: role["unnoticed"] for arn, role in usage.items() if role["unnoticed"]}
    noticed = 1 - sum(map(len, missed.values())) / total
    print(f"{total} permissions of {len(usage)} roles; {noticed:.1%} of the removals are noticed")
    for name, unnoticed in sorted(missed.items()):
        print(f"  {name}: {len(unnoticed)} not noticed")
        if asked.list:
            print("\n".join(f"    {one}" for one in unnoticed))
    return 0


def rehearsed(found: manifest.Manifest, stages: Sequence[str]) -> dict[str, Any]:
    """Return what the roles of stages need of their permissions, by the roles' ARNs."""
    usage: dict[str, Any] = {}
    with emulator.running(region=service_stack(found, stages[0]).region) as aws:
        for stage in stages:
            print(f"rehearsing {stage}", file=sys.stderr, flush=True)
            rehearsal = Rehearsal(found, Settings(stage, ROOT, image=False), aws, lambda words: None)
            rehearsal.run()
            usage |= rehearsal.usage
    return usage


if __name__ == "__main__":
    raise SystemExit(main())
