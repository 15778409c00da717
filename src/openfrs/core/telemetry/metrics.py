"""Every metric of the service.

Labels take few values: names of operations, error codes, stages. None is the name of a project, a face set or a person.
With several processes each keeps its own numbers in files, and gauges add up over those that live.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY: Final = CollectorRegistry()
"""What this process measures."""

_REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS: Final = Counter(
    "openfrs_requests",
    "Requests answered, by operation, HTTP status and error code, which is empty for a success.",
    ["operation", "status", "error"],
    registry=REGISTRY,
)
REQUEST_SECONDS: Final = Histogram(
    "openfrs_request_seconds",
    "Time from the head of a request to the end of its answer, by operation.",
    ["operation"],
    buckets=_REQUEST_BUCKETS,
    registry=REGISTRY,
)
STAGE_SECONDS: Final = Histogram(
    "openfrs_stage_seconds",
    "Time of a stage: wait (for a thread), decode, detect, embed, describe (attributes), scan (of an index).",
    ["stage"],
    buckets=_STAGE_BUCKETS,
    registry=REGISTRY,
)
IMAGES: Final = Gauge(
    "openfrs_pictures",
    "Pictures and videos by lane (small, large) and state (working, waiting).",
    ["lane", "state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
REQUESTS_UNDER_WAY: Final = Gauge(
    "openfrs_requests_under_way",
    "Requests under way, but for those whose client is still sending.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
BODY_BYTES: Final = Gauge(
    "openfrs_body_bytes",
    "Bytes held of what requests sent or had fetched.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
REFUSED: Final = Counter(
    "openfrs_refused",
    "Requests answered 429, by what was full: small_queue, large_queue, requests, body_memory, rate, concurrent, fetches, logins.",
    ["bound"],
    registry=REGISTRY,
)
INDEXES: Final = Gauge(
    "openfrs_indexes", "Indexes of face sets in memory.", multiprocess_mode="livesum", registry=REGISTRY
)
INDEX_FACES: Final = Gauge(
    "openfrs_index_faces", "Faces in those indexes.", multiprocess_mode="livesum", registry=REGISTRY
)
INDEX_BYTES: Final = Gauge(
    "openfrs_index_bytes", "Bytes of those indexes.", multiprocess_mode="livesum", registry=REGISTRY
)
MILVUS_UP: Final = Gauge(
    "openfrs_milvus_up",
    "Whether Milvus answered last time it was asked, 1 or 0.",
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
MILVUS_BEHIND: Final = Gauge(
    "openfrs_milvus_behind_faces",
    "Faces written that are not yet in Milvus; searches read them from the database.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
MILVUS_PASSED_OVER: Final = Counter(
    "openfrs_milvus_passed_over", "Searches that Milvus was not there for, answered from memory.", registry=REGISTRY
)
MODEL_LOAD_SECONDS: Final = Gauge(
    "openfrs_model_load_seconds",
    "Time that loading a model took, by model; those for attributes are loaded when first wanted.",
    ["model"],
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
URL_FETCHES: Final = Counter(
    "openfrs_url_fetches",
    "Files asked for by URL, by outcome: fetched, or the code of the refusal.",
    ["outcome"],
    registry=REGISTRY,
)
EXPIRED: Final = Counter("openfrs_expired_faces", "Faces deleted because they had expired.", registry=REGISTRY)
RETENTION_FAILURES: Final = Counter(
    "openfrs_retention_failures", "Looks for faces that have expired that have failed.", registry=REGISTRY
)

ProcessCollector(registry=REGISTRY)
