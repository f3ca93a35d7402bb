"""A checkpoint given for a baseline is a saved model, and by its record the right one."""

from pathlib import Path

import pytest

from evals.building import build_benchmark
from evals.errors import ConfigError
from orchestrator.jobs.checkpoints import check_provenance, given_weights
from tests.fixtures.baselines import saved_model
from tests.fixtures.jobs import few_people
from trainers.job import Phase


@pytest.fixture(scope="module")
def benchmark():
    return build_benchmark(few_people())


@pytest.mark.parametrize("place", ["absent", "empty"])
def test_a_checkpoint_without_weights_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError) as caught:
        given_weights(str(tmp_path / place), phase=Phase.GOLD)
    said = str(caught.value)
    assert said.startswith("baselines.gold must be a folder with a saved model (*.safetensors) but")
    assert place in said
    assert "correct the path" in said


def test_weights_are_told_by_what_they_are_and_not_by_where_they_lie(tmp_path: Path) -> None:
    first, copy, other = (
        given_weights(str(saved_model(tmp_path / place, text)), phase=Phase.ORIGINAL)
        for place, text in (("one", "weights"), ("two", "weights"), ("three", "others"))
    )
    assert first == copy != other


def test_a_gold_model_of_other_splits_is_refused(tmp_path: Path, benchmark) -> None:
    given = saved_model(tmp_path, phase="gold", data="0" * 64)
    with pytest.raises(ConfigError) as caught:
        check_provenance(given, benchmark, phase=Phase.GOLD)
    said = str(caught.value)
    assert said.startswith("baselines.gold must be trained on the splits of this benchmark but got")
    assert f"data 000000000000, here {benchmark.fingerprint[:12]}" in said
    assert "same forget and retain splits" in said


def test_a_gold_model_of_the_same_splits_is_taken(tmp_path: Path, benchmark) -> None:
    given = saved_model(tmp_path, phase="gold", data=benchmark.fingerprint)
    check_provenance(given, benchmark, phase=Phase.GOLD)


def test_an_original_given_as_gold_is_refused(tmp_path: Path, benchmark) -> None:
    given = saved_model(tmp_path, phase="original", data=benchmark.fingerprint)
    with pytest.raises(ConfigError, match="must be a gold model but got .* calls 'original'"):
        check_provenance(given, benchmark, phase=Phase.GOLD)


@pytest.mark.parametrize("text", ["{", "[]", '{"id": 7}'])
def test_a_record_that_is_not_ours_says_nothing(tmp_path: Path, benchmark, text: str) -> None:
    given = saved_model(tmp_path)
    (tmp_path / "job.json").write_text(text)
    check_provenance(given, benchmark, phase=Phase.GOLD)
