"""Processor time and memory of a process and all of its descendants."""

import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Final

_QUIET_SECONDS: Final = 0.05
_MAX_SETTLE_SECONDS: Final = 10.0


class ProcessTree:
    """A process and its descendants, as they are at each call. Linux only."""

    def __init__(self, root: int) -> None:
        self._root = root

    def pids(self) -> list[int]:
        """Return the ids of the processes, parents first."""
        children = defaultdict(list)
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                # the name of the program, in parentheses, may contain spaces
                parent = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
                children[int(parent)].append(int(folder.name))
        found = [self._root]
        for pid in found:
            found += children[pid]
        return found

    def cpu_seconds(self) -> float:
        """Return the processor time of all threads; it misses processes that have ended."""
        total = 0.0
        for pid in self.pids():
            with suppress(OSError):
                total += time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3)
        return total

    def proportional_mb(self) -> float:
        """Return the memory in megabytes; a page shared by n processes counts as one n-th in each."""
        total = 0
        for pid in self.pids():
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
                total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        return total / 1e6

    def settle(self) -> None:
        """Wait until the processes are idle: until they use less than a tenth of a core."""
        end, used = time.monotonic() + _MAX_SETTLE_SECONDS, self.cpu_seconds()
        while time.monotonic() < end:
            time.sleep(_QUIET_SECONDS)
            before, used = used, self.cpu_seconds()
            if used - before < _QUIET_SECONDS / 10:
                return
