"""Atomic, durable file writes, and file descriptors that child processes inherit."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, BinaryIO


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which replaces it when the block ends without an error.

    The block creates a file or a folder at the temporary path. A reader of ``path`` sees the old content or the new content, never
    a part. With ``durable`` the content is on the disk when the context exits.

    Raises:
        OSError: the content cannot be written. ``path`` is unchanged, and the temporary file is removed.
    """
    path = path.absolute()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    _remove(temporary)  # left behind by a process that was killed
    try:
        yield temporary
        if durable:
            _sync(temporary)
        temporary.replace(path)
        if durable:
            _sync(path.parent)
    finally:
        _remove(temporary)


def create_private(path: Path) -> BinaryIO:
    """Create a file of mode 0600, open for reading and writing.

    Raises:
        OSError: the file exists, or cannot be created.
    """
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def write_private(path: Path, text: str) -> None:
    """Write a text file of mode 0600, atomically and durably.

    Raises:
        OSError: the file cannot be written.
    """
    with replacing(path) as temporary, create_private(temporary) as file:
        file.write(text.encode())


def _sync(path: Path) -> None:
    """Flush a file, or the entries of a directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class Descriptor:
    """An open file that child processes inherit. A lock on it lasts until the last of them exits."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _inherited, (DupFd(self.number),)


def _inherited(duplicate: Any) -> Descriptor:
    return Descriptor(duplicate.detach())
