"""The progress display of long work: what runs, how far it is, loss and accuracy where it trains, time left."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class FitColumn(ProgressColumn):
    """Mean training loss and accuracy of the last epoch, for tasks that report them."""

    def render(self, task: Task) -> Text:
        """Nothing until the first epoch is over."""
        if "loss" not in task.fields:
            return Text("")
        return Text(f"loss {task.fields['loss']:.3f}  accuracy {task.fields['accuracy']:.3f}")


def silent() -> Progress:
    """A display that shows nothing, for callers that want none."""
    return Progress(console=Console(quiet=True), disable=True)


def progress_display(console: Console | None = None) -> Progress:
    """A display on standard error; quiet where that is no terminal."""
    console = console or Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), FitColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
