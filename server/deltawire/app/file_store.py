"""Build the store of files from the settings."""

import structlog

from deltawire.config.settings import PREFIX, Settings, SettingsError
from deltawire.conversations.database import Database
from deltawire.conversations.files.objects import Objects
from deltawire.conversations.files.schemas import FileBounds
from deltawire.conversations.files.store import FileStore

log = structlog.get_logger(__name__)


def make_files(settings: Settings, database: Database) -> FileStore:
    """Return the store of files; raise `SettingsError` where the one that is set cannot be opened.

    When nothing else needs a folder, the server also starts without one; then it accepts no files.
    """
    objects = open_objects(settings)
    if objects.url == "":
        log.warning("files: none are taken, there is no folder for them; set FILES_URL or DATA_DIR")
    bounds = FileBounds(
        file_bytes=settings.max_file_bytes,
        caller_bytes=settings.max_files_bytes_per_caller,
        history_bytes=settings.max_history_files_bytes,
        lifetime=settings.file_lifetime,
        kinds=frozenset(settings.file_types),
    )
    return FileStore(database, objects, bounds)


def open_objects(settings: Settings) -> Objects:
    """Return the store of objects; raise `SettingsError` where the one that is set cannot be opened."""
    try:
        return Objects(settings.files_url or settings.files_folder)
    except (ValueError, OSError) as error:
        if settings.files_url is None:
            return Objects(None)
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SettingsError([f"{PREFIX}FILES_URL: cannot open {settings.files_url}: {reason}"]) from None
