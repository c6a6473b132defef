"""How long a preview takes from nothing to its first answer: python benchmarks/preview.py [STAGE] [--rounds 3]

Everything runs as in a rehearsal: the emulator, the roles' policies, PostgreSQL, and the containers in the image where
it was built before. The baseline is the least that a preview needs, in the same rounds: its containers alone, the
migration and then the service until it is healthy, beside a stack that is there. The ratio to it survives a machine
that does other things too; the seconds do not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from notejam_cfn.deploy.manifest import read  # noqa: E402
from notejam_cfn.local import emulator, previews  # noqa: E402
from notejam_cfn.local.containers import task  # noqa: E402
from notejam_cfn.local.rehearse import Rehearsal, Settings, service_stack  # noqa: E402

MOST_SECONDS, MOST_TIMES = 8.0, 2.0


class Previews(Rehearsal):
    """A stage that runs, and previews beside it."""

    def measure(self, rounds: int) -> None:
        """Make previews one after the other, and print how long each takes beside its containers alone."""
        self.work_in_role()
        self.deploy_without_image()
        self.release()
        with self.platform_of(task.read(self.aws, self.service.name)) as platform:
            found = [self._round(platform) for _ in range(rounds)]
        whole, stack, alone = (statistics.median(column) for column in zip(*found, strict=True))
        ratio = statistics.median(one / other for one, _, other in found)
        print(f"first answer of a preview   {whole:6.2f} s   (at most {MOST_SECONDS:g} s)")
        print(f"  of that its stack         {stack:6.2f} s")
        print(f"its containers alone        {alone:6.2f} s")
        print(f"ratio                       {ratio:6.2f}     (at most {MOST_TIMES:g})")

    def _round(self, platform: task.Platform) -> tuple[float, float, float]:
        made = previews.make(self, self._image())
        stack = time.monotonic() - made.began
        seconds = previews.answer(self, platform, made)
        found = task.read(self.aws, made.stack.name)
        began = time.monotonic()
        task.prepare(found, platform)
        with task.serving(found, platform):
            alone = time.monotonic() - began
        previews.remove(self, platform, made)
        return seconds, stack, alone


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", nargs="?", default="dev", help="a stage that allows previews (dev)")
    parser.add_argument("--rounds", type=int, default=3, help="previews to make (3)")
    given = parser.parse_args()
    manifest = read(ROOT / "output")
    with emulator.running(region=service_stack(manifest, given.stage).region) as aws:
        Previews(manifest, Settings(given.stage, ROOT), aws, lambda words: None).measure(given.rounds)


if __name__ == "__main__":
    main()
