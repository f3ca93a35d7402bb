"""How programs end."""

import os
import signal

from evals.errors import ConfigError
from orchestrator.driver.program import DONE, FAILED, INTERRUPTED, REFUSED, ended


def test_a_program_gives_its_own_code() -> None:
    assert [ended(lambda _masked, code=code: code) for code in (DONE, FAILED)] == [DONE, FAILED]


def test_what_a_user_can_cure_is_one_line(capsys) -> None:
    def refuse(_masked):
        raise ConfigError("lr must be positive but got -1; raise it")

    assert ended(refuse) == REFUSED
    assert capsys.readouterr().err == "lethe: lr must be positive but got -1; raise it\n"


def test_another_error_is_shown_whole_and_without_secrets(capsys, monkeypatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "hidden-words")

    def fail(_masked):
        raise RuntimeError("no entry for hidden-words")

    assert ended(fail) == FAILED
    said = capsys.readouterr().err
    assert "RuntimeError: no entry for" in said
    assert "hidden-words" not in said.splitlines()[-1]


def test_a_signal_ends_a_program_that_heeds_it_and_is_left_to_others(capsys) -> None:
    def wait(_masked) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return DONE

    before = signal.getsignal(signal.SIGTERM)
    assert ended(wait, interrupted="nothing was written") == INTERRUPTED
    assert capsys.readouterr().err == "lethe: interrupted; nothing was written\n"
    assert signal.getsignal(signal.SIGTERM) is before
