"""What the demo shows while it runs: a bar on a terminal, plain lines anywhere else."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from dataspace.cli.demo.facts import Step
from dataspace.cli.demo.words import blocks

INDENT = "    "


class Display:
    """Shows steps as they begin, what they wait for, and what came of them.

    `brief` leaves out what came of them: with --json the facts go elsewhere.
    """

    def __init__(self, console: Console, total: int, brief: bool = False) -> None:
        self._console = console
        self._brief = brief
        self._said = ""
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task: TaskID = self._progress.add_task("starting", total=total)

    def begin(self, number: int, title: str, explanation: str) -> None:
        """A step begins."""
        self._said = ""
        self._progress.update(self._task, description=title)
        self._line("")
        self._line(f"{number:>2}  {title}", "bold")
        self._line(f"{INDENT}{explanation}", "dim")

    def waiting(self, text: str) -> None:
        """What is being waited for; on a terminal beside the bar, elsewhere a line when it changes."""
        self._progress.update(self._task, description=text)
        if not self._console.is_terminal and text != self._said:
            self._line(f"{INDENT}… {text}")
        self._said = text

    def end(self, step: Step) -> None:
        """A step has ended: its facts."""
        self._progress.update(self._task, completed=step.number)
        if self._brief:
            return
        for block in blocks(step.facts):
            text = block if isinstance(block, str) else block.text()
            for line in filter(
                str.strip, text.splitlines()
            ):  # a grid without a header begins with a blank one
                self._line(f"{INDENT}{line}".rstrip())

    def say(self, text: str) -> None:
        """A line outside of any step."""
        self._line(text)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _line(self, text: str, style: str = "") -> None:
        """As it stands: not as markup, and not broken where a terminal is narrow."""
        self._console.print(Text(text, style=style), soft_wrap=True, highlight=False)
