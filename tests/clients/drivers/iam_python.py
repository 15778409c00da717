"""Requests through OpenStack's libraries for Python: one described in JSON on each line of standard input, its result on each line.

The first line is the account, and names the library. This file runs in the environment of the libraries and imports nothing else.
"""

import json
import sys

import openstack
import requests
from keystoneauth1 import session as sessions
from keystoneauth1.exceptions import ClientException
from keystoneauth1.identity import generic
from keystoneclient.v3 import client as keystone

FACE = {"service_type": "face", "interface": "public"}


def session_of(account):
    """Return a session that discovers the identity API from the endpoint alone."""
    if account["library"] == "openstacksdk":
        domain = account["domain"]
        connection = openstack.connect(
            auth_url=account["endpoint"],
            username=account["user"],
            password=account["password"],
            project_name=account["project_name"],
            user_domain_name=domain,
            project_domain_name=domain,
            load_envvars=False,
            load_yaml_config=False,
        )
        assert connection.current_project_id == account["project_id"]
        return connection.session
    return sessions.Session(
        auth=generic.Password(
            auth_url=account["endpoint"],
            username=account["user"],
            password=account["password"],
            user_domain_name=account["domain"],
            project_name=account["project_name"],
            project_domain_name=account["domain"],
        )
    )


def send(session, call):
    """Send one request to FRS, whose URL comes from the catalogue."""
    options = {"json": call["body"]} if call["body"] is not None else {}
    if call["files"]:
        files = {name: open(path, "rb") for name, path in call["files"].items()}
        form = requests.Request("POST", "http://any", data=call["texts"], files=files).prepare()
        options = {"data": form.body, "headers": {"Content-Type": form.headers["Content-Type"]}}
    try:
        response = session.request(
            call["path"], call["method"], params=call["query"], endpoint_filter=FACE, authenticated=True, **options
        )
    except ClientException as error:
        return {"status": getattr(error, "http_status", 0), "body": None, "error": str(error), "token": ""}
    return {"status": response.status_code, "body": response.json(), "error": "", "token": session.get_token()}


def identity(session, account):
    """Use the identity API as python-keystoneclient does."""
    client = keystone.Client(session=session)
    token = client.tokens.validate(session.get_token())
    return {
        "projects": [project.name for project in client.auth.projects()],
        "domains": [domain.name for domain in client.auth.domains()],
        "user": token.username,
        "project": token.project_id,
        "types": sorted(token.service_catalog.get_endpoints()),
    }


def main():
    account = json.loads(sys.stdin.readline())
    session = session_of(account)
    for line in sys.stdin:
        call = json.loads(line)
        answer = identity(session, account) if "identity" in call else send(session, call)
        print(json.dumps(answer), flush=True)


main()
