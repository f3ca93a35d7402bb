"""Errors that nobody catches are shown whole, but for secrets."""

import threading

import pytest

from orchestrator.storage.address import Address
from orchestrator.storage.masked_traceback import MaskedTraceback

SECRET = "planted-4711-secret"


def failing() -> None:
    raise RuntimeError(f"GET /?token={SECRET} of https://me:{SECRET}x@host/ failed")


def test_a_traceback_is_shown_without_the_secrets_of_urls_and_known_addresses(capsys) -> None:
    with MaskedTraceback() as masked:
        masked.hide([None, Address.of("https://host/?token=${HIDDEN}", {"HIDDEN": SECRET})])
        failing()
    shown = capsys.readouterr().err
    assert SECRET not in shown
    assert shown.startswith("Traceback (most recent call last)")
    assert "in failing" in shown
    assert shown.endswith("RuntimeError: GET /?token=*** of https://me:***@host/ failed\n")


def test_a_message_is_shown_without_those_and_without_the_secrets_of_the_environment() -> None:
    masked = MaskedTraceback({"HF_TOKEN": "hf_planted4711"})
    masked.hide([Address.of("https://host/?token=${HIDDEN}", {"HIDDEN": SECRET})])
    assert masked.cleaned(f"no {SECRET}, no hf_planted4711") == "no ***, no ***"


def test_so_are_those_of_other_threads(capsys) -> None:
    before = threading.excepthook
    with MaskedTraceback():
        thread = threading.Thread(target=failing)
        thread.start()
        thread.join()
    assert threading.excepthook is before
    shown = capsys.readouterr().err
    assert "in failing" in shown
    assert f"me:{SECRET}" not in shown


def test_a_thread_that_leaves_shows_nothing(capsys) -> None:
    with MaskedTraceback():
        thread = threading.Thread(target=exit)
        thread.start()
        thread.join()
    assert capsys.readouterr().err == ""


WORDS = {
    "sweep": [],
    "report": ["x"],
    "repeat": ["x"],
    "export": ["x", "y"],
    "evaluate": ["x"],
    "control": ["x", "pause"],
    "watch": ["x"],
}


@pytest.mark.parametrize("program", WORDS)
def test_every_program_shows_its_errors_so_and_ends_with_code_1(
    program, monkeypatch, capsys
) -> None:
    import importlib

    module = importlib.import_module(f"orchestrator.{program}")
    monkeypatch.setattr(module, "_main", lambda *_: failing())
    assert module.main(WORDS[program]) == 1
    assert f"me:{SECRET}" not in capsys.readouterr().err
