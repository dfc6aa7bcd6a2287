"""A wrong address of a server of one's own is one sentence that names the setting."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from infra.servers.embedded import Running, start_postgres, start_valkey
from infra.servers.external import check_postgres, check_redis
from infra.supervising.errors import StartError
from shared.platform.config import Settings


@pytest.fixture
def server(settings: Settings) -> Iterator[Running]:
    with start_postgres(settings, durable=False, keep=False) as running:
        yield running


async def refused(url: str, timeout_s: float = 5) -> str:
    with pytest.raises(StartError) as raised:
        await check_postgres(url, timeout_s=timeout_s)
    return one_sentence(str(raised.value))


def refused_redis(url: str, timeout_s: float = 5) -> str:
    with pytest.raises(StartError) as raised:
        check_redis(url, timeout_s=timeout_s)
    return one_sentence(str(raised.value))


def one_sentence(text: str) -> str:
    assert "\n" not in text
    assert text.endswith(".")
    assert "TENURE_" in text
    assert "sesame" not in text
    return text


async def test_a_good_postgres_passes_and_each_wrong_one_is_told_apart(server: Running):
    await check_postgres(server.dsn)

    parts = urlsplit(server.dsn)
    password = parts.password or ""
    assert "refuses the user 'tenure'" in await refused(server.dsn.replace(password, "sesame"))
    assert "refuses the user 'me'" in await refused(server.dsn.replace("//tenure:", "//me:"))
    assert "no database 'other'" in await refused(server.dsn.removesuffix("tenure") + "other")

    conn = await asyncpg.connect(server.dsn)
    await conn.execute("CREATE ROLE weak LOGIN PASSWORD 'sesame'")
    await conn.close()
    weak = f"postgresql://weak:sesame@{parts.hostname}:{parts.port}/tenure"
    assert "may not make roles and schemas" in await refused(weak)


async def test_no_postgres_at_the_address(settings: Settings):
    nothing = f"postgresql://me:sesame@127.0.0.1:{settings.port}/tenure"
    assert "nothing listens there" in await refused(nothing)
    unknown = "postgresql://me:sesame@no-such-host.invalid/tenure"
    assert "no host of that name" in await refused(unknown)


async def test_a_port_where_something_else_answers(settings: Settings):
    with start_valkey(settings):
        url = f"postgresql://me:sesame@127.0.0.1:{settings.valkey_port}/tenure"
        assert "No PostgreSQL can be used" in await refused(url, timeout_s=0.5)


def test_a_good_redis_passes_and_each_wrong_one_is_told_apart(settings: Settings):
    with start_valkey(settings) as valkey:
        check_redis(valkey.dsn)
        password = settings.derived("valkey")
        assert "refuses" in refused_redis(valkey.dsn.replace(password, "sesame"))
        assert "refuses" in refused_redis(valkey.dsn.replace(f":{password}@", ""))
    assert "nothing listens there" in refused_redis(valkey.dsn)


def test_a_silent_port_is_given_up_after_a_while(settings: Settings):
    with socket.create_server(("127.0.0.1", settings.port)):
        message = refused_redis(f"redis://127.0.0.1:{settings.port}/0", timeout_s=0.2)
    assert "no answer within" in message
