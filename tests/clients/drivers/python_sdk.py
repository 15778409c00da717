"""Calls of ``huaweicloudsdkfrs`` in any version: one in JSON on each line of standard input, its result on each line of output.

This file runs in the environment of the SDK and imports nothing else.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore")  # invalid escapes in the sources of old versions

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkfrs import v2 as frs

try:
    from huaweicloudsdkcore.http.formdata import FormFile
except ImportError:  # as in 3.0.55
    FormFile = None


def clients(account):
    """Return the synchronous and the asynchronous client."""
    keys = BasicCredentials(account["access_key"], account["secret_key"], account["project_id"])
    for client in (frs.FrsClient, frs.FrsAsyncClient):
        builder = client.new_builder().with_credentials(keys).with_endpoint(account["endpoint"])
        yield builder.build()


def wire(value):
    """Return a model of the SDK as the JSON that it was parsed from."""
    if isinstance(value, list):
        return [wire(each) for each in value]
    if isinstance(value, dict):
        return {name: wire(each) for name, each in value.items()}
    if not hasattr(value, "attribute_map"):
        return value
    pairs = ((name, getattr(value, attribute)) for attribute, name in value.attribute_map.items())
    return {name: wire(each) for name, each in pairs if each is not None and name != "X-Request-Id"}


def result(synchronous, asynchronous, call):
    """Send one call and return what the SDK made of the response."""
    method = call["method"] + ("_async" if call["asynchronous"] else "")
    client = asynchronous if call["asynchronous"] else synchronous
    names = (call["request_class"], call["body_class"] or call["request_class"])
    if not hasattr(client, method) or not all(hasattr(frs, name) for name in names):
        return {"missing": "no method"}
    if call["files"] and FormFile is None:
        return {"missing": "encodes no forms"}
    opened = {name: open(path, "rb") for name, path in call["files"].items()}
    try:
        values = dict(call["values"])
        if call["body_class"]:
            files = {name: FormFile(file) for name, file in opened.items()}
            body_class = getattr(frs, call["body_class"])
            content = {name: value for name, value in call["content"].items() if hasattr(body_class, name)}
            values["body"] = body_class(**content, **files)
        response = getattr(client, method)(getattr(frs, call["request_class"])(**values))
        if call["asynchronous"]:
            response = response.result()  # of a future
        return {"body": wire(response), "request_id": getattr(response, "x_request_id", None)}
    except SdkException as error:
        return {"error": str(error)}
    finally:
        for file in opened.values():
            file.close()


def main():
    pair = tuple(clients(json.loads(sys.stdin.readline())))
    for line in sys.stdin:
        print(json.dumps(result(*pair, json.loads(line))), flush=True)


main()
