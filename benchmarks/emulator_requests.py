"""Measure what the emulator's process takes for a request, with uvicorn and with hypercorn, in turns.

    python benchmarks/emulator_requests.py

Processor time of the emulator's process only, for DescribeStacks of a stack with one resource.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from notejam_cfn.local import emulator  # noqa: E402
from notejam_cfn.local.emulated import server  # noqa: E402

REQUESTS, TURNS = 300, 4
TEMPLATE = {"Resources": {"Address": {"Type": "AWS::EC2::EIP"}}}


def main() -> None:
    """Start both, and ask them in turns."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    os.environ["PYTHONPATH"] = f"{ROOT}:{ROOT / 'benchmarks'}"
    with contextlib.ExitStack() as stack:
        started = {}
        for name, module in (("uvicorn", emulator.SERVER), ("hypercorn", Path(__file__).stem)):
            emulator.SERVER, before = module, children()
            aws = stack.enter_context(emulator.running())
            aws.deploy("stack", TEMPLATE)
            (process,) = children() - before
            started[name] = aws, process
        for _ in range(TURNS):
            for name, (aws, process) in started.items():
                client, begun = aws.client("cloudformation"), processor_seconds(process)
                for _ in range(REQUESTS):
                    client.describe_stacks(StackName="stack")
                print(f"{name}: {(processor_seconds(process) - begun) / REQUESTS * 1000:.2f} ms")


def children() -> set[int]:
    """Return this process's children."""
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def processor_seconds(process: int) -> float:
    """Return how long a process has used a processor."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def serve_with_hypercorn(application: server.Application, listener: socket.socket) -> None:
    """Stand for what serves with uvicorn."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.errorlog = None
    await serve(application, config)  # type: ignore[arg-type]


if __name__ == "__main__":
    if os.environ.setdefault("BENCHMARK", str(os.getpid())) == str(os.getpid()):
        main()
    else:
        server._serve = serve_with_hypercorn
        server.main()
