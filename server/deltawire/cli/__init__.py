"""The command line: it reads the arguments, and imports what the command needs and no more."""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from deltawire import __version__
from deltawire.process.hidden_library import import_structlog

if TYPE_CHECKING:  # a command imports what it needs
    from deltawire.config.settings import Settings

T = TypeVar("T")

_SERVES: Final = (None, "serve")
"""The commands that serve."""


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code."""
    arguments = _parser().parse_args(argv)
    if arguments.command in _SERVES:
        gc.disable()  # until all is loaded: see `process.serving`
    if arguments.command == "key":
        from deltawire.cli.key import make_key  # noqa: PLC0415 - it needs no settings

        return make_key(arguments.name)
    return _run_with_settings(arguments)


def _run_with_settings(arguments: argparse.Namespace) -> int:
    import_structlog()  # the settings import it, too
    from deltawire.config.environment import load  # noqa: PLC0415 - `--help` and `--version` of a command need none
    from deltawire.config.settings import SettingsError  # noqa: PLC0415
    from deltawire.process.privacy import keep_private  # noqa: PLC0415

    keep_private()
    try:
        return _run(load(serves=arguments.command in _SERVES), arguments)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _run(settings: "Settings", arguments: argparse.Namespace) -> int:
    if arguments.command in ("usage", "turn"):
        from deltawire.cli.reports import report  # noqa: PLC0415 - it needs no server

        return report(settings, arguments)
    if arguments.command in ("migrate", "backup"):
        from deltawire.cli.database import back_up, migrate  # noqa: PLC0415 - likewise

        return migrate(settings) if arguments.command == "migrate" else back_up(settings, arguments.file)
    from deltawire.cli.serve import serve  # noqa: PLC0415 - nothing else needs all of it

    return serve(settings)


class _Parser(argparse.ArgumentParser):
    """The parser, whose help lists the settings: to list them, all of them are imported."""

    def format_help(self) -> str:
        """Return the help."""
        self.epilog = _settings_help()
        return super().format_help()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="deltawire",
        description="Deltawire, a realtime chat server for Gemini. Environment variables configure it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"deltawire {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=argparse.ArgumentParser)
    commands.add_parser("serve", help="serve until told to stop; this is the default command")
    commands.add_parser("migrate", help="bring the database up to date, and stop")
    backup = commands.add_parser(
        "backup", help="copy the SQLite file of the conversations while the server runs, and stop"
    )
    backup.add_argument("file", type=Path, help="the copy; one that is there is replaced")
    key = commands.add_parser(
        "key",
        help="make an API key for a caller, for API_KEYS, and stop",
        description="Print a key, and its pair for API_KEYS: a line each on standard output, under a heading on "
        "standard error. The server keeps neither.",
    )
    key.add_argument("name", help="the caller's name: 1 to 64 of A-Z a-z 0-9 . _ @ -")
    _add_reports(commands)
    return parser


def _add_reports(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    usage = commands.add_parser("usage", help="show who used how much, and stop")
    usage.add_argument("--since", metavar="DAY", type=_day, help="the first day in UTC; else 30 days before the last")
    usage.add_argument("--until", metavar="DAY", type=_day, help="the last day, which is included; else there is none")
    usage.add_argument(
        "--by",
        type=_groups,
        default=("caller", "model"),
        help="add up by day, caller or model, or by several, as in day,model; else by caller,model",
    )
    usage.add_argument(
        "--caller", type=_text, help="only this caller, such as key:alice; '' is everybody without authentication"
    )
    usage.add_argument("--model", type=_text, help="only this model")
    usage.add_argument("--json", action="store_true", help="print JSON instead of a table")
    turn = commands.add_parser("turn", help="show what is kept of a turn, without its texts, and stop")
    turn.add_argument(
        "id", type=_text, help="the `request` of a log line, or its part before the dot, or the id of a message"
    )
    turn.add_argument("--json", action="store_true", help="print JSON instead of lines")


def _text(value: str) -> str:
    """Return an argument; one whose bytes are not UTF-8 is in no row, and a database does not take it."""
    from deltawire.protocol.decoding import has_lone_surrogate  # noqa: PLC0415 - only a report needs it

    if has_lone_surrogate(value):
        raise argparse.ArgumentTypeError("it is not UTF-8")
    return value


def _day(value: str) -> date:
    from deltawire.conversations.usage_report import day_of  # noqa: PLC0415 - only a report needs it

    return _read(day_of, value)


def _groups(value: str) -> tuple[str, ...]:
    from deltawire.conversations.usage_report import groups_of  # noqa: PLC0415 - likewise

    return _read(groups_of, value)


def _read(reader: Callable[[str], T], value: str) -> T:
    """Return what `reader` reads; raise the sentence of its ValueError as argparse's own error."""
    try:
        return reader(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _settings_help() -> str:
    from deltawire.config.description import describe  # noqa: PLC0415 - see `_Parser`
    from deltawire.config.settings import SECRETS  # noqa: PLC0415

    lines = ["settings (environment variables):"]
    for name, default, accepts, purpose in describe():
        lines.append(f"  {name}{f' = {default}' if default else ''}")
        lines.append(f"      {purpose} ({accepts})")
    lines += [
        "",
        f"{', '.join(SECRETS)}",
        "may each stand in a file: NAME_FILE is its path.",
        "",
        "The upstream is set up by google-genai's own variables: GEMINI_API_KEY or GOOGLE_API_KEY,",
        "GOOGLE_GEMINI_BASE_URL, and for Vertex AI GOOGLE_GENAI_USE_VERTEXAI, GOOGLE_CLOUD_PROJECT and",
        "GOOGLE_CLOUD_LOCATION. Without a key the server answers with a stand-in that says so.",
    ]
    return "\n".join(lines)
