"""Tags of the OpenAPI document: the groups of operations, in the order in which a new user needs them."""

from typing import Any, Final

TAGS: Final[list[dict[str, Any]]] = [
    {"name": name, "description": description}
    for name, description in (
        ("identity", "Tokens, projects and temporary access keys, as in Huawei Cloud's IAM."),
        ("recognition", "Detection, comparison and quality of faces in images; nothing is stored."),
        ("face sets", "Galleries of enrolled faces."),
        ("faces", "Faces of a face set: enrol, list, change and delete."),
        ("search", "Identification in a face set, and its risk of false matches."),
        ("liveness", "Detection of presentation attacks in images and videos."),
        ("enrolment", "Checks of images before enrolment, and the policy of a face set."),
        ("retention", "Expiry of faces, legal holds and the record of deletions."),
        ("people", "People of a face set: the faces that share an external image id."),
        ("crops", "Crops of the images of faces, which a face set keeps if it is set to."),
        ("models", "The models that the service runs."),
        ("activity", "Recent activity of a project."),
        ("accounts", "Users, roles, access keys and the audit log of a project."),
        ("subscription", "Subscriptions, which some clients read; nothing has to be subscribed."),
        ("health", "Probes for load balancers and process managers."),
    )
]
