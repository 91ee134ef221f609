"""Every setting of a process. Times are in seconds, sizes in bytes, unless the name has another unit."""

from pathlib import Path
from typing import Annotated, Final, Literal

from platformdirs import user_data_dir
from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from deltawire.config.kubernetes import is_of_a_service
from deltawire.config.secret_files import SecretFileError, with_secrets
from deltawire.config.types import (
    Accepts,
    AmountRules,
    ApiKeys,
    CallerQuota,
    Count,
    CountRules,
    DatabaseUrl,
    FilesUrl,
    FileTypes,
    Host,
    Hosts,
    JwtSecret,
    KeySetUrl,
    Lifetime,
    MetricsToken,
    ModelName,
    Models,
    Networks,
    OfferedModels,
    OriginList,
    PriceList,
    RedisUrl,
    Seconds,
    SecondsOrNone,
    SecondsOrUnset,
    ToolList,
    WorkerCount,
)
from deltawire.conversations.files.kinds import NAMES as FILE_KINDS
from deltawire.limits.own_prices import OwnPrice, read_prices
from deltawire.limits.rules import Rules, read_amounts, read_counts

PREFIX: Final = "DELTAWIRE_"
SECRETS: Final = (
    *(PREFIX + name for name in ("DATABASE_URL", "REDIS_URL", "JWT_SECRET", "JWT_SECRET_BEFORE", "STATE_SECRET")),
    *(PREFIX + name for name in ("METRICS_TOKEN", "METRICS_TOKEN_BEFORE")),
    *("GOOGLE_API_KEY", "GEMINI_API_KEY"),
)
"""Variables whose value may stand in a file instead, which the variable NAME_FILE names."""
STANDIN_MODEL: Final = "offline"
CLOSING_SECONDS: Final = 5.0
"""Seconds to close connections and stores, after the drain and the last writes."""


class SettingsError(Exception):
    """Settings that the server cannot start with: one readable line for each."""

    def __init__(self, lines: list[str]) -> None:
        """Create the error; each of `lines` has a setting's name, its value and the accepted values."""
        super().__init__("\n".join(lines))
        self.lines = lines


