"""The processes that a process has started, and those that they have started."""

from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Return the process ids of all descendants that run."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found


def vision_processes(pid: int) -> list[int]:
    """Return the vision processes of a server process: the children of its fork server."""
    return [each for child in _children(pid) if _is_fork_server(child) for each in _children(child)]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_fork_server(pid: int) -> bool:
    return b"multiprocessing.forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
