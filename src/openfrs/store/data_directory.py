"""The data directory, locked by the one service that uses it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openfrs.core.errors import OperatorError
from openfrs.core.files import Descriptor


@contextmanager
def data_directory(directory: Path) -> Iterator[Descriptor]:
    """The data directory, made if need be, held by this process and its children alone.

    Raises:
        OperatorError: it cannot be made, or another process holds it.
    """
    os.umask(0o077)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (directory / "lock").open("ab")
    except OSError as error:
        raise OperatorError(f"cannot use {directory}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(f"{directory} is in use by another OpenFRS process") from None
        yield Descriptor(lock.fileno())
