"""Malformed signatures over a socket are rejected as unauthorized."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import fuzz
from tests.support.raw_http import connect, head, read
from tests.support.servers import RunningServer

PIECES = [
    "SDK-HMAC-SHA256",
    "V11-HMAC-SHA256",
    "Access=",
    "Credential=",
    "SignedHeaders=",
    "host;x-sdk-date",
    "Signature=",
    "0" * 64,
    "/20240102/cn-north-4/frs/sdk_request",
    ", ",
    " ",
    ";",
    "=",
    "é",
]
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=12)
HEADER = st.lists(st.sampled_from(PIECES) | LATIN, max_size=10).map("".join)
LIKELY = st.builds(
    "{} Access={}, SignedHeaders={}, Signature={}".format,
    st.sampled_from(PIECES[:2]),
    st.sampled_from(["KEY"]) | LATIN,
    st.lists(st.sampled_from(["host", "x-sdk-date", "authorization", "a", ""]), max_size=5).map(";".join),
    st.text("0123456789abcdef", max_size=65),
)
DATE = st.sampled_from(["", "20240102T030405Z", "99999999T999999Z"]) | LATIN
QUERY = st.text("ab%=&+;/~\xe9", max_size=20)


@fuzz(80)
@given(authorization=HEADER | LIKELY, date=DATE, query=QUERY, of_iam=st.booleans())
def test_an_arbitrary_signature_is_unauthorized(
    server: RunningServer, authorization: str, date: str, query: str, of_iam: bool
) -> None:
    path = "/v3/projects" if of_iam else f"{server.project}/face-sets"
    with connect(server) as connection:
        headers = {"Host": "a", "Authorization": authorization, "X_Sdk_Date": date}
        connection.sendall(head("GET", f"{path}?{query}", **headers))
        assert read(connection).status in {400, 401}
