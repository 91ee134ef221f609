"""The Structs of conversations that a client reads and writes."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from deltawire.protocol.chat_request import REQUEST_RULES, STORED_ID, ConversationSettings
from deltawire.protocol.decoding import StrictDecoder, rules_of
from deltawire.protocol.shown import Shown
from deltawire.protocol.tools import A_BUILT_IN
from deltawire.protocol.usage_figures import UsageFigures

MAX_TITLE_CHARS: Final = 200
MAX_PAGE: Final = 100
_CURSOR: Final = r"^[0-9]{1,12}\.[0-9]{1,9}_[A-Za-z0-9_-]{1,64}_[0-9]$"
"""The time and the id of the last conversation of a page, and the step of the search that found it."""
_title = Meta(max_length=MAX_TITLE_CHARS, description=f"a string of at most {MAX_TITLE_CHARS} characters")
_settings = Meta(description="an object of settings")


class ListedConversation(Struct, frozen=True, kw_only=True):
    """A conversation in a list. Times are seconds since 1970; `updated` is the time of its last question or answer."""

    id: str
    title: str
    created: float
    updated: float
    pinned: bool
    archived: bool
    folder: str | None
    message: str | UnsetType = UNSET
    """In the results of a search: the newest message in which the words stand; absent where only the title has them."""
    excerpt: str | UnsetType = UNSET
    """A line around the words."""


class Conversation(ListedConversation, frozen=True, kw_only=True):
    """One conversation. A turn uses those of the `settings` that its own request leaves out."""

    settings: dict[str, Any]


class Message(Shown):
    """One message of a conversation's tree.

    A question is not `answered` while its answer runs, nor after a crash that lost the answer. An answer has the
    `finish_reason` of its end, or the `error` that broke it off, a code of the error table. Lists of other parts, such
    as `sources`, are left out where they are empty. `request` is the server's id of the request that it came with, as
    in the log and in `X-Request-Id`; null for what was imported.
    """

    # Not keyword-only, so that msgspec puts these before what is inherited.

    id: str
    parent: str | None
    role: Literal["user", "model"]
    text: str
    thoughts: str
    model: str | None
    finish_reason: str | None
    error: str | None
    answered: bool | None
    usage: UsageFigures | None
    created: float
    request: str | None


class LiveRun(Struct, frozen=True):
    """A turn with grace that has not ended, and the id of its question."""

    run: str
    question: str | None
    state: Literal["opening", "streaming", "waiting", "ended"]


class ConversationTree(Conversation, frozen=True, kw_only=True):
    """A conversation and all its messages, in the order in which they were written.

    `runs` are its turns with grace that have not ended; absent where there are none.
    """

    messages: list[Message]
    runs: list[LiveRun] | UnsetType = UNSET


class ConversationPage(Struct, frozen=True):
    """A page of conversations, the last changed first; `next` is the cursor of the next page."""

    conversations: list[ListedConversation]
    next: str | None


class ConversationQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The conversations to list: parameters of the URL."""

    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description=f"a whole number from 1 to {MAX_PAGE}")] = 50
    cursor: Annotated[str, Meta(pattern=_CURSOR, description="what `next` held")] | None = None
    q: Annotated[str, Meta(max_length=1000, description="words to look for, 1,000 characters at most")] = ""
    archived: (
        Annotated[Literal["true", "false", "any"], Meta(description="true, false or any; absent: any with q")]
        | UnsetType
    ) = UNSET
    pinned: Annotated[Literal["true", "false"], Meta(description="true or false; absent: both")] | UnsetType = UNSET
    folder: Annotated[str, Meta(pattern=STORED_ID, description="the id of a folder; absent: any")] | UnsetType = UNSET

    def archived_filter(self) -> bool | None:
        """Return the only value of `archived` that is listed; None where both are."""
        wanted = self.archived or ("any" if self.q else "false")
        return None if wanted == "any" else wanted == "true"


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The format and the last message of an export: parameters of the URL."""

    format: Annotated[Literal["markdown", "json"], Meta(description="markdown or json")] = "markdown"
    message: Annotated[
        str, Meta(max_length=64, description="the id of the message to end with; absent: the newest")
    ] = ""
    files: Annotated[bool, Meta(description="true or false")] = False


class DeleteAllQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of the URL that deletes all conversations: none, so that a filter deletes nothing else."""


class NewConversation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A conversation to create."""

    title: Annotated[str, _title] | None = None
    settings: Annotated[ConversationSettings, _settings] | None = None


class ConversationChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a conversation. Settings are changed one by one; null removes one, and takes out of a folder."""

    title: Annotated[str, _title] | None = None
    settings: Annotated[ConversationSettings, _settings] | None = None
    pinned: Annotated[bool, Meta(description="true or false")] | None = None
    archived: Annotated[bool, Meta(description="true or false")] | None = None
    folder: Annotated[str, Meta(pattern=STORED_ID, description="the id of a folder, or null for none")] | None = None


class RequestedChange(Struct, frozen=True, kw_only=True):
    """The fields of a change that were named: columns by their names, and settings, None for each that is removed."""

    columns: dict[str, Any]
    settings: dict[str, Any]


_SETTINGS_RULES: Final = {
    **{f"settings.{path}": rule for path, rule in {**REQUEST_RULES, **rules_of(ConversationSettings)}.items()},
    "settings.tools[]": A_BUILT_IN,
}
read_query = StrictDecoder[ConversationQuery](ConversationQuery, rules_of(ConversationQuery)).read_query
read_export = StrictDecoder[ExportQuery](ExportQuery, rules_of(ExportQuery)).read_query
read_delete_all = StrictDecoder[DeleteAllQuery](DeleteAllQuery, {}).read_query
read_new = StrictDecoder[NewConversation](NewConversation, {**rules_of(NewConversation), **_SETTINGS_RULES}).read_bytes
_read_change = StrictDecoder[ConversationChange](
    ConversationChange, {**rules_of(ConversationChange), **_SETTINGS_RULES}
).read_bytes


def read_change(body: bytes) -> RequestedChange:
    """Read the fields that a change names. A null field counts as absent, except `folder`: null means no folder."""
    change = _read_change(body)
    changes = msgspec.json.decode(body)
    values = {name: getattr(change, name) for name in ("title", "pinned", "archived", "folder")}
    columns = {
        name: value for name, value in values.items() if value is not None or (name == "folder" and name in changes)
    }
    return RequestedChange(columns=columns, settings={} if change.settings is None else changes["settings"])
