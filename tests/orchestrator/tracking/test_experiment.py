"""Where a sweep's run is made, with a store that another sweep uses at the same moment."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException

from evals.errors import ConfigError
from orchestrator.config.tracking import TrackingSettings
from orchestrator.tracking.experiment import SWEEP_ID, experiment_for, searched_experiments
from orchestrator.tracking.session import Place

MINE, THEIRS = "a" * 32, "b" * 32
PLACE = Place("demo", Path("/runs/sweeps/demo"), Path("/runs"))
OWN = TrackingSettings()


class Store:
    """The experiments of a store; a `rival` makes one just before this client does."""

    def __init__(self, uri="sqlite:///x.db", rival=None):
        self.tracking_uri = uri
        self.made = {}
        self._rival = rival

    def get_experiment_by_name(self, name):
        return self.made.get(name)

    def get_experiment(self, number):
        return next(each for each in self.made.values() if each.experiment_id == number)

    def search_experiments(self, page_token):
        pages = [list(self.made.values())[:1], list(self.made.values())[1:]]
        at = int(page_token or 0)
        return Page(pages[at], "1" if at == 0 else "")

    def create_experiment(self, name, artifact_location, tags):
        if self._rival is not None:
            rival, self._rival = self._rival, None
            self._make(name, None, {SWEEP_ID: rival})
            raise MlflowException(f"Experiment '{name}' already exists.")
        return self._make(name, artifact_location, tags)

    def _make(self, name, artifact_location, tags):
        number = str(len(self.made) + 1)
        self.made[name] = SimpleNamespace(
            name=name,
            experiment_id=number,
            artifact_location=artifact_location,
            tags=tags,
            lifecycle_stage="active",
        )
        return number


class Page(list):
    def __init__(self, items, token):
        super().__init__(items)
        self.token = token


def test_the_same_sweep_finds_its_own_and_artifacts_of_a_file_lie_in_its_storage():
    store = Store()
    made = experiment_for(store, OWN, PLACE, MINE)
    assert experiment_for(store, OWN, PLACE, MINE) == made
    assert store.made["demo"].artifact_location == "file:///runs/mlartifacts"
    assert store.made["demo"].tags["mlflow.experimentKind"] == "custom_model_development"


def test_a_server_decides_where_artifacts_lie():
    store = Store("http://127.0.0.1:1")
    experiment_for(store, OWN, PLACE, MINE)
    assert store.made["demo"].artifact_location is None


def test_of_two_sweeps_of_one_name_that_begin_at_once_each_has_its_own():
    store = Store(rival=THEIRS)
    mine = experiment_for(store, OWN, PLACE, MINE)
    assert store.get_experiment(mine).name == "demo aaaaaaaa"
    assert experiment_for(store, OWN, PLACE, THEIRS) != mine


def test_two_sweeps_that_make_one_experiment_at_once_share_it():
    store = Store(rival=THEIRS)
    shared = TrackingSettings(experiment="both")
    assert experiment_for(store, shared, PLACE, MINE) == store.made["both"].experiment_id


def test_a_store_that_makes_none_says_why(monkeypatch):
    store = Store()

    def refuse(*_, **__):
        raise MlflowException("no permission")

    monkeypatch.setattr(store, "create_experiment", refuse)
    with pytest.raises(MlflowException, match="no permission"):
        experiment_for(store, OWN, PLACE, MINE)


def test_one_that_was_deleted_is_refused_if_it_is_the_sweeps_and_else_passed_over():
    store = Store()
    experiment_for(store, OWN, PLACE, MINE)
    store.made["demo"].lifecycle_stage = "deleted"
    with pytest.raises(ConfigError, match=r"got 'demo', which was deleted; restore it"):
        experiment_for(store, OWN, PLACE, MINE)
    assert store.get_experiment(experiment_for(store, OWN, PLACE, THEIRS)).name == "demo bbbbbbbb"


def test_a_sweeps_run_may_be_in_any_experiment_unless_one_is_set():
    store = Store()
    experiment_for(store, OWN, PLACE, MINE)
    experiment_for(store, OWN, PLACE, THEIRS)
    assert searched_experiments(store, OWN) == ["1", "2"]
    one = TrackingSettings(experiment="demo bbbbbbbb")
    assert searched_experiments(store, one) == ["2"]
    assert searched_experiments(store, TrackingSettings(experiment="none yet")) == []
