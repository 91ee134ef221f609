"""The Structs of folders, prompts and shares that a client reads and writes."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from deltawire.protocol.chat_request import STORED_ID
from deltawire.protocol.decoding import StrictDecoder, rules_of

MAX_NAME_CHARS: Final = 100
MAX_PROMPT_NAME_CHARS: Final = 64
MAX_PROMPT_CHARS: Final = 20_000
MAX_SHARE_DAYS: Final = 365
_FolderName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_NAME_CHARS,
        pattern=r"\S",
        description=f"a string of 1 to {MAX_NAME_CHARS} characters, not only spaces",
    ),
]
_PromptName = Annotated[
    str,
    Meta(
        # `\s` is not the same in Python and in the JSON Schema of the document, which differ in controls and U+FEFF.
        pattern=r"^[^\s/\x00-\x1f\x7f-\x9f\ufeff]{1,64}$(?!\n)",
        description=f"a string of 1 to {MAX_PROMPT_NAME_CHARS} characters without spaces, controls and slashes",
    ),
]
_PromptText = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_PROMPT_CHARS, description=f"a string of 1 to {MAX_PROMPT_CHARS:,} characters"),
]


class Folder(Struct, frozen=True, kw_only=True):
    """A folder of conversations. Times are seconds since 1970."""

    id: str
    name: str
    created: float


class FolderList(Struct, frozen=True):
    """All folders of a caller, by name."""

    folders: list[Folder]


class FolderName(Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a folder."""

    name: _FolderName


class Prompt(Struct, frozen=True, kw_only=True):
    """A prompt that a caller keeps; the chat page offers it as the command `/name`."""

    id: str
    name: str
    text: str
    created: float


class PromptList(Struct, frozen=True):
    """All prompts of a caller, by name."""

    prompts: list[Prompt]


class NewPrompt(Struct, frozen=True, forbid_unknown_fields=True):
    """A prompt to keep."""

    name: _PromptName
    text: _PromptText


class PromptChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a prompt; a field that is null counts as absent."""

    name: _PromptName | None = None
    text: _PromptText | None = None


class NewShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A link to share: the branch that ends in `message`, for a number of days."""

    message: Annotated[str, Meta(pattern=STORED_ID, description="the id of a message of the conversation")]
    # A float, because JSON has one kind of number and 7.0 is a whole one.
    days: (
        Annotated[
            float,
            Meta(ge=1, le=MAX_SHARE_DAYS, multiple_of=1, description=f"a whole number from 1 to {MAX_SHARE_DAYS}"),
        ]
        | None
    ) = None
    public: Annotated[bool, Meta(description="true or false")] | None = None


class Share(Struct, frozen=True, kw_only=True):
    """A link that has not expired. Times are seconds since 1970; a `public` one needs no authentication."""

    id: str
    conversation: str
    message: str
    title: str
    public: bool
    created: float
    expires: float


class MadeShare(Share, frozen=True, kw_only=True):
    """A new link. Its `token` is sent only here: the server keeps a digest of it."""

    token: str


class ShareList(Struct, frozen=True):
    """All links of a caller that have not expired, the newest first."""

    shares: list[Share]


class SharedMessage(Struct, frozen=True, kw_only=True):
    """One message of what is shared; `created` is in seconds since 1970."""

    role: Literal["user", "model"]
    text: str
    model: str | None
    created: float


class SharedConversation(Struct, frozen=True, kw_only=True):
    """The content of a link: the messages of one branch, the first question first."""

    title: str
    created: float
    expires: float
    messages: list[SharedMessage]


read_folder = StrictDecoder[FolderName](FolderName, rules_of(FolderName)).read_bytes
read_prompt = StrictDecoder[NewPrompt](NewPrompt, rules_of(NewPrompt)).read_bytes
read_prompt_change = StrictDecoder[PromptChange](PromptChange, rules_of(PromptChange)).read_bytes
read_share = StrictDecoder[NewShare](NewShare, rules_of(NewShare)).read_bytes
