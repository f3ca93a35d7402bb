import shlex
import socket
import sqlite3
import time

import pytest

from evals.errors import ConfigError
from orchestrator.storage.address import Address
from orchestrator.tracking import store_address
from orchestrator.tracking.store_address import (
    check_answers,
    database_file,
    default_address,
    shell_word,
)


def test_a_server_that_does_not_answer_is_refused_within_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(store_address, "ANSWER_TIMEOUT_S", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(ConfigError, match="timed out"):
        check_answers(Address.of(f"http://127.0.0.1:{silent.getsockname()[1]}"))


def test_a_database_without_a_port_is_asked_at_its_usual_one(monkeypatch):
    asked = []

    def connect(address, timeout):
        asked.append(address)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ConfigError, match="refused"):
        check_answers(Address.of("postgresql+psycopg://me@127.0.0.1/mlflow"))
    assert asked == [("127.0.0.1", 5432)]


def test_a_database_file_that_cannot_be_opened_is_refused_at_once(tmp_path):
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "text.db").write_text("this is not a database" * 100, encoding="utf-8")
    clock = time.perf_counter()
    for name, reason in [("folder.db", "unable to open"), ("text.db", "not a database")]:
        with pytest.raises(ConfigError, match=f"tracking.uri must .*{name}.*{reason}"):
            check_answers(Address.of(f"sqlite:///{tmp_path}/{name}"))
    assert time.perf_counter() - clock < 2


def test_a_database_file_may_be_there_or_be_made(tmp_path):
    with sqlite3.connect(tmp_path / "there.db") as database:
        database.execute("CREATE TABLE t (x)")
    check_answers(Address.of(f"sqlite:///{tmp_path}/there.db"))
    check_answers(Address.of(f"sqlite:///{tmp_path}/new/to_be_made.db"))
    assert not (tmp_path / "new").exists()


def test_a_password_is_never_shown(tmp_path):
    with pytest.raises(ConfigError) as refused:
        check_answers(Address.of("postgresql://me:secret@127.0.0.1:1/mlflow"))
    assert "secret" not in str(refused.value)
    assert "me:***@" in str(refused.value)


@pytest.mark.parametrize("name", ["plain", "a b%20c?d#e'é"])
def test_a_database_may_lie_in_a_folder_of_any_name(tmp_path, name):
    from sqlalchemy.engine import make_url

    (tmp_path / name).mkdir()
    address = default_address(tmp_path / name)
    assert make_url(address.used).database == str(tmp_path / name / "mlflow.db")
    assert database_file(address.used) == tmp_path / name / "mlflow.db"
    check_answers(address)
    assert shlex.split(shell_word(address)) == [address.used]


def test_a_command_reads_the_password_from_the_environment_again():
    address = Address.of('http://me:${PW}@host/"x', {"PW": "hunter22"})
    assert shell_word(address) == '"http://me:${PW}@host/\\"x"'
    assert shell_word(Address.of("http://me:pw@host")) == "'http://me:***@host'"


def test_a_server_is_asked_with_user_and_password():
    request = store_address._health_page("http://me:hunter%2022@127.0.0.1:5000/base")
    assert request.full_url == "http://127.0.0.1:5000/base/health"
    assert request.get_header("Authorization") == "Basic bWU6aHVudGVyIDIy"
