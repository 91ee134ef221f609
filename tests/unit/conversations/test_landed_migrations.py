"""Migrations that have landed never change again: a database that ran one would not have what its revision says."""

from hashlib import sha256
from pathlib import Path

from deltawire.conversations import migrate
from deltawire.conversations.database import REVISIONS

VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"
LANDED = {
    "v0001_conversations.py": "84932a5614be28ffc99a16d53672022c37571fd661025950e1d05fb19a85a9f5",
    "v0002_usage.py": "94c227d78ff63ecad866017f75f2b0c2885f91ffbcd9db3dbf59c0dd297e2b9c",
    "v0003_sizes.py": "fd46a51a1ac2af578ff5eaca160a71b6d527fd2c971e7e061fc5282c81489eec",
    "v0004_parts.py": "49ec26544c719ba1df7f96edcad43c91a5584f61b35f69050321dec4604f249b",
    "v0005_files.py": "6110db014f77f95ad01b1d6e265f7d5eb2c6abc3932a1f1b01d0bdf247a77c84",
    "v0006_everyday.py": "6574a86b431547e4bf29aac30672bb9b706d0b402870746e056d2ad4b327796c",
    "v0007_requests.py": "ec4fe65e97db0e9871bac66ebbbdb867118b802032a0b3c09b1e89f3e9ded564",
    "v0008_modalities.py": "328b8c154cdf2889c05dacfc638692ebbf6e7e988916bbc357f87827bc7d6473",
}
"""The SHA-256 of each file. A new migration adds its line; no line is ever changed."""


def test_a_migration_that_has_landed_is_never_changed() -> None:
    digests = {file.name: sha256(file.read_bytes()).hexdigest() for file in VERSIONS.glob("v*.py")}
    assert digests == LANDED, "write a new migration instead"


def test_each_revision_has_one_migration() -> None:
    assert sorted(name[1:5] for name in LANDED) == list(REVISIONS)
