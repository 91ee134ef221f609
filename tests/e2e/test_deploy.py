"""The image, compose.yaml and the systemd unit. The proxies have tests of their own."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
import yaml
from support.client import connected
from support.forked import ForkServer
from support.namespaces import as_process_1, may_be_process_1
from support.paths import ROOT
from support.process import forked, running

import hatch_build
from deltawire.config.environment import unknown_names
from deltawire.config.settings import Settings

DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNIT = (ROOT / "deploy" / "deltawire@.service").read_text()
TOOLS = Path(sys.executable).parent
GUIDE = ROOT / "docs" / "guide"


def output_of(*command: str | Path, **options: object) -> str:
    """Return the output of a command, which must succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout
    return str(done.stdout)


def test_the_linter_has_nothing_to_say_about_the_dockerfile() -> None:
    assert output_of(TOOLS / "hadolint", ROOT / "Dockerfile") == ""


def test_the_compose_file_is_one_by_its_specification() -> None:
    output_of(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "compose.yaml")


def test_no_container_of_the_compose_file_keeps_its_log_for_ever() -> None:
    for service in COMPOSE["services"].values():
        options = service["logging"]["options"]
        assert int(options["max-file"]) * int(options["max-size"].removesuffix("m")) <= 100


def test_what_a_container_writes_outlives_it() -> None:
    """`docker compose down` leaves no volume but those with a name."""
    folders = {"postgres": "/var/lib/postgresql", "valkey": "/data", "server": dict(steps(""))["VOLUME"][0]}
    for service, folder in folders.items():
        [(name, mounted)] = [volume.split(":") for volume in COMPOSE["services"][service]["volumes"]]
        assert name in COMPOSE["volumes"]
        assert mounted == folder


def number_in(pattern: str, *path: str) -> int:
    """The one number that a file has at this place."""
    [found] = set(re.findall(pattern, (ROOT / Path(*path)).read_text(), re.MULTILINE))
    return int(found)


def test_the_default_drain_covers_every_turn_that_the_defaults_allow() -> None:
    defaults = Settings()
    assert defaults.drain_timeout is None
    assert defaults.drain_seconds >= defaults.turn_timeout + defaults.store_timeout + defaults.send_timeout
    longer = Settings(turn_timeout=900.0)
    assert longer.drain_seconds - defaults.drain_seconds == 900.0 - defaults.turn_timeout


def test_whoever_stops_the_server_waits_for_the_drain_and_the_docs_say_how_long() -> None:
    longest_stop = Settings().longest_stop
    grace_periods = [
        int(COMPOSE["services"]["server"]["stop_grace_period"].removesuffix("s")),
        number_in(r"^TimeoutStopSec=(\d+)$", "deploy", "deltawire@.service"),
        number_in(r"terminationGracePeriodSeconds: (\d+)", "docs", "guide", "run-for-others.md"),
        number_in(r"docker (?:run --stop-timeout|stop --time) (\d+)", "Dockerfile"),
    ]
    assert len(set(grace_periods)) == 1
    assert min(grace_periods) > longest_stop
    page = (GUIDE / "operate.md").read_text()
    rows = re.findall(r"^\| (?:systemd|Docker Compose|Docker|Kubernetes) \|.*\| (\d+)s? \|$", page, re.MULTILINE)
    assert list(map(int, rows)) == grace_periods
    assert f"{longest_stop:g} s by default" in " ".join(page.split())


def test_the_proxies_wait_for_the_longest_answer() -> None:
    defaults = Settings()
    longest_answer = defaults.turn_timeout + defaults.store_timeout
    in_conf = number_in(r"proxy_read_timeout (\d+)s;   # longer than TURN_TIMEOUT", "deploy", "nginx.conf")
    assert in_conf > longest_answer
    assert number_in(r"stream_close_delay (\d+)m", "deploy", "Caddyfile") * 60 > longest_answer
    assert number_in(r"worker_shutdown_timeout (\d+)m", "docs", "guide", "upgrade.md") * 60 > longest_answer
    assert number_in(r"at least (\d+) s", "docs", "guide", "run-for-others.md") == in_conf


def test_they_name_settings_that_there_are() -> None:
    texts = [(ROOT / name).read_text() for name in ("Dockerfile", "compose.yaml", ".env.example")]
    named = {name: "" for text in [*texts, UNIT] for name in re.findall(r"\bDELTAWIRE_\w+", text)}
    assert named
    assert list(unknown_names(named)) == []


