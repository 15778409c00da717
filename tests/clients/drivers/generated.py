"""Calls of a client that ``openapi-python-client`` generated into the package ``generated`` of the working directory.

This file runs in the environment of the generator and imports nothing else. It reads the account from its input and prints what it
received.
"""

import base64
import json
import sys

sys.path.insert(0, ".")

from generated import Client
from generated.api.face_sets import create_face_set, delete_face_set, list_face_sets
from generated.api.faces import add_faces
from generated.api.identity import create_token
from generated.api.recognition import compare_faces, detect_faces
from generated.models import (
    AddFacesJsonBody,
    AttributeCode,
    CompareFacesJsonBody,
    CreateFaceSetBody,
    CreateTokenBody,
    DetectFacesJsonBody,
)


def main():
    account = json.loads(sys.stdin.readline())
    image = open(account["image"], "rb").read()
    text = base64.b64encode(image).decode()
    project = account["project_id"]
    client = Client(base_url=account["endpoint"])
    login = create_token.sync_detailed(client=client, body=CreateTokenBody.from_dict(account["login"]))
    client = client.with_headers({"X-Auth-Token": login.headers["X-Subject-Token"]})
    body = CreateFaceSetBody(face_set_name="generated")
    created = create_face_set.sync(project, client=client, body=body)
    # JSON, since this generator sends forms without their boundary
    added = add_faces.sync(project, "generated", client=client, body=AddFacesJsonBody(image_base64=text))
    codes = f"{AttributeCode.VALUE_1},{AttributeCode.VALUE_2}"  # this generator does not read names of enumerations
    detected = detect_faces.sync(project, client=client, body=DetectFacesJsonBody(image_base64=text, attributes=codes))
    compared = compare_faces.sync(
        project, client=client, body=CompareFacesJsonBody(image1_base64=text, image2_base64=text)
    )
    refused = create_face_set.sync(project, client=client, body=body)
    listed = list_face_sets.sync(project, client=client)
    deleted = delete_face_set.sync(project, "generated", client=client)
    result = {
        "created": created.face_set_info.face_set_name,
        "added": len(added.faces),
        "age": detected.faces[0].attributes.age,
        "similarity": compared.similarity,
        "refused": refused.error_code,
        "listed": "generated" in [each.face_set_name for each in listed.face_sets_info],
        "deleted": deleted.face_set_name,
    }
    print(json.dumps(result))


main()
