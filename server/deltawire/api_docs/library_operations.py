"""The operations of the OpenAPI document for folders, prompts, shares, import and export of everything."""

from dataclasses import replace
from typing import Final

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Schema
from litestar.openapi.spec.enums import OpenAPIType

from deltawire.api_docs.operations import BODY_CODES, BY_ID_CODES, SOCKET_ONLY, STORE_CODES, operation
from deltawire.api_docs.responses import LIMITS, json_response
from deltawire.conversations.importing import ImportReport
from deltawire.conversations.library_schemas import (
    Folder,
    FolderList,
    FolderName,
    MadeShare,
    NewPrompt,
    NewShare,
    Prompt,
    PromptChange,
    PromptList,
    SharedConversation,
    ShareList,
)
from deltawire.conversations.schemas import Conversation
from deltawire.protocol.errors import TABLE

STRUCTS: Final = (
    *(FolderList, FolderName, PromptList, NewPrompt, PromptChange),
    *(NewShare, MadeShare, ShareList, SharedConversation, ImportReport),
)
"""The Structs of these routes."""
MAKE_TITLE: Final = operation(
    {"200": replace(json_response(Conversation, "The conversation, with its title."), headers=LIMITS)},
    frozenset(TABLE) - SOCKET_ONLY - {"gone", "unsupported"},
)
_FULL_CODES: Final = {"storage_full"}

LIST_FOLDERS: Final = operation({"200": json_response(FolderList, "All of them.")}, STORE_CODES)
CREATE_FOLDER: Final = operation(
    {"201": json_response(Folder, "The new folder.")},
    STORE_CODES | BODY_CODES | _FULL_CODES,
    body=FolderName,
    examples={"a folder": {"name": "Travel"}},
)
RENAME_FOLDER: Final = operation(
    {"200": json_response(Folder, "As it is now.")},
    BY_ID_CODES | BODY_CODES,
    body=FolderName,
    examples={"another name": {"name": "Journeys"}},
)
DELETE_BY_ID: Final = operation({"204": OpenAPIResponse(description="It is deleted.")}, BY_ID_CODES)
LIST_PROMPTS: Final = operation({"200": json_response(PromptList, "All of them.")}, STORE_CODES)
CREATE_PROMPT: Final = operation(
    {"201": json_response(Prompt, "The new prompt.")},
    STORE_CODES | BODY_CODES | _FULL_CODES,
    body=NewPrompt,
    examples={"a prompt": {"name": "shorter", "text": "Say it again in three sentences."}},
)
CHANGE_PROMPT: Final = operation(
    {"200": json_response(Prompt, "As it is now.")},
    BY_ID_CODES | BODY_CODES,
    body=PromptChange,
    examples={"another text": {"text": "Say it again in two sentences."}},
)
CREATE_SHARE: Final = operation(
    {"201": json_response(MadeShare, "The new link, with its token.")},
    BY_ID_CODES | BODY_CODES | _FULL_CODES,
    body=NewShare,
    examples={"for a week": {"message": "5f2d8c0a9b7e4d1c3a6f8e21", "days": 7}},
)
LIST_SHARES: Final = operation({"200": json_response(ShareList, "Those that have not expired.")}, STORE_CODES)
READ_SHARED: Final = operation({"200": json_response(SharedConversation, "The branch.")}, BY_ID_CODES)
IMPORT: Final = operation(
    {"200": json_response(ImportReport, "What became of each conversation.")},
    STORE_CODES | BODY_CODES,
    body_schema=Schema(
        type=[OpenAPIType.OBJECT, OpenAPIType.ARRAY],
        description="One conversation or an export of everything, of this server; or a part of ChatGPT's "
        "`conversations.json`, which may also be a list.",
    ),
)
EXPORT_ALL: Final = operation(
    {
        "200": OpenAPIResponse(
            description="A file: folders, prompts and all conversations.",
            content={"application/json": OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT))},
        )
    },
    STORE_CODES,
)
DELETE_ALL: Final = operation(
    {"204": OpenAPIResponse(description="They are gone.")}, STORE_CODES | {"invalid_frame", "not_found"}
)
