"""The object store: a folder, S3, Google Cloud Storage or Azure behind one narrow interface.

Keys are made by this server. An object is there whole or not at all: a write that fails, or whose task is cancelled,
leaves none. Faults become failures of the error table; a store's own words may name its address, so nobody sees them.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from deltawire.protocol.errors import Failure

READ_BYTES: Final = 2**20
"""An object is read in ranges of this size: no connection to the store waits for a client that reads slowly."""
_LOCAL_PART_BYTES: Final = 2**18
_REMOTE_PART_BYTES: Final = 5 * 2**20
"""The smallest part that S3 takes."""
_RETRYING: Final = {"max_retries": 2, "retry_timeout": timedelta(seconds=15)}
_CLIENT: Final = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=30), "allow_http": True}
"""An operator may name an `http` endpoint of a store in the same network; without one, all are `https`."""
_full = re.compile(r"no space left|quota ?exceeded|storage ?full|os error (?:28|122)\b|disk full", re.IGNORECASE)


class Objects:
    """The objects of one store."""

    def __init__(self, url: str | None) -> None:
        """Open the store at `file:///...`, `s3://...`, `gs://...` or `az://...`; raise `ValueError` for another URL.

        Nothing is connected before it is used. Credentials come from the variables of each provider. Without a URL
        there is no store, and every use of it fails.
        """
        parts = urlsplit(url or "file:")
        self.is_local = parts.scheme == "file"
        self.url = url or ""
        self.part_bytes = _LOCAL_PART_BYTES if self.is_local else _REMOTE_PART_BYTES
        """Bytes of an object that a write holds in memory, and as many again while they are sent."""
        self._folder: Path | None = None
        self._opened: Any = None
        if url is None:
            return
        if self.is_local:
            self._folder = Path(unquote(parts.path))
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._opened = LocalStore(self._folder, automatic_cleanup=True)
            return
        if parts.scheme not in ("s3", "gs", "az") or not parts.netloc:
            raise ValueError(f"no object store: {parts.scheme}")
        try:
            self._opened = from_url(url, client_options=cast("Any", _CLIENT), retry_config=cast("Any", _RETRYING))
        except BaseError as error:
            raise ValueError(_reason_of(error)) from None

    @property
    def _store(self) -> Any:
        if self._opened is None:
            raise Failure("store_unavailable", "This server has no place for files; see FILES_URL.", cause="no store")
        return self._opened

    def address_of(self, key: str) -> str | None:
        """Return the `gs://` address of an object, where it has one: Vertex reads it from there."""
        return f"{self.url.rstrip('/')}/{key}" if self.url.startswith("gs://") else None

    async def put(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Write an object of these pieces. An exception of theirs is raised, and no object is left.

        A piece is read only when the store has accepted those before it.
        """
        try:
            with _store_faults_raised():
                await obstore.put_async(self._store, key, pieces, chunk_size=self.part_bytes, max_concurrency=1)
        except FileNotFoundError:
            raise _away("the bucket or the folder is missing") from None

    async def read(self, key: str, size: int, start: int = 0) -> AsyncIterator[bytes]:
        """Yield the bytes of an object of this size, from `start` on. Raise `Failure` when they cannot be had."""
        while start < size:
            end = min(start + READ_BYTES, size)
            with _store_faults_raised():
                piece = bytes(await obstore.get_range_async(self._store, key, start=start, end=end))
            if not piece:
                raise Failure("store_unavailable", cause="an object is shorter than it was")
            start += len(piece)
            yield piece

    async def has(self, key: str, size: int) -> bool:
        """Return whether an object is there, with this size."""
        try:
            with _store_faults_raised():
                found = await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        return found["size"] == size

    async def delete(self, key: str) -> None:
        """Remove an object, if it still exists."""
        try:
            with _store_faults_raised():
                await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            if self._folder is not None:  # a crash leaves the parts of an unfinished object beside its path
                await asyncio.to_thread(_remove_parts, self._folder / key)

    async def check(self) -> None:
        """Raise `Failure` when the store does not answer."""
        with _store_faults_raised():
            await obstore.list_with_delimiter_async(self._store, "probe")


def _remove_parts(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}#*"):
        part.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


@contextmanager
def _store_faults_raised() -> Iterator[None]:
    """Raise `Failure` for a fault of the store: `storage_full`, or `store_unavailable`."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        if _full.search(str(error)):
            raise Failure("storage_full", "There is no more room for files.", cause=type(error).__name__) from None
        raise _away(type(error).__name__) from None


def _away(cause: str) -> Failure:
    message = "The files cannot be reached at the moment; try again."
    return Failure("store_unavailable", message, cause=f"files: {cause}")


def _reason_of(error: BaseError) -> str:
    """Return the cause of a store that cannot be opened, without the details: they may quote credentials."""
    return str(error).partition(" error: ")[2].partition("\n")[0].partition(": ")[0] or type(error).__name__
