"""What every run over stacks has at hand, whether it deploys, removes or recovers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from ..aws.client import Aws
from ..manifest import StackSpec
from ..ui.progress import Progress
from ..ui.signals import Control
from .execution.executor import Prompter

Options = TypeVar("Options")


class StackRun(Generic[Options]):
    """A run over some stacks, by name, with what the person asked for and who is at the terminal."""

    def __init__(
        self, aws: Aws, stacks: Sequence[StackSpec], options: Options, progress: Progress, prompter: Prompter
    ) -> None:
        self.aws = aws
        self.stacks = {stack.name: stack for stack in stacks}
        self.options = options
        self.progress = progress
        self.prompter = prompter
        self.control = Control()