def test_no_secret_is_in_what_is_committed() -> None:
    values = [value for service in COMPOSE["services"].values() for value in service.get("environment", {}).items()]
    secret = [value for name, value in values if re.search(r"PASSWORD|DATABASE_URL|KEY", name)]
    assert secret
    assert all("${POSTGRES_PASSWORD:?" in value for value in secret)
    assert re.findall(r"^\w*(?:KEY|PASSWORD)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE) == ["", ""]
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def steps(stage: str) -> Iterator[tuple[str, list[str]]]:
    """The instructions of a stage of the Dockerfile, each with its words."""
    [body] = re.findall(rf"^FROM \S+{stage}\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    for line in body.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest.split()


def copy_as_the_image_does(to: Path) -> None:
    """The files of the context that the stage `wheel` takes: those that .dockerignore leaves in it."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    for name, words in steps(" AS wheel"):
        if name == "COPY" and not words[0].startswith("--from"):
            *sources, into = words
            for source in sources:
                assert source in allowed, f".dockerignore leaves {source} out"
                if (ROOT / source).is_dir():
                    ignored = shutil.ignore_patterns("node_modules", "dist", "__pycache__")
                    shutil.copytree(ROOT / source, to / into, ignore=ignored)
                else:
                    shutil.copy(ROOT / source, to / into)


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """The image's /opt/deltawire, made by the very steps of its stage `wheel`, where anybody may read it.

    The packages of stage `packages` are those of this environment, and the page is not built again.
    """
    with tempfile.TemporaryDirectory(prefix="image-", ignore_cleanup_errors=True) as folder:
        build, image = Path(folder, "build"), Path(folder, "deltawire")
        build.mkdir()
        take_the_page(build)
        output_of(sys.executable, "-m", "venv", "--without-pip", image)
        [packages] = image.glob("lib/python*/site-packages")
        (packages / "here.pth").write_text(sysconfig.get_path("purelib"))
        for name, words in steps(" AS wheel"):
            if name == "RUN" and "--require-hashes" not in words:  # what it is built with is here
                command = " ".join(words).replace("/opt/deltawire", str(image))
                output_of("sh", "-euc", command, cwd=build, env=os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"})
        shutil.copy(ROOT / "deploy" / "healthcheck.py", image)
        output_of("chmod", "--recursive", "a-w,a+rX", image)
        output_of("chmod", "755", folder)
        assert subprocess.run([*without_privileges(), "test", "-w", image], check=False).returncode == 1
        yield image


def take_the_page(build: Path) -> None:
    """Copy what the image is made of, with a page that is built already."""
    copy_as_the_image_does(build)
    assert hatch_build.digest_of(build / "web") == hatch_build.digest_of(ROOT / "web")
    shutil.copytree(ROOT / "web" / "dist", build / "web" / "dist")
    mark = Path("web", "node_modules", ".page-digest")
    (build / mark).parent.mkdir()
    shutil.copy(ROOT / mark, build / mark)


def without_privileges() -> list[str]:
    """Return the words that root, who may write anywhere, puts before a command to be like anybody else."""
    return ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"] if os.getuid() == 0 else []


def entry_of(image: Path) -> str:
    """The program that the image starts."""
    [entry] = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    [name] = json.loads(entry)
    assert "PATH=/opt/deltawire/bin:$PATH" in dict(steps(""))["ENV"]
    return str(image / "bin" / name)


async def test_the_image_runs_from_a_read_only_folder_and_drains(image: Path, tmp_path: Path, free_port: int) -> None:
    [healthcheck] = re.findall(r"^HEALTHCHECK .*CMD (.*)$", DOCKERFILE, re.MULTILINE)
    assert dict(steps(""))["WORKDIR"] == ["/opt/deltawire"]
    command = [*without_privileges(), "env", "-C", str(image), entry_of(image)]
    port = {"DELTAWIRE_PORT": "", "PORT": str(free_port)}
    async with running(*command, **port, DELTAWIRE_DATA_DIR=str(tmp_path / "data"), PYTHONPATH="") as server:
        await server.ready()
        _, health = json.loads(healthcheck)
        check = [sys.executable, health.replace("/opt/deltawire", str(image))]
        output_of(*check, env={"PORT": str(free_port), "HTTP_PROXY": "http://127.0.0.1:1"})
        async with aiohttp.ClientSession() as session, session.get(f"http://{server.address}/") as page:
            assert '<div id="page">' in await page.text()
        async with connected(server.address) as client:
            assert (await client.ask())[-1]["type"] == "usage"
        assert await server.stop(signal.SIGTERM) == 0
        assert server.drained == (0, 0, 0)


# It may read what is root's, for the interpreter may be in there, and write nothing.
reads = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
as_anybody = ["setpriv", "--reuid=54321", "--regid=0", "--clear-groups", *reads]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to be somebody else")
async def test_the_image_runs_as_any_user_of_group_0(image: Path, free_port: int) -> None:
    [data] = re.findall(r"install --directory (.*) /data", DOCKERFILE)
    with tempfile.TemporaryDirectory() as folder:
        output_of("chmod", "755", folder)
        output_of("install", "--directory", *data.replace("deltawire", "10001").split(), f"{folder}/data")
        command = [*as_anybody, "env", "--unset=HOME", entry_of(image)]
        environment = {"DELTAWIRE_DATA_DIR": f"{folder}/data", "DELTAWIRE_PORT": str(free_port)}
        async with running(*command, **environment) as server:
            await server.ready()
            async with connected(server.address) as client:
                assert (await client.ask())[-1]["type"] == "usage"


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to be somebody else")
def test_a_user_without_a_home_is_told_of_the_setting() -> None:
    command = [*as_anybody, "env", "-i", sys.executable, "-m", "deltawire"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "DELTAWIRE_DATA_DIR: is not set, and this user has no home; takes a folder\n"


def stop_children(pid: int) -> None:
    """Tell the children of a process to stop, if there are any and they are there."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)


@may_be_process_1
async def test_process_1_hears_a_stop_before_it_has_started() -> None:
    async with running(*as_process_1, sys.executable, "-m", "deltawire") as server:
        while server.process.returncode is None:
            stop_children(server.process.pid)
            await asyncio.sleep(0.01)
        assert await server.wait() == 128 + signal.SIGTERM
        assert server.output == ""


WITHOUT_WRITING = """
mount -t tmpfs tmpfs "$DELTAWIRE_DATA_DIR" && "$0" -m deltawire migrate > /dev/null || exit 3
mount -o remount,ro "$DELTAWIRE_DATA_DIR" && exec "$0" -m deltawire
"""


@may_be_process_1
def test_a_disk_that_is_read_only_is_named_as_such(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", WITHOUT_WRITING, sys.executable],
        env={"PATH": os.environ["PATH"], "DELTAWIRE_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"DELTAWIRE_DATA_DIR: cannot keep conversations in {tmp_path}: ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::1]", "127.0.0.2", "localhost"])
async def test_the_healthcheck_asks_where_the_server_listens(
    fork_server: ForkServer, host: str, free_port: int
) -> None:
    settings = {"DELTAWIRE_HOST": host, "DELTAWIRE_ALLOW_ANONYMOUS": "true", "PORT": str(free_port)}
    kubernetes = {"DELTAWIRE_PORT": "tcp://10.96.7.8:80"}
    async with forked(fork_server, **settings, **kubernetes) as server:
        await server.ready()
        output_of(sys.executable, ROOT / "deploy" / "healthcheck.py", env=settings | kubernetes)


def test_the_healthcheck_fails_where_nobody_listens(free_port: int) -> None:
    check: list[str | Path] = [sys.executable, ROOT / "deploy" / "healthcheck.py"]
    done = subprocess.run(check, env={"PORT": str(free_port)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "refused" in done.stderr


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit of a port, with a program that is here."""
    unit = tmp_path / "deltawire@8001.service"
    assert "ExecStart=/opt/deltawire/bin/deltawire\n" in UNIT
    unit.write_text(UNIT.replace("/opt/deltawire/bin/deltawire", sys.executable))
    return unit


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    assert output_of("systemd-analyze", "verify", unit) == ""


@needs_systemd
def test_the_unit_leaves_the_server_little_to_do_harm_with(unit: Path) -> None:
    """Out of 10; a unit without a word about it has 9.6."""
    output_of("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
