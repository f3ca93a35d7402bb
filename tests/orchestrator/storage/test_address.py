"""An address is used with its secrets, and written without them."""

import pytest

from evals.errors import ConfigError
from orchestrator.storage.address import Address

HAS = {"PW": "hunter22", "STORE": "s3://bucket/x", "HOST": "server.example.org"}


def test_names_are_read_from_the_environment_and_stay_in_what_is_written() -> None:
    address = Address.of("postgresql://me:${PW}@${HOST}/db", HAS)
    assert address.used == "postgresql://me:hunter22@server.example.org/db"
    assert str(address) == address.shown == "postgresql://me:${PW}@${HOST}/db"
    assert "hunter22" not in repr(address)
    assert not address.is_plain
    address.check("tracking.uri")


def test_what_libraries_say_is_cleaned() -> None:
    address = Address.of("http://me:${PW}@host", HAS)
    said = "HTTPConnectionPool: Authorization bWU6aHVudGVyMjI= of http://me:hunter22@host, hunter22"
    assert address.cleaned(said) == (
        "HTTPConnectionPool: Authorization *** of http://me:***@host, ***"
    )


def test_a_name_that_is_not_set_is_refused_with_key_name_and_cure() -> None:
    with pytest.raises(ConfigError, match=r"tracking.uri must .* without NO there; set NO"):
        Address.of("http://me:${NO}@host", HAS).check("tracking.uri")


def test_two_dollars_stand_for_the_text_itself() -> None:
    address = Address.of("http://host/$${PW}", HAS)
    assert (address.used, address.shown) == ("http://host/${PW}", "http://host/$${PW}")
    address.check("tracking.uri")


def test_a_secret_in_plain_text_is_known_and_lost_when_it_was_written() -> None:
    address = Address.of("http://me:hunter22@host")
    assert address.is_plain
    again = Address.of(address.shown)
    assert again.identity == address.identity
    with pytest.raises(ConfigError, match=r"storage must be given with its secret again|storage="):
        again.check("storage")


def test_other_values_of_the_environment_tell_addresses_apart() -> None:
    one, two = (Address.of("${STORE}/x", {"STORE": f"s3://{name}"}) for name in "ab")
    assert one.identity != two.identity
    assert one.shown == two.shown


def test_a_part_that_a_library_takes_for_a_port_is_cleaned() -> None:
    address = Address.of("postgresql://me:hunter22/x@host/db")
    said = "Port could not be cast to integer value as 'hunter22'"
    assert address.cleaned(said) == "Port could not be cast to integer value as '***'"
