"""Progress bars on standard error, shown only if it is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from openfrs.core.progress import Advance, Track

_NAME = TextColumn("{task.description}")


@contextmanager
def progress_bars(*columns: ProgressColumn) -> Iterator[Progress]:
    """Show one line for each task: its name, a bar, and further columns."""
    console = Console(stderr=True)
    with Progress(_NAME, BarColumn(), *columns, console=console, disable=not console.is_terminal) as progress:
        yield progress


@contextmanager
def track_items() -> Iterator[Track]:
    """Show a bar for each kind of item that is counted."""
    with progress_bars(TextColumn("{task.percentage:3.0f} %"), TimeRemainingColumn()) as progress:

        def track(name: str, total: int) -> Advance:
            task = progress.add_task(name, total=total)
            return lambda count: progress.advance(task, count)

        yield track


@contextmanager
def track_downloads() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Show a bar for each download; its function receives the bytes received and the total."""
    with progress_bars(DownloadColumn()) as progress:

        def track(name: str) -> Callable[[int, int], None]:
            task = progress.add_task(name, total=None)
            return lambda received, total: progress.update(task, completed=received, total=total)

        yield track


@contextmanager
def count_items(name: str) -> Iterator[Advance]:
    """Show a count of items whose total is unknown, and print the count at the end."""
    count = 0
    console = Console(stderr=True)
    columns = TextColumn("{task.completed:,.0f} {task.description}")
    with Progress(columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(name, total=None)

        def advance(more: int) -> None:
            nonlocal count
            count += more
            progress.update(task, completed=count)

        yield advance
    print(f"{count} {name}.")