def _platform_folder() -> str:
    """Return the platform's folder for a program's files; raise `SettingsError` for a user without a home folder."""
    try:
        return user_data_dir("deltawire")
    except (RuntimeError, KeyError):
        raise SettingsError([f"{PREFIX}DATA_DIR: is not set, and this user has no home; takes a folder"]) from None


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    host: Host = Field("127.0.0.1", description="the address to listen on")
    port: Annotated[int, Accepts("a port from 0 to 65535; 0 takes a free one")] = Field(
        8000,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("DELTAWIRE_PORT", "PORT"),
        description="the port to listen on; `PORT` without the prefix is read, too",
    )
    workers: WorkerCount = Field(1, description="server processes; the bounds below apply to each process")
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
        Accepts("debug, info, warning or error"),
    ] = Field("info", description="the lowest level that is logged")
    log_format: Annotated[Literal["console", "json"] | None, Accepts("console or json")] = Field(
        None, description="the format of log lines; unset: console on a terminal, else json"
    )

    models: OfferedModels = Field(
        ("gemini-flash-latest",), min_length=1, description="models that clients may use; `*` allows any"
    )
    default_model: ModelName = Field(
        None, description="the model of a chat that names none; unset: the first of MODELS"
    )
    fallback_models: Models = Field((), description="models to ask, in this order, when the provider fails for a model")

    title_model: ModelName = Field(
        None,
        description="a cheap model of MODELS that makes the title of a chat in the page, after its first answer; the "
        "caller is charged for it; unset: the title is the beginning of the question",
    )
    tools: ToolList = Field(
        (), description="tools of the provider that clients may name: `search`, `url_context`, `code`; some cost extra"
    )

    connect_timeout: Seconds = Field(10.0, description="to make a connection to the upstream")
    first_token_timeout: Seconds = Field(
        60.0, description="from the request to the upstream to its first event: a token, a thought, a tool at work"
    )
    token_timeout: Seconds = Field(20.0, description="silence between two such events")
    turn_timeout: Seconds = Field(300.0, description="a turn, including its retries")
    send_timeout: Seconds = Field(
        15.0, description="for a send to a client that does not read; then the socket closes with 4008"
    )
    handshake_timeout: Seconds = Field(10.0, description="from a new connection to the last byte of its request")
    keep_alive_timeout: Seconds = Field(
        620.0, description="for an idle connection between two requests; choose more than the proxy in front has"
    )
    idle_timeout: Seconds = Field(600.0, description="for a socket without frames and turns; then it closes with 1001")
    ping_interval: Seconds = Field(20.0, description="between two pings")
    ping_timeout: Seconds = Field(20.0, description="to answer a ping; then the connection is dropped")
    drain_timeout: SecondsOrUnset = Field(
        None,
        description="for running turns to end by themselves when the server stops; unset: TURN_TIMEOUT, STORE_TIMEOUT "
        "and SEND_TIMEOUT together, which every turn without functions fits into",
    )
    tool_timeout: Seconds = Field(
        60.0,
        description="for a client to answer the calls of one round; TURN_TIMEOUT does not run meanwhile",
    )
    max_grace: SecondsOrNone = Field(
        120.0,
        description="the most that a chat may ask for as `grace`: its turn goes on with nobody listening; 0: none",
    )
    store_timeout: Seconds = Field(10.0, description="to write an answer, including retries, before its turn ends")

    retries: Annotated[int, Field(ge=0, le=100), Accepts("a whole number from 0 to 100")] = Field(
        2, description="retries after the first attempt, before the first delta"
    )
    retry_max_delay: Seconds = Field(10.0, description="the longest wait before a retry")

    max_message_chars: Count = Field(100_000, description="a message, and a system instruction")
    max_frame_bytes: Count = Field(4 * 2**20, description="a frame; a longer one closes the socket with 1009")
    max_history_chars: Count = Field(400_000, description="a turn's history, sent by the client or kept by the server")
    max_answer_chars: Count = Field(10_000_000, description="an answer with its thoughts; then its turn ends")
    max_tool_rounds: Count = Field(10, description="rounds of functions in one turn; more end it")
    max_parts_bytes: Count = Field(
        4 * 2**20,
        description="the calls, results and signatures of one turn, and those that are sent along as its context",
    )
    max_memory_bytes: Count = Field(
        256 * 2**20, description="all sockets' histories together; and as much for all that arrives or is being asked"
    )
    max_memory_bytes_per_caller: CallerQuota = Field(
        None, description="the same of one caller; unset: an eighth of MAX_MEMORY_BYTES where callers authenticate"
    )
    max_detached_bytes: Count = Field(
        64 * 2**20,
        description="the frames of all turns with `grace`; beyond it, the caller who holds most loses the oldest turn "
        "that nobody listens to",
    )
    max_turns_per_socket: Count = Field(8, description="turns at once on one socket")
    max_turns: Count = Field(1_000, description="turns at once in this process")
    max_turns_per_caller: CallerQuota = Field(
        None, description="the same of one caller; unset: a quarter of MAX_TURNS where callers authenticate"
    )
    max_sockets: Count = Field(10_000, description="open sockets in this process")
    max_sockets_per_caller: CallerQuota = Field(
        None, description="the same of one caller; unset: a quarter of MAX_SOCKETS where callers authenticate"
    )
    max_frames_per_second: Count = Field(20, description="on one socket, on average; more close it with 1008")
    max_bytes_per_second: Count = Field(2**20, description="on one socket, on average; more close it with 1008")
    max_handshakes_per_minute: Count = Field(600, description="from one address, or one IPv6 /64; more get 429")

    database_url: DatabaseUrl = Field(None, description="the database of the conversations; unset: a file in DATA_DIR")
    max_conversation_messages: Count = Field(10_000, description="messages of one conversation")
    max_conversation_bytes: Count = Field(32 * 2**20, description="the texts of one conversation")
    max_conversations_per_caller: Count = Field(10_000, description="conversations that are stored for one caller")
    max_stored_bytes_per_caller: Count = Field(2**30, description="the texts of all conversations of one caller")
    public_shares: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="callers may share a chat by a link that needs no key or token"
    )
    files_url: FilesUrl = Field(None, description="the store of callers' files; unset: the folder `files` in DATA_DIR")
    max_file_bytes: Count = Field(20 * 2**20, description="a file")
    max_files_bytes_per_caller: Count = Field(2**30, description="all files of one caller")
    max_history_files_bytes: Count = Field(
        50 * 2**20, description="the files of earlier messages that a turn is asked with; the newest are kept"
    )
    file_types: FileTypes = Field(FILE_KINDS, description="the kinds of files that callers may send")
    file_lifetime: Lifetime = Field(
        90 * 86_400.0, description="from its last use, for a file that no message of a conversation names"
    )
    data_dir: Annotated[Path | None, Accepts("a folder")] = Field(
        None, description="the folder of this server's files; unset: the platform's folder for application data"
    )

    api_keys: ApiKeys = Field(None, description="API keys of callers; `deltawire key NAME` makes a key and its pair")
    api_keys_file: Annotated[Path | None, Accepts("a file of NAME:SHA256 pairs, one a line")] = Field(
        None, description="API keys in a file, which is read again when it changes"
    )
    jwt_secret: JwtSecret = Field(
        None, description="accepts callers' JSON Web Tokens that are signed with this secret, by HS256"
    )
    jwt_secret_before: JwtSecret = Field(
        None, description="the JWT_SECRET before a rotation: tokens that are signed with it are accepted, too"
    )
    jwt_jwks_url: KeySetUrl = Field(
        None, description="accepts callers' JSON Web Tokens that are signed with a key of the JSON Web Key Set there"
    )
    jwt_issuer: Annotated[str | None, Accepts("a string")] = Field(
        None, description="the required `iss` of a token; unset: any"
    )
    jwt_audience: Annotated[str | None, Accepts("a string")] = Field(
        None, description="the required `aud` of a token, or one of several; unset: any"
    )
    allowed_origins: OriginList = Field((), description="other origins whose pages may use this server; `*` allows any")
    trusted_proxies: Networks = Field(
        (), description="proxies whose `X-Forwarded-For`, `-Proto` and `-Host` headers are trusted"
    )
    allowed_hosts: Hosts = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        min_length=1,
        description="host names that requests may be addressed to; `*` allows any",
    )
    allow_anonymous: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="without keys and tokens: accept every caller on an address that others can reach"
    )

    turns_per_minute: CountRules = Field(None, description="turns that a caller may begin within a minute")
    turns_at_once: CountRules = Field(None, description="turns that a caller may have at once")
    tokens_per_day: CountRules = Field(None, description="tokens that a caller may use in a day, in UTC")
    usd_per_day: AmountRules = Field(None, description="dollars that a caller may use in a day, in UTC")
    prices: PriceList = Field(
        None, description="your own prices of models, in dollars for a million tokens; they come before the list's"
    )
    limits_when_price_is_unknown: Annotated[Literal["refuse", "allow"], Accepts("refuse or allow")] = Field(
        "refuse", description="refuses or allows models without a known price where USD_PER_DAY limits them"
    )
    redis_url: RedisUrl = Field(
        None,
        description="the store of limits and of turns with `grace` for all servers; unset: each worker has its own",
    )
    limits_when_store_is_away: Annotated[Literal["refuse", "allow"], Accepts("refuse or allow")] = Field(
        "refuse", description="refuses or allows turns while limits are set and REDIS_URL does not answer"
    )

    state_secret: JwtSecret = Field(
        None,
        description="signs the `state` of an answer over HTTP that ended in calls; unset: one from JWT_SECRET or "
        "the Gemini key, else one in DATA_DIR",
    )
    metrics_token: MetricsToken = Field(
        None, description="the bearer token for `GET /metrics`; unset: authentication as on every other path"
    )
    metrics_token_before: MetricsToken = Field(
        None, description="the METRICS_TOKEN before a rotation, which is accepted, too"
    )

    trace_content: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="put questions and answers into the traces"
    )

    api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("GOOGLE_API_KEY", "GEMINI_API_KEY"), exclude=True
    )
    vertex: bool = Field(
        default=False,
        validation_alias=AliasChoices("GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI"),
        exclude=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment only, without the variables that Kubernetes sets for services."""
        if isinstance(env_settings, EnvSettingsSource):
            variables = env_settings.env_vars.items()
            ours = {name: value for name, value in variables if not is_of_a_service(name, value)}
            try:
                env_settings.env_vars = with_secrets(ours, SECRETS)
            except SecretFileError as error:
                raise SettingsError([str(error)]) from None
        return init_settings, env_settings

    @property
    def has_upstream(self) -> bool:
        """True where a real Gemini can be asked; otherwise the stand-in answers."""
        return self.api_key is not None or self.vertex

    @property
    def folder(self) -> Path:
        """The folder of this server's files."""
        return self.data_dir or Path(_platform_folder())

    @property
    def database(self) -> str:
        """The URL of the database that holds the conversations, with its password."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        from sqlalchemy import URL  # noqa: PLC0415 - `--help` needs none

        file = str(self.folder / "conversations.db")
        return URL.create("sqlite+aiosqlite", database=file).render_as_string(hide_password=False)

    @property
    def files_folder(self) -> str | None:
        """The URL of the folder of files; None where there is no `DATA_DIR` and the user has no home folder."""
        try:
            return (self.folder / "files").absolute().as_uri()
        except SettingsError:
            return None

    @property
    def drain_seconds(self) -> float:
        """The seconds that running turns have to end by themselves when the server stops."""
        return self.longest_turn if self.drain_timeout is None else self.drain_timeout

    @property
    def longest_turn(self) -> float:
        """The most seconds of a turn without functions: to ask the provider, store the answer, and send the end."""
        return self.turn_timeout + self.store_timeout + self.send_timeout

    @property
    def longest_stop(self) -> float:
        """The most seconds that a stop takes. A supervisor must wait longer than this before SIGKILL."""
        return self.drain_seconds + self.store_timeout + CLOSING_SECONDS

    @property
    def limits(self) -> Rules:
        """The limits of each caller, parsed."""
        return Rules(
            turns_per_minute=read_counts(self.turns_per_minute) if self.turns_per_minute is not None else (),
            turns_at_once=read_counts(self.turns_at_once) if self.turns_at_once is not None else (),
            tokens_per_day=read_counts(self.tokens_per_day) if self.tokens_per_day is not None else (),
            usd_per_day=read_amounts(self.usd_per_day) if self.usd_per_day is not None else (),
        )

    @property
    def own_prices(self) -> tuple[OwnPrice, ...]:
        """The operator's prices, the newest first."""
        return read_prices(self.prices) if self.prices is not None else ()

    @property
    def needs_prices(self) -> bool:
        """True where a model without a price is refused because dollars are limited. The stand-in costs nothing."""
        return self.usd_per_day is not None and self.has_upstream and self.limits_when_price_is_unknown == "refuse"

    @property
    def requires_authentication(self) -> bool:
        """True where every caller has to authenticate."""
        ways = (self.api_keys, self.api_keys_file, self.jwt_secret, self.jwt_jwks_url)
        return any(way is not None for way in ways)

    def quota_of(self, total: int, each: int | None, parts: int = 4) -> int:
        """Return the part of a total that one caller may have.

        `each` is the setting for it. Where that is None, a caller may have one of `parts` equal parts. Without
        authentication all are one caller, who may then have everything.
        """
        return each or (max(1, total // parts) if self.requires_authentication else total)

    @property
    def offered_models(self) -> tuple[str, ...]:
        """The models that `GET /models` lists."""
        if not self.has_upstream:
            return (STANDIN_MODEL,)
        named = tuple(name for name in self.models if name != "*")
        if self.default_model is not None and self.default_model not in named:
            return (self.default_model, *named)
        return named or ("gemini-flash-latest",)

    @property
    def model_by_default(self) -> str:
        """The model of a chat that names none: `default_model` where it is set and Gemini is asked."""
        return (self.has_upstream and self.default_model) or self.offered_models[0]
