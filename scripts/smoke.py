"""Ask a stage whether it works, waking it first if it sleeps: python scripts/smoke.py dev"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from notejam_cfn.cli.operate import session
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.service import smoke_test
from notejam_cfn.deploy.service.stages import Stage


def main(given: Sequence[str] | None = None) -> Exit:
    """Ask, say what is wrong, and return whether it works."""
    asked = session.parser("Ask a stage whether it works; one that sleeps is woken.").parse_args(given)
    url = smoke_test.address(Stage(session.connect(asked), session.planned(asked)).states())
    wrong = list(smoke_test.problems(url))
    if asked.json:
        session.print_json({"stage": asked.stage, "url": url, "problems": wrong})
    else:
        print("\n".join(wrong) or f"{asked.stage} works: {url}", file=sys.stderr if wrong else sys.stdout)
    return Exit.ROLLED_BACK if wrong else Exit.DONE


if __name__ == "__main__":
    session.finish(main)
