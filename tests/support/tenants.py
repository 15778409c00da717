"""Organisations on a running server, made as an operator makes them: with ``openfrs accounts``."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkfrs import v2 as frs

from .servers import RunningServer

_numbers = itertools.count(1)


def accounts(server: RunningServer, *arguments: str) -> Any:
    """What ``openfrs accounts`` prints, read as JSON where it prints any."""
    command = [sys.executable, "-m", "openfrs", "accounts", *arguments, "--data", str(server.data)]
    environment = {**os.environ, "COLUMNS": "250"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    if result.returncode:
        raise AssertionError(result.stderr)
    return json.loads(result.stdout) if result.stdout.startswith("{") else result.stdout


def login_body(domain: str, user: str, password: str, project: str | None) -> dict[str, Any]:
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": user, "password": password, "domain": {"name": domain}}},
    }
    scope = {} if project is None else {"scope": {"project": {"name": project}}}
    return {"auth": {"identity": identity, **scope}}


def log_in(server: RunningServer, domain: str, user: str, password: str, project: str | None) -> httpx.Response:
    body = login_body(domain, user, password, project)
    return httpx.post(f"{server.endpoint}/v3/auth/tokens", json=body, timeout=120)


@dataclass
class Tenant:
    """A domain with one project, an admin, and users of other roles as they are asked for."""

    server: RunningServer
    account: Mapping[str, str]
    passwords: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, server: RunningServer) -> "Tenant":
        name = f"tenant{next(_numbers)}"
        account = accounts(server, "create-domain", name, "--project", "main")
        return cls(server, account, {"admin": account["password"]})

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
        """A user of the project; returns the password."""
        made = accounts(self.server, "create-user", self.name, name, "--project", "main", "--role", role)
        self.passwords[name] = made["password"]
        return self.passwords[name]

    def token(self, user: str = "admin") -> str:
        """A token of a user; a user named like a role is made with that role."""
        if user not in self.tokens:
            if user not in self.passwords:
                self.add_user(user, user)
            answer = log_in(self.server, self.name, user, self.passwords[user], "main")
            assert answer.status_code == 201, answer.text
            self.tokens[user] = answer.headers["X-Subject-Token"]
        return self.tokens[user]

    def client(self, user: str = "admin") -> httpx.Client:
        return httpx.Client(headers={"X-Auth-Token": self.token(user)}, timeout=60)

    def sdk(self, access_key: str | None = None, secret_key: str | None = None) -> Any:
        credentials = BasicCredentials(
            access_key or self.account["access_key"], secret_key or self.account["secret_key"], self.project_id
        )
        return frs.FrsClient.new_builder().with_credentials(credentials).with_endpoint(self.server.endpoint).build()
