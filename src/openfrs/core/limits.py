"""Every limit of the API, with its source.

Sources: *page* is Huawei's "Creating a Facial Image Library" (2023-05-06); *FRS* its API reference and FAQ; *APIG* the manual of
its API gateway; *ours* a decision of this project. Limits that an operator may change are settings, not constants.
"""

from typing import Final

MEGABYTE: Final = 1024 * 1024

# bodies and images
MAX_BODY_BYTES: Final = 12 * MEGABYTE  # APIG: a larger body gets status 413
MAX_IAM_BODY_BYTES: Final = 16 * 1024  # ours: a body under /v3 and /v3.0
MAX_UNVERIFIED_BODY_BYTES: Final = 16 * 1024  # ours: read before the date and the key of a signature are checked
UNVERIFIED_BODY_SHARE: Final = (
    0.5  # ours: part of the memory for bodies that requests without verified credentials may use
)
MAX_IMAGE_BYTES: Final = 8 * MEGABYTE  # FRS: of a file or its base64 text, of both images of a comparison, of a video
MAX_IMAGE_SIDE: Final = 4096  # FRS, China site: 4096 x 4096 pixels
SMALL_IMAGE_PIXELS: Final = 2048 * 2048  # ours: larger images have a separate queue
IMAGE_BODY_BYTES: Final = (16 * 1024, 256 * 1024)  # ours: bodies in this range are expected to hold a small image
LARGE_BODY_BYTES: Final = 256 * 1024  # ours: larger forms are parsed on a thread, not on the event loop
LARGE_JSON_BYTES: Final = 768 * 1024  # ours: the same for JSON and base64, which take 0.2 to 2 ms for this size
MAX_JSON_COMMAS: Final = 20_000  # ours: no request needs a thousand values
MAX_TEXT_LENGTH: Final = 16 * 1024  # ours: of a parameter that is not a file; bytes in a form, characters in JSON
MAX_CONTENT_TYPE_LENGTH: Final = 1024  # ours: a boundary has at most 70 characters
MAX_DATA_URI_HEAD: Final = 256  # ours, in characters: the part of a data URI before its data
MAX_MULTIPART_PARTS: Final = 32  # ours: the largest request has eight
MAX_HEADER_BYTES: Final = 64 * 1024  # ours: all headers of a request together
MAX_REQUEST_LINE_BYTES: Final = 32 * 1024  # ours: path and query; the longest useful query is a filter
MAX_PIPELINED_REQUESTS: Final = 32  # ours: sent on a connection without waiting for the response to an earlier one
HEADER_TIMEOUT_SECONDS: Final = 15  # ours: for the headers of a request from its first byte, and for a TLS handshake
BODY_TIMEOUT_SECONDS: Final = 60  # ours: for the whole body
SEND_TIMEOUT_SECONDS: Final = 60  # ours: for a response that the client does not read at once
MAX_URL_LENGTH: Final = 4096  # ours, in characters; signed URLs have about a thousand
MAX_OBS_KEY_BYTES: Final = 1024  # OBS, in bytes of UTF-8
FETCH_TIMEOUT_SECONDS: Final = 10  # ours: for the whole file, from the DNS lookup to the last byte
MAX_CONCURRENT_FETCHES: Final = 16  # ours, in each process

# threads
WRITER_THREADS: Final = 8  # ours, in each process: as many as the pool of connections to PostgreSQL has for writes
PROBE_THREADS: Final = 2  # ours, in each process
MAX_WAITING_WRITES: Final = 64  # ours: a quarter of the default number of requests, so that reads find a place
MAX_WAITING_MEASUREMENTS: Final = 8  # ours: each takes up to two seconds

# face sets
MAX_FACE_SET_NAME_LENGTH: Final = 64  # FRS
FACE_SETS_PER_PROJECT: Final = 10  # page
FACE_SET_CAPACITY: Final = 100_000  # page: default and maximum
FACE_SET_CAPACITY_STEP: Final = 10_000  # page
PUBLIC_ID_LENGTH: Final = 8  # page: "a randomly generated string containing eight characters"

# custom fields
MAX_CUSTOM_FIELDS: Final = 10  # FRS
MAX_CUSTOM_FIELD_NAME_LENGTH: Final = 36  # page
MAX_CUSTOM_FIELD_STRING_LENGTH: Final = 256  # page
RESERVED_FIELD_NAMES: Final = frozenset(
    # page; "similarity" comes from FRS's "Customized Fields"
    ["vector", "bounding_box", "external_image_id", "face_id", "create_time", "_id", "_all", "_source", "similarity"]
)

# faces
MAX_EXTERNAL_IMAGE_ID_LENGTH: Final = 36  # FRS
CROP_SIDE: Final = 160  # ours, in pixels
MAX_CROP_BYTES: Final = 64 * 1024  # ours; a crop of noise has 37 KB
RECOMMENDED_FACE_SIZE: Final = 80  # FRS: minimum side of a face in pixels; enforced only by an enrolment policy
RECOMMENDED_QUALITY: Final = 0.45  # FRS: minimum total_score
RECOMMENDED_FLAW: Final = 0.3  # FRS: blur, pose, occlusion and illumination should be below it
DEFAULT_LIST_LIMIT: Final = 5  # FRS: faces listed by default
MAX_LIST_WINDOW: Final = 10_000  # FRS: maximum of offset + limit

# search
DEFAULT_TOP_N: Final = 10  # FRS: faces returned by default
MAX_TOP_N: Final = 1000  # FRS

# filters
MAX_FILTER_LENGTH: Final = 10_240  # ours, in characters
MAX_FILTER_CLAUSES: Final = 1000  # ours: comparisons in one filter
MAX_FILTER_NESTING: Final = 50  # ours: nested brackets
MAX_FILTER_NUMBER_LENGTH: Final = 400  # ours, in characters: the longest decimal form of a double has 326

# access
MAX_PASSWORD_LENGTH: Final = 256  # ours
MAX_NAME_LENGTH: Final = 64  # IAM: of a user, a project or a domain, and ours of their ids
DEFAULT_TOKEN_HOURS: Final = 24  # IAM
SIGNATURE_WINDOW_MINUTES: Final = 15  # ours; commonly cited for the gateway

# videos
VIDEO_DURATION_MILLISECONDS: Final = (1000, 15_000)  # FRS
MAX_VIDEO_FRAMES: Final = 3600  # ours: 15 s at 240 frames per second
MAX_VIDEO_FRAME_PIXELS: Final = 3840 * 2160  # ours: 4K, as phones record
SCALED_VIDEO_SIDE: Final = 1280  # ours, in pixels: larger frames are scaled down to it
MAX_VIDEO_DECODING_SECONDS: Final = 20  # ours: processor time for one video
MAX_VIDEO_DECODING_BYTES: Final = 768 * MEGABYTE  # ours: address space of the decoder process

IMAGES_FOR_LIVENESS: Final = (2, 5)
"""ours: images of one person in a request for silent liveness."""

# action liveness
MAX_ACTIONS: Final = 10  # FRS
DEFAULT_NOD_THRESHOLD: Final = 10.0  # FRS, in degrees
NOD_THRESHOLD_RANGE: Final = (1, 90)  # FRS
