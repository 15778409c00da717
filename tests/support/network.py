"""A simulated host: a network namespace whose link to this machine can be cut or slowed down."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network

import pytest

_LABORATORY = IPv4Network("198.18.0.0/15")
"""Addresses reserved for benchmarks (RFC 2544), which no real host uses."""


class OtherHost:
    """A host that only this machine can reach; programs started with its prefix listen at its address."""

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
        """Drop all packets silently."""
        _ip("-n", self._name, "link", "set", self._there, "down")

    def plug_in(self) -> None:
        """Deliver packets again."""
        _ip("-n", self._name, "link", "set", self._there, "up")

    def slow_down(self, kilobits: int) -> None:
        """Limit the rate in each direction, in kbit/s."""
        shape = ["root", "tbf", "rate", f"{kilobits}kbit", "burst", "2000", "latency", "5s"]
        _run("tc", "qdisc", "add", "dev", self._here, *shape)
        _run("tc", "-n", self._name, "qdisc", "add", "dev", self._there, *shape)

    def close(self) -> None:
        """Remove the host and its link."""
        _ip("netns", "delete", self._name)


@contextmanager
def other_host() -> Iterator[OtherHost]:
    """A host that is removed after the test; the test is skipped if it cannot be created."""
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
