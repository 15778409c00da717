"""Every limit of the API, with its source.

Sources: *page* is Huawei's "Creating a Facial Image Library" (2023-05-06); *FRS* its API reference and FAQ; *APIG* its API
gateway's documentation; *ours* a choice of this project. Limits an operator may change are settings, not constants.
"""

from typing import Final

MEGABYTE: Final = 1024 * 1024

# bodies and pictures
MAX_BODY_BYTES: Final = 12 * MEGABYTE  # APIG: larger bodies are refused with 413
MAX_IMAGE_BYTES: Final = (
    8 * MEGABYTE
)  # FRS: of the file, or of its base64 text; also of both pictures of a comparison, and of a video
MAX_IMAGE_SIDE: Final = 4096  # FRS, China site: 4096 x 4096 pixels
SMALL_IMAGE_PIXELS: Final = 2048 * 2048  # ours: larger ones do not stand in line with others
IMAGE_BODY_BYTES: Final = (16 * 1024, 256 * 1024)  # ours: a body of such a size holds a small picture, if any
LARGE_BODY_BYTES: Final = 256 * 1024  # ours: what is larger is read on a thread, not on the event loop
MAX_JSON_COMMAS: Final = 20_000  # ours: no request has a use for a thousand values
MAX_MULTIPART_PARTS: Final = 32  # ours: the widest request has eight
HEAD_BYTES: Final = 64 * 1024  # ours: of all headers of a request
REQUEST_LINE_BYTES: Final = 32 * 1024  # ours: of path and query; a filter in one is the longest that has a use
HEAD_SECONDS: Final = 15  # ours: from the first byte of a request to the end of its head
BODY_SECONDS: Final = 60  # ours: for all of a body
MAX_URL_LENGTH: Final = 4096  # ours, in characters; signed URLs take a thousand
OBS_KEY_LENGTH: Final = 1024  # OBS, in bytes of UTF-8
FETCH_SECONDS: Final = 10  # ours: for all of a file, from the look-up of its host to its last byte
FETCHES_AT_ONCE: Final = 16  # ours, in each process

# face sets
FACE_SET_NAME_LENGTH: Final = 64  # FRS
FACE_SETS_PER_PROJECT: Final = 10  # page
FACE_SET_CAPACITY: Final = 100_000  # page: default and maximum
FACE_SET_CAPACITY_STEP: Final = 10_000  # page
PUBLIC_ID_LENGTH: Final = 8  # page: "a randomly generated string containing eight characters"

# custom fields
CUSTOM_FIELDS_PER_SET: Final = 10  # FRS
CUSTOM_FIELD_NAME_LENGTH: Final = 36  # page
CUSTOM_FIELD_STRING_LENGTH: Final = 256  # page
RESERVED_FIELD_NAMES: Final = frozenset(
    # page; "similarity" comes from FRS's "Customized Fields"
    ["vector", "bounding_box", "external_image_id", "face_id", "create_time", "_id", "_all", "_source", "similarity"]
)

# faces
EXTERNAL_IMAGE_ID_LENGTH: Final = 36  # FRS
ADVISED_FACE_SIZE: Final = 80  # FRS: least side of a face in pixels; advice, held only by a policy that says so
ADVISED_QUALITY: Final = 0.45  # FRS: least total_score
ADVISED_FLAW: Final = 0.3  # FRS: from it on blur, pose, occlusion or illumination is too much
LIST_LIMIT: Final = 5  # FRS: faces listed when no limit is given
LIST_WINDOW: Final = 10_000  # FRS: the most that offset and limit may add up to

# search
TOP_N: Final = 10  # FRS: faces returned when top_n is not given
MAX_TOP_N: Final = 1000  # FRS

# filters
FILTER_LENGTH: Final = 10_240  # ours, in characters
FILTER_CLAUSES: Final = 1000  # ours: comparisons of one filter
FILTER_NESTING: Final = 50  # ours: brackets within brackets
FILTER_NUMBER_LENGTH: Final = 400  # ours, in characters: the longest double written out has 326

# access
TOKEN_HOURS: Final = 24  # IAM
SIGNATURE_WINDOW_MINUTES: Final = 15  # commonly cited for the gateway; kept as this service's own

# videos
VIDEO_MILLISECONDS: Final = (1000, 15_000)  # FRS
VIDEO_FRAMES: Final = 3600  # ours: 15 s at 240 frames a second
VIDEO_FRAME_PIXELS: Final = 3840 * 2160  # ours: what telephones film
VIDEO_FRAME_SIDE: Final = 1280  # ours, in pixels: larger frames are scaled down to it
VIDEO_DECODING_SECONDS: Final = 20  # ours: processor time of one video
VIDEO_DECODING_BYTES: Final = 768 * MEGABYTE  # ours: address space of the process that decodes it

# action liveness
MAX_ACTIONS: Final = 10  # FRS
NOD_THRESHOLD: Final = 10.0  # FRS, in degrees, when none is given
NOD_THRESHOLDS: Final = (1, 90)  # FRS
