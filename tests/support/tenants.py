"""Domains on a running server, created with ``openfrs accounts`` as an operator does."""

import io
import itertools
import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from openfrs.cli.main import main

from .servers import Server, sdk_client

_numbers = itertools.count(1)


def accounts(server: Server, *arguments: str) -> Any:
    """Return what ``openfrs accounts`` prints, parsed where it is JSON.

    Raises:
        AssertionError: The command failed; the message is what it printed to stderr.
    """
    command = ["openfrs", "accounts", *arguments, "--data", str(server.data)]
    output, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.setattr(sys, "argv", command)
        patch.setenv("COLUMNS", "250")
        with pytest.raises(SystemExit) as ended:
            main()
    if ended.value.code:
        raise AssertionError(errors.getvalue())
    printed = output.getvalue()
    return json.loads(printed) if printed.startswith("{") else printed


def login_body(domain: str, user: str, password: str, project: str | None) -> dict[str, Any]:
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": user, "password": password, "domain": {"name": domain}}},
    }
    scope = {} if project is None else {"scope": {"project": {"name": project}}}
    return {"auth": {"identity": identity, **scope}}


def log_in(server: Server, domain: str, user: str, password: str, project: str | None) -> httpx.Response:
    body = login_body(domain, user, password, project)
    return server.anonymous.post("/v3/auth/tokens", json=body, timeout=120)


@dataclass
class Tenant:
    """A domain with one project, an admin, and users with other roles, which are created on demand."""

    server: Server
    account: Mapping[str, str]
    passwords: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, server: Server) -> "Tenant":
        name = f"tenant{next(_numbers)}"
        account = accounts(server, "create-domain", name, "--project", "main")
        return cls(server, account, {"admin": account["password"]})

    def lift_rate_limit(self) -> None:
        """Replace the limits of the project by ones without a rate limit: tests send faster than clients."""
        accounts(self.server, "limit", self.name, "main", "rate=0")

    @property
    def name(self) -> str:
        return self.account["domain"]

    @property
    def project_id(self) -> str:
        return self.account["project_id"]

    @property
    def base(self) -> str:
        return f"{self.server.endpoint}/v2/{self.project_id}"

    def add_user(self, name: str, role: str = "operator") -> str:
        """Create a user of the project; returns the password."""
        created = accounts(self.server, "create-user", self.name, name, "--project", "main", "--role", role)
        self.passwords[name] = created["password"]
        return self.passwords[name]

    def token(self, user: str = "admin") -> str:
        """Return a token of a user; a user named like a role is created with that role."""
        if user not in self.tokens:
            if user not in self.passwords:
                self.add_user(user, user)
            response = log_in(self.server, self.name, user, self.passwords[user], "main")
            assert response.status_code == 201, response.text
            self.tokens[user] = response.headers["X-Subject-Token"]
        return self.tokens[user]

    def client(self, user: str = "admin") -> httpx.Client:
        return self.server.client(headers={"X-Auth-Token": self.token(user)})

    def sdk(self, access_key: str | None = None, secret_key: str | None = None) -> Any:
        keys = {
            "access_key": access_key or self.account["access_key"],
            "secret_key": secret_key or self.account["secret_key"],
            "project_id": self.project_id,
        }
        return sdk_client(self.server.endpoint, keys)
