"""The operations of `/files` in the OpenAPI document."""

from typing import Any, Final

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType

from deltawire.api_docs.operations import BY_ID_CODES, STORE_CODES, operation
from deltawire.api_docs.responses import json_response, problems
from deltawire.conversations.files.schemas import DeleteQuery, File, FilePage, FileQuery, UploadQuery

_BYTES: Final = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream"))
_UPLOAD: Final = operation(
    {"201": json_response(File, "The file, as it is kept; `Location` is its address.")},
    STORE_CODES | {"invalid_frame", "message_too_large", "invalid_file", "budget_exhausted", "storage_full"},
    query=UploadQuery,
)


class SendFile(_UPLOAD):  # type: ignore[misc,valid-type]
    """The operation of `POST /files`, whose body is the file."""

    def __init__(self, **given: Any) -> None:
        """Add the body, and the response for a file of a type that is not accepted."""
        super().__init__(**given)
        own: Any = self  # mypy does not know the fields of a class that `operation` makes
        own.responses = {**own.responses, **problems((), {(415, "unsupported")})}
        own.request_body = RequestBody(
            content={"application/octet-stream": _BYTES}, required=True, description="The file itself."
        )


SEND_FILE: Final[type[Operation]] = SendFile
LIST_FILES: Final = operation(
    {"200": json_response(FilePage, "A page of files, the newest first.")},
    STORE_CODES | {"invalid_frame"},
    query=FileQuery,
)
READ_FILE: Final = operation({"200": json_response(File, "The file, without its bytes.")}, BY_ID_CODES)
READ_CONTENT: Final = operation(
    {"200": OpenAPIResponse(description="The bytes, as a download.", content={"*/*": _BYTES})},
    BY_ID_CODES,
)
DELETE_FILE: Final = operation(
    {"204": OpenAPIResponse(description="The file is deleted, or a message names it and `unnamed` was asked for.")},
    BY_ID_CODES | {"invalid_frame"},
    query=DeleteQuery,
)
