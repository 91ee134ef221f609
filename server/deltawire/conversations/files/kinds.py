"""The kinds of files that may be allowed: the media types of each, and its name in the setting FILE_TYPES."""

import re
from typing import Final

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """A kind of file."""

    name: str
    """The word of FILE_TYPES."""
    type: str
    """The media type under which it is kept."""
    claimed: tuple[str, ...] = ()
    """Other media types that clients claim for it."""
    is_text: bool = False

    @property
    def is_picture(self) -> bool:
        """True for a picture, which has a width and a height."""
        return self.type.startswith("image/")


_SOURCE_TYPES: Final = (
    *("text/x-source", "text/css", "text/javascript", "application/javascript", "application/x-javascript"),
    *("application/ecmascript", "application/typescript", "text/typescript", "application/sql", "application/x-sql"),
    *("application/x-sh", "application/x-python-code", "application/x-python", "application/x-ruby"),
    *("application/x-perl", "application/x-php", "application/x-httpd-php", "application/xml", "text/xml"),
    *("application/toml", "application/yaml", "application/x-yaml", "text/yaml", "text/rust", "text/jsx"),
    *("application/graphql", "application/x-tex", "application/x-latex", "application/x-ndjson", "application/jsonl"),
    *("text/vnd.trolltech.linguist", "video/mp2t", "text/x-python", "text/x-java", "text/x-c", "text/x-rust"),
)
"""Media types of source code, and `video/mp2t`: browsers take the suffix `.ts` of TypeScript for that of a video."""

KINDS: Final = (
    Kind("png", "image/png", ("image/x-png",)),
    Kind("jpeg", "image/jpeg", ("image/jpg", "image/pjpeg")),
    Kind("webp", "image/webp"),
    Kind("heic", "image/heic", ("image/heif", "image/heic-sequence", "image/heif-sequence")),
    Kind("gif", "image/gif"),
    Kind("pdf", "application/pdf", ("application/x-pdf",)),
    Kind("wav", "audio/wav", ("audio/x-wav", "audio/wave", "audio/vnd.wave")),
    Kind("mp3", "audio/mpeg", ("audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg")),
    Kind("ogg", "audio/ogg", ("application/ogg", "audio/vorbis", "audio/opus", "audio/x-vorbis+ogg")),
    Kind("flac", "audio/flac", ("audio/x-flac",)),
    Kind("m4a", "audio/mp4", ("audio/m4a", "audio/x-m4a", "audio/mp4a-latm")),
    Kind("text", "text/plain", is_text=True),
    Kind("markdown", "text/markdown", ("text/x-markdown", "text/md"), is_text=True),
    Kind(
        "csv",
        "text/csv",
        ("application/csv", "text/x-csv", "application/vnd.ms-excel", "text/tab-separated-values"),
        is_text=True,
    ),
    Kind("json", "application/json", ("text/json", "application/x-json", "application/ld+json"), is_text=True),
    Kind("code", "text/x-source", _SOURCE_TYPES, is_text=True),
)
BY_NAME: Final = {kind.name: kind for kind in KINDS}
NAMES: Final = tuple(BY_NAME)
_BY_TYPE: Final = {name: kind for kind in KINDS for name in (kind.type, *kind.claimed)}
_source_type = re.compile(r"text/x-[a-z0-9.+_-]{1,60}")
"""Media types of languages that are not listed. They are kept, and sent as headers."""
_BY_SUFFIX: Final = {"md": "markdown", "markdown": "markdown", "csv": "csv", "tsv": "csv", "json": "json"}
_SOURCE_SUFFIXES: Final = frozenset((
    "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "tsx", "css", "scss", "c", "h", "cc", "cpp", "hpp", "cs", "java",
    "kt", "swift", "go", "rs", "rb", "php", "pl", "lua", "r", "jl", "sh", "bash", "zsh", "ps1", "sql", "toml",
    "yaml", "yml", "ini", "cfg", "xml", "tex", "jsonl", "ndjson", "proto", "graphql", "vue", "scala", "hs", "ex",
))  # fmt: skip


def kind_claimed(media_type: str) -> Kind | None:
    """Return the kind of a claimed media type, without parameters; None for one that no kind has."""
    found = _BY_TYPE.get(media_type)
    if found is None and _source_type.fullmatch(media_type):
        return BY_NAME["code"]
    return found


def kind_of_text(name: str) -> Kind:
    """Return the kind of a text by its name, where its client claims none."""
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in _SOURCE_SUFFIXES:
        return BY_NAME["code"]
    return BY_NAME[_BY_SUFFIX.get(suffix, "text")]
