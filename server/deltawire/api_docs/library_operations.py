"""The operations of the OpenAPI document for folders, prompts, shares, import and export of everything."""

from dataclasses import replace
from typing import Final

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Schema
from litestar.openapi.spec.enums import OpenAPIType

from deltawire.api_docs.operations import NAMED, SOCKET_ONLY, STORED, WRITTEN, operation
from deltawire.api_docs.responses import LIMITS, json_answer
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

SPOKEN: Final = (
    *(FolderList, FolderName, PromptList, NewPrompt, PromptChange),
    *(NewShare, MadeShare, ShareList, SharedConversation, ImportReport),
)
"""The Structs of these routes."""
MAKE_TITLE: Final = operation(
    {"200": replace(json_answer(Conversation, "The conversation, with its title."), headers=LIMITS)},
    frozenset(TABLE) - SOCKET_ONLY - {"gone", "unsupported"},
)
_FULL: Final = {"storage_full"}

LIST_FOLDERS: Final = operation({"200": json_answer(FolderList, "All of them.")}, STORED)
CREATE_FOLDER: Final = operation(
    {"201": json_answer(Folder, "The new folder.")},
    STORED | WRITTEN | _FULL,
    body=FolderName,
    examples={"a folder": {"name": "Travel"}},
)
RENAME_FOLDER: Final = operation(
    {"200": json_answer(Folder, "As it is now.")},
    NAMED | WRITTEN,
    body=FolderName,
    examples={"another name": {"name": "Journeys"}},
)
DELETE_NAMED: Final = operation({"204": OpenAPIResponse(description="It is deleted.")}, NAMED)
LIST_PROMPTS: Final = operation({"200": json_answer(PromptList, "All of them.")}, STORED)
CREATE_PROMPT: Final = operation(
    {"201": json_answer(Prompt, "The new prompt.")},
    STORED | WRITTEN | _FULL,
    body=NewPrompt,
    examples={"a prompt": {"name": "shorter", "text": "Say it again in three sentences."}},
)
CHANGE_PROMPT: Final = operation(
    {"200": json_answer(Prompt, "As it is now.")},
    NAMED | WRITTEN,
    body=PromptChange,
    examples={"another text": {"text": "Say it again in two sentences."}},
)
CREATE_SHARE: Final = operation(
    {"201": json_answer(MadeShare, "The new link, with its token.")},
    NAMED | WRITTEN | _FULL,
    body=NewShare,
    examples={"for a week": {"message": "5f2d8c0a9b7e4d1c3a6f8e21", "days": 7}},
)
LIST_SHARES: Final = operation({"200": json_answer(ShareList, "Those that have not expired.")}, STORED)
READ_SHARED: Final = operation({"200": json_answer(SharedConversation, "The branch.")}, NAMED)
IMPORT: Final = operation(
    {"200": json_answer(ImportReport, "What became of each conversation.")},
    STORED | WRITTEN,
    body_schema=Schema(
        type=OpenAPIType.OBJECT,
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
    STORED,
)
DELETE_ALL: Final = operation({"204": OpenAPIResponse(description="They are gone.")}, STORED)
