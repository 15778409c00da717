"""Every metric of the service.

Labels have few values: operations, error codes, stages. No label names a project, a face set or a person. With several processes
each writes its metrics to files; gauges are summed over the processes that run.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY: Final = CollectorRegistry()
"""The metrics of this process."""

_REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS: Final = Counter(
    "openfrs_requests",
    "Requests by operation, HTTP status and error code; the code of a success is empty.",
    ["operation", "status", "error"],
    registry=REGISTRY,
)
REQUEST_SECONDS: Final = Histogram(
    "openfrs_request_seconds",
    "Time from the headers of a request to the end of its response, by operation.",
    ["operation"],
    buckets=_REQUEST_BUCKETS,
    registry=REGISTRY,
)
STAGE_SECONDS: Final = Histogram(
    "openfrs_stage_seconds",
    "Time of a stage: wait (for a vision process), decode, detect, embed, describe (attributes), scan (of an index).",
    ["stage"],
    buckets=_STAGE_BUCKETS,
    registry=REGISTRY,
)
IMAGES: Final = Gauge(
    "openfrs_pictures",
    "Images and videos by queue (small, large) and state (working, waiting).",
    ["lane", "state"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
ACTIVE_REQUESTS: Final = Gauge(
    "openfrs_requests_under_way",
    "Requests in progress, without those whose client is still sending.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
BODY_BYTES: Final = Gauge(
    "openfrs_body_bytes",
    "Bytes of bodies and fetched files that requests hold in memory.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
REJECTED: Final = Counter(
    "openfrs_refused",
    "Requests rejected (429) by limit: small_queue, large_queue, requests, body_memory, address_memory, writes, rate, concurrent, "
    "fetches, logins.",
    ["bound"],
    registry=REGISTRY,
)
INDEXES: Final = Gauge(
    "openfrs_indexes", "Indexes of face sets in memory.", multiprocess_mode="livesum", registry=REGISTRY
)
INDEX_FACES: Final = Gauge(
    "openfrs_index_faces", "Faces in the indexes in memory.", multiprocess_mode="livesum", registry=REGISTRY
)
INDEX_BYTES: Final = Gauge(
    "openfrs_index_bytes", "Bytes of the indexes in memory.", multiprocess_mode="livesum", registry=REGISTRY
)
MILVUS_UP: Final = Gauge(
    "openfrs_milvus_up",
    "1 if the last request to Milvus succeeded, else 0.",
    multiprocess_mode="livemin",
    registry=REGISTRY,
)
MILVUS_BEHIND: Final = Gauge(
    "openfrs_milvus_behind_faces",
    "Faces that are not yet in Milvus; searches read them from the database.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
MILVUS_BYPASSED: Final = Counter(
    "openfrs_milvus_passed_over", "Searches answered from memory because Milvus was unavailable.", registry=REGISTRY
)
MODEL_LOAD_SECONDS: Final = Gauge(
    "openfrs_model_load_seconds",
    "Time to load a model, by model; models for attributes are loaded at their first use.",
    ["model"],
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
URL_FETCHES: Final = Counter(
    "openfrs_url_fetches",
    "Files fetched by URL, by outcome: fetched, or the error code.",
    ["outcome"],
    registry=REGISTRY,
)
EXPIRED_FACES: Final = Counter("openfrs_expired_faces", "Faces deleted by retention rules.", registry=REGISTRY)
RETENTION_FAILURES: Final = Counter("openfrs_retention_failures", "Retention runs that failed.", registry=REGISTRY)
FAILED_LOGINS: Final = Counter(
    "openfrs_failed_logins",
    "Failed logins by outcome: rejected (wrong user, password or state), refused (locked, or too many logins wait).",
    ["outcome"],
    registry=REGISTRY,
)
BUILD_INFO: Final = Gauge(
    "openfrs_build_info", "1, labelled with the version.", ["version"], multiprocess_mode="livemax", registry=REGISTRY
)
FULLEST_SET: Final = Gauge(
    "openfrs_face_set_fill_ratio",
    "Faces of the fullest face set as a share of its capacity, 0 to 1.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
NEARLY_FULL_SETS: Final = Gauge(
    "openfrs_face_sets_nearly_full",
    "Face sets that are at least 90 % full.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
CERTIFICATE_EXPIRY: Final = Gauge(
    "openfrs_certificate_expiry_timestamp_seconds",
    "Time at which the HTTPS certificate in use expires, in seconds since 1970; 0 without one.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
LAST_BACKUP: Final = Gauge(
    "openfrs_last_backup_timestamp_seconds",
    "Time of the last backup of the data directory, in seconds since 1970; 0 without one, NaN with a shared database.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)
FREE_BYTES: Final = Gauge(
    "openfrs_data_free_bytes",
    "Free bytes of the file system with the data directory.",
    multiprocess_mode="livemax",
    registry=REGISTRY,
)

ProcessCollector(registry=REGISTRY)
