"""Each secret is exchanged without a gap, as docs/guide/operate.md says; its SQL and commands are run as they are."""

import asyncio
import re
import secrets
import shlex
import signal
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError
from support.client import connected
from support.conversations import conversations_of
from support.identity import SECRET, payload
from support.paths import DOCS
from support.postgres import fresh_database
from support.process import ServerProcess, running_over
from support.redis import RedisServer, redis_server
from support.scrape import scrape
from support.transports import ask_rest, post
from support.upstream import Upstream

from deltawire.config.settings import Settings
from deltawire.conversations.migrate import migrate
from deltawire.identity.api_keys import new_key

OPERATE = (DOCS / "guide" / "operate.md").read_text()
NEW_LOGIN, END_OLD_LOGIN = re.findall(r"^```sql\n(.*?)^```", OPERATE, re.MULTILINE | re.DOTALL)
ADD_PASSWORD, REMOVE_PASSWORD = re.findall(r"^```acl\n(.*?)^```", OPERATE, re.MULTILINE | re.DOTALL)
ADD_USER = re.findall(r"^ +valkey-cli (.*)$", (DOCS / "guide" / "run-for-others.md").read_text(), re.MULTILINE)
QUESTION = b'{"message": "hi"}'


async def status(server: ServerProcess, token: str) -> int:
    return (await post(server.address, "/chat", QUESTION, Authorization=f"Bearer {token}"))[0]


async def test_a_callers_key(upstream: Upstream, tmp_path: Path) -> None:
    (old, old_pair), (new, new_pair) = new_key("alice"), new_key("alice")
    file = tmp_path / "keys"
    file.write_text(f"{old_pair}\n")
    async with running_over(upstream, api_keys_file=str(file)) as server:
        assert [await status(server, key) for key in (old, new)] == [200, 401]
        file.write_text(f"{old_pair}\n{new_pair}\n")
        while await status(server, new) != 200:
            assert await status(server, old) == 200
        file.write_text(f"{new_pair}\n")
        while await status(server, old) != 401:
            assert await status(server, new) == 200
        assert {turn["caller"] for turn in server.turns} == {"key:alice"}


async def test_the_secret_of_tokens_and_the_token_of_the_metrics(upstream: Upstream) -> None:
    new = "the new secret, which is long enough, too"
    of_old, of_new = [jwt.encode(payload(), secret, algorithm="HS256") for secret in (SECRET, new)]
    before = {"jwt_secret": SECRET, "metrics_token": "old"}
    during = {"jwt_secret": new, "jwt_secret_before": SECRET, "metrics_token": "new", "metrics_token_before": "old"}
    after = {"jwt_secret": new, "metrics_token": "new"}
    for settings, accepted in ((before, [200, 401]), (during, [200, 200]), (after, [401, 200])):
        async with running_over(upstream, **settings) as server:
            assert [await status(server, token) for token in (of_old, of_new)] == accepted
            assert (await scrape(server.address, Authorization=f"Bearer {settings['metrics_token']}")).names
            assert SECRET not in server.output
            assert new not in server.output


async def test_the_login_of_the_database(upstream: Upstream, postgresql: str) -> None:
    role = f"deltawire_{secrets.token_hex(4)}"
    async with fresh_database(postgresql) as url:
        owner = await asyncpg.connect(url)
        await owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'the old one'")
        await owner.execute(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO {role}")
        await owner.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
        old, new = [url.replace("//postgres@", f"//{login}@") for login in (role, f"{role}_2")]
        await migrate(Settings(database_url=old).database)
        async with running_over(upstream, database_url=old) as first:
            async with conversations_of(first.address) as client:
                conversation = await client.create()
            await owner.execute(NEW_LOGIN.replace("deltawire", role))
            await migrate(Settings(database_url=new).database)
            async with running_over(upstream, database_url=new) as second:
                for server in (first, second):
                    assert (await ask_rest(server.address, conversation=conversation))[-1]["type"] == "usage"
                assert await first.stop(signal.SIGTERM) == 0
                await owner.execute(END_OLD_LOGIN.replace("deltawire", role))
                async with conversations_of(second.address) as client:
                    assert await client.is_ready()
                    assert len(await client.messages(conversation)) == 4
                assert await second.stop(signal.SIGTERM) == 0
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(old)
        await owner.execute(f"DROP OWNED BY {role}; ALTER DATABASE {url.rpartition('/')[2]} OWNER TO postgres")
        await owner.execute(f"DROP ROLE {role}_2; DROP ROLE {role}")
        await owner.close()


async def run_in_valkey(client: Any, commands: str) -> None:
    """Run commands of the page, each a line."""
    for line in commands.replace("deltawire", "rotated").splitlines():
        assert await client.execute_command(*line.split()) in (True, "OK")


async def test_the_password_of_valkey_is_exchanged_and_outlives_its_restart(upstream: Upstream, free_port: int) -> None:
    async with redis_server(free_port) as redis:
        await exchange_the_password(upstream, redis)


async def exchange_the_password(upstream: Upstream, redis: RedisServer) -> None:
    rules = {"turns_per_minute": "50", "turns_at_once": "5"}
    urls = {word: redis.url.replace("redis://", f"redis://rotated:{word}@") for word in ("the-old-one", "the-new-one")}
    async with redis.client() as owner:
        await owner.execute_command("ACL", "SETUSER", "rotated", "reset", "on", "~*", "+@all", ">the-old-one")
        async with running_over(upstream, redis_url=urls["the-old-one"], **rules) as first:
            async with connected(first.address) as client:
                assert (await client.ask())[-1]["type"] == "usage"
                await run_in_valkey(owner, ADD_PASSWORD)
                async with running_over(upstream, redis_url=urls["the-new-one"], **rules) as second:
                    for address in (first.address, second.address):
                        assert (await ask_rest(address))[-1]["type"] == "usage"
                    assert await first.stop(signal.SIGTERM) == 0
                    await run_in_valkey(owner, REMOVE_PASSWORD)
                    assert (await ask_rest(second.address))[-1]["type"] == "usage"
                    await redis.kill()
                    await redis.start()
                    await ready(second)
                    assert (await ask_rest(second.address))[-1]["type"] == "usage"
                    assert await second.stop(signal.SIGTERM) == 0
    assert not await is_let_in(urls["the-old-one"])


async def is_let_in(url: str) -> bool:
    client: Any
    async with Redis.from_url(url) as client:
        try:
            return bool(await client.execute_command("PING"))
        except AuthenticationError:
            return False


async def ready(server: ServerProcess) -> None:
    """Wait until the server has found its stores again."""
    async with asyncio.timeout(30), conversations_of(server.address) as client:
        while not await client.is_ready():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def test_the_user_that_the_guide_adds_to_valkey_outlives_its_restart(upstream: Upstream, free_port: int) -> None:
    async with redis_server(free_port) as redis:
        async with redis.client() as owner:
            for command in ADD_USER:
                assert await owner.execute_command(*shlex.split(command, comments=True)) in (True, "OK")
        await redis.kill()
        await redis.start()
        url = redis.url.replace("redis://", "redis://deltawire:SECRET@")
        async with running_over(upstream, redis_url=url, turns_per_minute="50") as server:
            assert (await ask_rest(server.address))[-1]["type"] == "usage"
