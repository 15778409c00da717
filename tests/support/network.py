"""Another host: a network namespace with a cable to this one, which can be pulled out or made slow."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network

import pytest

_LABORATORY = IPv4Network("198.18.0.0/15")
"""Kept for measuring between networks (RFC 2544): no real host is there."""


class OtherHost:
    """Programs started with its prefix listen at its address, out of reach for all but this machine."""

    def __init__(self) -> None:
        number = random.SystemRandom().randrange(2**14)
        self._name, self._here, self._there = f"openfrs{number}", f"ofh{number}", f"oft{number}"
        mine, its = list(IPv4Network((int(_LABORATORY[0]) + 8 * number, 30)).hosts())
        self.address = str(its)
        self.prefix = ["ip", "netns", "exec", self._name]
        _ip("netns", "add", self._name)
        try:
            _ip("link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self._name)
            _ip("address", "add", f"{mine}/30", "dev", self._here)
            _ip("-n", self._name, "address", "add", f"{its}/30", "dev", self._there)
            for where in ((self._here,), ("-n", self._name, self._there), ("-n", self._name, "lo")):
                _ip(*where[:-1], "link", "set", where[-1], "up")
        except BaseException:
            self.close()
            raise

    def pull_out(self) -> None:
        """From now on nothing arrives, and nobody is told so."""
        _ip("-n", self._name, "link", "set", self._there, "down")

    def plug_in(self) -> None:
        """All is as before."""
        _ip("-n", self._name, "link", "set", self._there, "up")

    def slow_down(self, kilobits: int) -> None:
        """Carry so many kilobits a second each way."""
        shape = ["root", "tbf", "rate", f"{kilobits}kbit", "burst", "2000", "latency", "5s"]
        _run("tc", "qdisc", "add", "dev", self._here, *shape)
        _run("tc", "-n", self._name, "qdisc", "add", "dev", self._there, *shape)

    def close(self) -> None:
        """Take the host away with its cable."""
        _ip("netns", "delete", self._name)


@contextmanager
def other_host() -> Iterator[OtherHost]:
    """A host that goes away by itself; where none can be made, the test is skipped."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("tc"):
        pytest.skip("a host of its own takes root and iproute2 (Debian: apt-get install iproute2)")
    try:
        host = OtherHost()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine makes no network namespaces: {error.stderr.decode().strip()}")
    try:
        yield host
    finally:
        host.close()


def _ip(*words: str) -> None:
    _run("ip", *words)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
