"""Files: descriptors that child processes inherit."""

from multiprocessing.reduction import DupFd
from typing import Any


class Descriptor:
    """An open file that children hold too, so that a lock on it lasts until the last of them has ended."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _inherited, (DupFd(self.number),)


def _inherited(duplicate: Any) -> Descriptor:
    return Descriptor(duplicate.detach())
