"""Build a release and check it: `make release VERSION=1.2.3`.

Writes the version into pyproject.toml and its section into CHANGELOG.md, builds the wheel and the source distribution
into `dist/`, checks both, and prints what is left for a person. Whatever fails leaves both files as they were.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DIST: Final = ROOT / "dist"
KINDS: Final = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""The headings that a version's section may have."""
VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
WRITTEN_BY_THE_BUILD: Final = {"PKG-INFO"}

LEFT_TO_DO: Final = """
Deltawire {version} is in dist/, and nothing has left this machine. Now:

  1. read `git diff`, then: git commit --all --message "Release {version}"
  2. git tag --annotate v{version} --message "Deltawire {version}"
  3. git push --follow-tags
  4. {python} -m twine upload {files}
  5. publish the notes: the section {version} of CHANGELOG.md
"""


class CannotReleaseError(Exception):
    """A release stops; the message says why."""


def main() -> None:
    """Release the version that the command line names."""
    parser = argparse.ArgumentParser(description="Build and check a release.")
    parser.add_argument("version", help="as in 1.2.3")
    version = parser.parse_args().version
    try:
        files = release(version)
    except CannotReleaseError as error:
        sys.exit(f"no release: {error}")
    names = " ".join(str(file.relative_to(ROOT)) for file in files)
    sys.stdout.write(LEFT_TO_DO.format(version=version, python=os.path.relpath(sys.executable, ROOT), files=names))


def release(version: str) -> list[Path]:
    """Write, build and check this version; return the files to upload."""
    if not VERSION.fullmatch(version):
        raise CannotReleaseError(f"{version!r} is no version such as 1.2.3")
    if changes := _output("git", "status", "--porcelain"):
        raise CannotReleaseError(f"the tree has changes that are not committed:\n{changes}")
    with _restored_on_failure(ROOT / "CHANGELOG.md", ROOT / "pyproject.toml") as (changelog, project):
        changelog.write_text(with_section(changelog.read_text(), version, datetime.now(UTC).date().isoformat()))
        project.write_text(with_version(project.read_text(), version))
        shutil.rmtree(DIST, ignore_errors=True)
        _run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--target", "wheel")
        wheel, sdist = DIST / f"deltawire-{version}-py3-none-any.whl", DIST / f"deltawire-{version}.tar.gz"
        _run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
        _check_sdist(sdist, wheel)
        os.environ["WHEEL"] = str(wheel)
        _run(sys.executable, "-m", "pytest", "tests/e2e/test_wheel.py")
    return [wheel, sdist]


def with_section(changelog: str, version: str, date: str) -> str:
    """The CHANGELOG with what is under Unreleased moved into the section of this version."""
    before, heading, after = changelog.partition("## Unreleased\n")
    if not heading:
        raise CannotReleaseError("CHANGELOG.md has no section `## Unreleased`")
    news, next_section, released = after.partition("\n## ")
    if "\n- " not in news:
        raise CannotReleaseError("CHANGELOG.md tells nothing under Unreleased")
    if unknown := set(re.findall(r"^### (.*)$", news, re.MULTILINE)) - set(KINDS):
        raise CannotReleaseError(f"CHANGELOG.md has {sorted(unknown)} under Unreleased; it may have {', '.join(KINDS)}")
    if (newest := VERSION.match(released)) and numbers(version) <= numbers(newest.group()):
        raise CannotReleaseError(f"{version} does not come after {newest.group()}, the newest in CHANGELOG.md")
    return f"{before}{heading}\n## {version} - {date}\n{news}{next_section}{released}"


def with_version(project: str, version: str) -> str:
    """The text of pyproject.toml with this version."""
    return re.sub(r'^version = ".*"$', f'version = "{version}"', project, count=1, flags=re.MULTILINE)


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, to compare it."""
    return tuple(map(int, version.split(".")))


def _check_sdist(sdist: Path, wheel: Path) -> None:
    """Refuse a source distribution that holds more than the repository, or makes another wheel."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        [unpacked] = Path(folder).iterdir()
        held = {file.relative_to(unpacked).as_posix() for file in unpacked.rglob("*") if file.is_file()}
        tracked = set(_output("git", "ls-files").splitlines())
        if unexpected := held - tracked - WRITTEN_BY_THE_BUILD:
            raise CannotReleaseError(f"{sdist.name} holds what is not in the repository: {sorted(unexpected)}")
        # The page that is built here serves there too, when hatch_build.py finds it made from the very same sources.
        for built in ("web/dist", "web/node_modules/.page-digest"):
            copy = shutil.copytree if (ROOT / built).is_dir() else shutil.copy
            Path(unpacked, built).parent.mkdir(exist_ok=True)
            copy(ROOT / built, unpacked / built)
        _run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, folder=unpacked)
        if different := _names(Path(folder, wheel.name)) ^ _names(wheel):
            raise CannotReleaseError(f"{sdist.name} makes another wheel; they differ in {sorted(different)}")


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@contextmanager
def _restored_on_failure(*files: Path) -> Iterator[tuple[Path, ...]]:
    before = [file.read_text() for file in files]
    try:
        yield files
    except BaseException:
        for file, text in zip(files, before, strict=True):
            file.write_text(text)
        raise


def _run(*command: str, folder: Path = ROOT) -> None:
    """Run a command, which says itself what goes wrong."""
    if subprocess.run(command, cwd=folder, check=False).returncode != 0:
        raise CannotReleaseError(f"`{' '.join(command[1:])}` failed")


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
