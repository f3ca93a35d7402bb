"""What people ask of a sweep is refused where it could not be obeyed, with the cure."""

import pytest

from evals.errors import ConfigError
from orchestrator.config.commands import check_command, command_of
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.storage.commands import Verb
from tests.fixtures.paths import SWEEP


@pytest.fixture(scope="module")
def config() -> SweepConfig:
    words = ["methods={ga: {}, npo: {search: {beta: default}}, own: {method: rmu}}", "name=mine"]
    return load_config(SWEEP, words)


def test_a_command_says_whose_it_is_and_what_is_wanted(config) -> None:
    made = command_of(["add", "npo", "lr=3e-4", "beta=0.2"], config, note=" why\tnot ")
    assert (made.sweep, made.verb, made.label) == ("mine", Verb.ADD, "npo")
    assert made.params == {"lr": 3e-4, "beta": 0.2}
    assert made.note == "why not"
    assert command_of(["trials", "own", "12"], config).trials == 12
    assert command_of(["pause"], config).id != command_of(["pause"], config).id


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("halt", "the command must be one of add, finish, pause, resume, stop, trials"),
        ("stop", "the command must be 'stop METHOD' but got 'stop'"),
        ("pause npo", "the command must be 'pause' but got 'pause npo'"),
        ("stop npoo", "did you mean 'npo'?"),
        ("stop GA", "did you mean 'ga'?"),
        ("trials npo", "must be 'trials METHOD N'"),
        ("trials npo 0", "must be a whole number from 1 to 1000000 but got '0'"),
        ("trials npo -3", "must be a whole number from 1"),
        ("trials npo nan", "must be a whole number from 1"),
        ("trials npo 1.5", "must be a whole number from 1"),
        ("trials npo 99999999999", "must be a whole number from 1"),
        ("add npo", "must be given with a setting; write add npo lr=VALUE l1=VALUE beta=VALUE"),
        ("add lr=1e-3", "must be 'add METHOD lr=VALUE l1=VALUE ...'"),
        ("add npo lr", "a setting must be name=value but got 'lr'"),
        ("add npo lr=1e-3 lr=1e-4", "lr must be given once"),
        ("add npo bta=0.1", "must be what npo searches (lr, l1, beta) but is not; did you mean"),
        ("add ga beta=0.1", "must be what ga searches (lr, l1) but is not"),
        ("add npo lr=.nan", "must be one finite value"),
        ("add npo lr=nan", "lr must be a number from"),
        ("add npo lr=-1e-3", "lr must be a number from"),
        ("add npo lr=9", "move it in there, or begin a sweep of another name with a wider range"),
        ("add npo lr=[1,2]", "must be one finite value"),
        ("add npo lr=", "must be one finite value"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(config, words, message) -> None:
    with pytest.raises(ConfigError) as refused:
        command_of(words.split(), config)
    assert message in str(refused.value)


def test_a_note_that_is_too_long_is_refused(config) -> None:
    with pytest.raises(ConfigError, match="at most 300 characters but got 301"):
        command_of(["pause"], config, note="x" * 301)


def test_a_parameter_without_effect_is_refused(config) -> None:
    search = {
        "beta": {"choices": [0.1, 0.2]},
        "alpha": {"low": 0.5, "high": 5, "when": {"beta": 0.1}},
    }
    words = [f"methods={{npo: {{retain_term: nll, search: {search}}}}}"]
    asked = load_config(SWEEP, words)
    assert command_of(["add", "npo", "beta=0.1", "alpha=1"], asked).params["alpha"] == 1
    with pytest.raises(ConfigError, match="alpha must stand with beta=0.1"):
        command_of(["add", "npo", "beta=0.2", "alpha=1"], asked)


def test_what_somebody_else_has_written_is_held_against_the_config_too(config) -> None:
    good = command_of(["add", "npo", "lr=3e-4"], config)
    check_command(good, config)
    for changes in ({"label": "gone"}, {"params": {}}, {"params": {"lr": True}}):
        with pytest.raises(ConfigError):
            check_command(good.model_copy(update=changes), config)
