"""A real S3 server for the tests, over real HTTP: moto's, from a wheel."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.request import Request, urlopen
from xml.etree import ElementTree as ET

import pytest
from moto.server import ThreadedMotoServer

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Bucket(NamedTuple):
    """A bucket of a server."""

    server: str
    name: str

    @property
    def url(self) -> str:
        """The value for FILES_URL."""
        return f"s3://{self.name}/files"

    def keys(self) -> list[str]:
        """The objects in it, and its unfinished ones."""
        return [*self._listed("?list-type=2", "Contents"), *self._listed("?uploads", "Upload")]

    def empty(self) -> None:
        """Delete the objects in it."""
        for key in self._listed("?list-type=2", "Contents"):
            urlopen(Request(f"{self.server}/{self.name}/{key}", method="DELETE")).close()

    def _listed(self, query: str, kind: str) -> list[str]:
        with urlopen(f"{self.server}/{self.name}{query}") as response:
            tree = ET.fromstring(response.read())
        return [entry.findtext(f"{_NAMESPACE}Key") or "" for entry in tree.iter(f"{_NAMESPACE}{kind}")]


@contextmanager
def s3_bucket(name: str = "deltawire") -> Iterator[Bucket]:
    """A server with an empty bucket, whose address and keys the environment has meanwhile."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AWS_ENDPOINT_URL", address)
            environment.setenv("AWS_REGION", "us-east-1")
            environment.setenv("AWS_ACCESS_KEY_ID", "tests")
            environment.setenv("AWS_SECRET_ACCESS_KEY", "tests")
            urlopen(Request(f"{address}/moto-api/reset", method="POST")).close()  # all servers share what they hold
            urlopen(Request(f"{address}/{name}", method="PUT")).close()
            yield Bucket(address, name)
    finally:
        server.stop()
