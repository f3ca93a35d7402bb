"""A command line is a file and settings, and says what a shell has cut."""

import pytest

from evals.errors import ConfigError
from orchestrator.config.words import split_words


def test_a_file_and_settings_may_stand_in_any_order() -> None:
    words = ["search.trials=4", "my.yaml", "methods=[ga,npo]"]
    assert split_words(words) == ("my.yaml", ["search.trials=4", "methods=[ga,npo]"])
    assert split_words([]) == (None, [])


@pytest.mark.parametrize(
    "word", ["search.l1=", "model.prompt.answer_start=[", "name=a=b", "methods={npo: {beta: 1}}"]
)
def test_a_setting_in_one_word_is_taken_as_it_is(word) -> None:
    assert split_words([word, "seed=1"]) == (None, [word, "seed=1"])


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["methods=[ga,", "npo]"], "'methods=[ga, npo]'"),
        (["my.yaml", "search.lr={low:", "1e-4,", "high:", "1e-2}"], None),
        (["search.trials", "=", "20"], "search.trials=20"),
        (["search.trials=", "20"], "search.trials=20"),
        (["search.trials", "=20"], "search.trials=20"),
    ],
)
def test_what_a_shell_has_cut_is_refused_with_the_words_that_were_meant(words, meant) -> None:
    meant = meant or "'search.lr={low: 1e-4, high: 1e-2}'"
    with pytest.raises(ConfigError, match="a setting must be one word") as refusal:
        split_words(words)
    assert str(refusal.value).endswith(f"; write {meant}")


def test_two_files_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match=r"one config file but got a.yaml and b.yaml"):
        split_words(["a.yaml", "b.yaml"])
