"""`make release`, in a copy of the repository."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT, WEB

COMMIT = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@localhost", "commit", "--quiet", "--all"]


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of its own that holds these files, with the page built."""
    folder = tmp_path / "repository"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    shutil.copytree(WEB / "dist", folder / "web" / "dist")
    (folder / "web" / "node_modules").mkdir()
    shutil.copy(WEB / "node_modules" / ".page-digest", folder / "web" / "node_modules")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    subprocess.run([*COMMIT, "--message", "All of it"], cwd=folder, check=True)


def released(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    """The end of `make release VERSION=...` there."""
    command = [sys.executable, "deploy/release.py", version]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.nightly
def test_a_release_is_built_and_checked_and_its_section_written(repository: Path) -> None:
    news = (repository / "CHANGELOG.md").read_text().partition("## Unreleased\n")[2]
    release = released(repository, "7.8.9")
    assert release.returncode == 0, release.stdout + release.stderr
    built = [f"deltawire-7.8.9{end}" for end in ("-py3-none-any.whl", ".tar.gz")]
    assert sorted(file.name for file in (repository / "dist").iterdir()) == built
    changelog = (repository / "CHANGELOG.md").read_text()
    assert re.search(r"^## Unreleased\n\n## 7\.8\.9 - \d{4}-\d\d-\d\d\n", changelog, re.MULTILINE)
    assert changelog.endswith(news)
    changed = git(repository, "diff", "--name-only").split()
    assert changed == ["CHANGELOG.md", "pyproject.toml"]
    assert 'version = "7.8.9"' in (repository / "pyproject.toml").read_text()
    assert "git tag --annotate v7.8.9" in release.stdout
    assert all(f"dist/{name}" in release.stdout for name in built)


def test_what_a_release_finds_wrong_leaves_everything_as_it_was(repository: Path) -> None:
    (repository / ".gitignore").write_text("dist/\nnode_modules/\n__pycache__/\n/server/notes.txt\n")
    project = (repository / "pyproject.toml").read_text()
    project = project.replace('exclude = ["web/dist"', 'artifacts = ["notes.txt"]\nexclude = ["web/dist"')
    (repository / "pyproject.toml").write_text(project)
    commit(repository)
    (repository / "server" / "notes.txt").write_text("mine")
    release = released(repository, "7.8.9")
    assert release.returncode == 1
    assert "deltawire-7.8.9.tar.gz holds what is not in the repository: ['server/notes.txt']" in release.stderr
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "version, changelog, why",
    [
        ("7.8", "## Unreleased\n\n- x\n", "'7.8' is no version such as 1.2.3"),
        ("v7.8.9", "## Unreleased\n\n- x\n", "'v7.8.9' is no version such as 1.2.3"),
        ("7.8.9", "## 7.8.8 - 2030-01-01\n\n- x\n", "CHANGELOG.md has no section `## Unreleased`"),
        ("7.8.9", "## Unreleased\n\n## 7.8.8 - 2030-01-01\n\n- x\n", "CHANGELOG.md tells nothing under Unreleased"),
        ("7.8.9", "## Unreleased\n\n### New\n\n- x\n", "CHANGELOG.md has ['New'] under Unreleased"),
        ("7.8.9", "## Unreleased\n\n- x\n\n## 7.10.0 - 2030-01-01\n", "7.8.9 does not come after 7.10.0"),
        ("7.8.9", "## Unreleased\n\n- x\n\n## 7.8.9 - 2030-01-01\n", "7.8.9 does not come after 7.8.9"),
    ],
)
def test_a_release_that_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, version: str, changelog: str, why: str
) -> None:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "release.py", tmp_path / "deploy")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    commit(tmp_path)
    release = released(tmp_path, version)
    assert (release.returncode, release.stdout) == (1, "")
    assert release.stderr.startswith(f"no release: {why}")
    assert git(tmp_path, "status", "--porcelain") == ""


def test_a_tree_with_changes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "release.py", tmp_path / "deploy")
    git(tmp_path, "init", "--quiet")
    release = released(tmp_path, "7.8.9")
    assert release.returncode == 1
    assert release.stderr.startswith("no release: the tree has changes that are not committed:\n?? deploy/")
