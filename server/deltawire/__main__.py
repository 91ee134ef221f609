"""The command line, `deltawire` or `python -m deltawire`: read the settings, then serve until told to stop."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

if os.getpid() == 1:  # in a container: the kernel keeps from it what has no handler, and the imports take a second
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))

import structlog

from deltawire import __version__
from deltawire.config.settings import PREFIX, SettingsError, describe, load, unknown_names
from deltawire.conversations.migrate import SchemaError
from deltawire.edge.static_files import NotBuiltError, built
from deltawire.identity.api_keys import new_key
from deltawire.process.workers import bind_for
from deltawire.run import configure_logs, migrate_database, prepare_database, serve_by_workers, serve_here

log = structlog.get_logger("deltawire")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="deltawire",
        description="Deltawire, a realtime chat server for Gemini. It is set up by its environment.",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"deltawire {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve until told to stop; what happens without a command, too")
    commands.add_parser("migrate", help="bring the database up to date, and stop")
    key = commands.add_parser("key", help="make a key for somebody, for API_KEYS, and stop")
    key.add_argument("name", help="whose it is: 1 to 64 of A-Z a-z 0-9 . _ @ -")
    given = parser.parse_args(arguments)
    if given.command == "key":
        return _make_key(given.name)
    try:
        settings = load()
        configure_logs(settings)
        if given.command == "migrate":
            return migrate_database(settings)
        built()
        prepare_database(settings)
    except (SettingsError, SchemaError, NotBuiltError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for name, nearest in unknown_names(os.environ):
        log.warning("unknown setting", name=name, nearest=nearest)
    try:
        listeners = bind_for(settings.workers, settings.host, settings.port)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0].lower()
        sys.stderr.write(f"{PREFIX}HOST, {PREFIX}PORT: cannot listen on {settings.host}:{settings.port}: {reason}\n")
        return 1
    return serve_here(settings, listeners[0]) if settings.workers == 1 else serve_by_workers(settings, listeners)


def _make_key(name: str) -> int:
    try:
        key, line = new_key(name)
    except ValueError as error:
        sys.stderr.write(f"key: got {name[:100]!r}; {error}\n")
        return 2
    sys.stderr.write(f"The key, which is shown only now, and its pair for {PREFIX}API_KEYS or {PREFIX}API_KEYS_FILE:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{key}\n{line}\n")
    return 0


def _settings_help() -> str:
    lines = ["settings (environment variables):"]
    for name, default, takes, purpose in describe():
        lines.append(f"  {name}{f' = {default}' if default else ''}")
        lines.append(f"      {purpose} ({takes})")
    lines += [
        "",
        "The upstream is set up by google-genai's own variables: GEMINI_API_KEY or GOOGLE_API_KEY,",
        "GOOGLE_GEMINI_BASE_URL, and for Vertex AI GOOGLE_GENAI_USE_VERTEXAI, GOOGLE_CLOUD_PROJECT and",
        "GOOGLE_CLOUD_LOCATION. Without a key the server answers with a stand-in that says so.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
