"""The settings of a sweep, validated whole before anything starts; no torch at import."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_serializer, field_validator, model_validator

from evals.choice import Choice, Settings, choose
from evals.errors import ConfigError
from evals.metric import load_metric
from evals.settings import EvaluationSettings
from orchestrator.budget import BudgetSettings, check_budget
from orchestrator.space import MethodSettings, SearchRange, resolve_method
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

FOLDER_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"

PLUGINS = {"benchmark": "evals.benchmarks", "model": "trainers.models"}


class GangSettings(Settings):
    """How many ranks train one job together, and what each of them takes of the cluster."""

    ranks: int = Field(2, ge=1)
    cpus_per_rank: float = Field(1.0, ge=0)
    gpus_per_rank: float = Field(0.0, ge=0)
    strategy: Literal["PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"] = "PACK"
    recycle_after: int = Field(200, ge=1)
    """Trials after which a gang's processes are replaced by fresh ones."""


class Floor(Settings):
    """A trial is feasible if `metric` is at least `value`, or that fraction of the original's."""

    metric: str = "retain"
    value: float = Field(0.9, ge=0, le=1)
    relative_to: Literal["original", "absolute"] = "original"


class SearchSettings(Settings):
    """One study per method: `trials` each, the first `startup_trials` of them spread evenly.

    The studies' seeds derive from the sweep's.
    """

    trials: int = Field(8, ge=1)
    startup_trials: int = Field(4, ge=1)
    sampler: Literal["gp", "tpe", "random"] = "gp"
    objective: str = "log_forget_quality"
    floor: Floor = Floor()
    lr: SearchRange = SearchRange(low=1e-5, high=1e-3)
    l1: SearchRange | None = SearchRange(low=1e-3, high=1.0)
    """None keeps `training.l1` for every trial. The default is for the proximal mode, where l1 is
    the share of an Adam step that is taken back: nothing to speak of up to about 1e-2, all at 1.
    The subgradient mode sets l1 against the gradient's entries and needs far smaller ones."""


class BaselineSettings(Settings):
    """How the original and the gold model are made: one recipe for both, or given checkpoints."""

    training: TrainingSettings = TrainingSettings()
    adapter: AdapterSettings | None = None
    """LoRA that is merged after training; None is full fine-tuning."""
    original: str | None = None
    """Folder of a saved model that was trained on the split "full"."""
    gold: str | None = None
    """Folder of a saved model that was trained on the split "retain" only."""

    @field_validator("original", "gold")
    @classmethod
    def _absolute(cls, given: str | None) -> str | None:
        return given and _absolute_if_there(given)


class TrackingSettings(Settings):
    """Where MLflow records the sweep."""

    uri: str | None = None
    """None is an SQLite file in the storage folder."""
    experiment: str = "lethe"
    log_adapters: bool = True


class SweepConfig(Settings):
    """Everything a sweep does; equal configs with equal data give equal jobs."""

    name: str = Field(pattern=FOLDER_NAME)
    seed: int = Field(0, ge=0)
    storage: Path = Path("runs")
    benchmark: Choice
    model: Choice
    baselines: BaselineSettings = BaselineSettings()
    methods: dict[str, MethodSettings] = Field(min_length=1)
    """By label; a list of names in YAML takes each method with its defaults."""
    training: TrainingSettings = TrainingSettings()
    """The trials' recipe; `lr` and `l1` are overwritten where they are searched."""
    adapter: AdapterSettings = AdapterSettings()
    engine: EngineSettings = EngineSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    search: SearchSettings = SearchSettings()
    budget: BudgetSettings = BudgetSettings()
    gang: GangSettings = GangSettings()
    tracking: TrackingSettings = TrackingSettings()

    @property
    def folder(self) -> Path:
        """The storage folder, absolute."""
        return self.storage.expanduser().resolve()

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """Which way the objective is better."""
        better = load_metric(self.search.objective, key="search.objective").better
        return "minimize" if better == "lower" else "maximize"

    def space(self, label: str) -> dict[str, SearchRange]:
        """Returns what is searched for the method `label`, by parameter name."""
        shared = {"lr": self.search.lr, "l1": self.search.l1}
        common = {name: interval for name, interval in shared.items() if interval is not None}
        return {**common, **self.methods[label].search}

    @field_validator("benchmark", "model", mode="before")
    @classmethod
    def _plug_in(cls, raw: Any, info: Any) -> Any:
        if isinstance(raw, str):
            raw = {"name": raw}
        if isinstance(raw, Mapping):
            return choose(PLUGINS[info.field_name], _anchored(raw), key=info.field_name)
        return raw

    @field_serializer("benchmark", "model")
    def _flat(self, choice: Choice) -> dict[str, Any]:
        return {"name": choice.name, **choice.settings}

    @field_validator("methods", mode="before")
    @classmethod
    def _methods(cls, raw: Any) -> Any:
        named = listed(raw)
        if not isinstance(named, Mapping):
            return raw
        return {
            str(label): resolve_method(str(label), entry, key=f"methods.{label}")
            for label, entry in named.items()
        }

    @model_validator(mode="after")
    def _metrics_exist(self) -> "SweepConfig":
        for name in self.evaluation.metrics:
            load_metric(name, key="evaluation.metrics")
        wanted = {
            "search.objective": self.search.objective,
            "search.floor.metric": self.search.floor.metric,
        }
        for key, name in wanted.items():
            load_metric(name, key=key)
            if name not in self.evaluation.metrics:
                raise ConfigError(
                    f"{key} must be one of evaluation.metrics "
                    f"({', '.join(self.evaluation.metrics)}) but got {name!r}; add it there"
                )
        return self

    @model_validator(mode="after")
    def _metrics_have_a_direction(self) -> "SweepConfig":
        objective, floor = self.search.objective, self.search.floor.metric
        if load_metric(objective).better == "gold":
            raise ConfigError(
                f"search.objective must be a metric with a best direction but got {objective!r}, "
                "which is best near the gold model's value; choose log_forget_quality"
            )
        if load_metric(floor).better != "higher":
            raise ConfigError(
                f"search.floor.metric must be a metric of which more is better but got {floor!r}; "
                "choose retain"
            )
        return self

    @model_validator(mode="after")
    def _ranges_can_be_trained_with(self) -> "SweepConfig":
        searched = {"search": {"lr": self.search.lr, "l1": self.search.l1}}
        for label, method in self.methods.items():
            searched[f"methods.{label}.search"] = {**method.search}
        for key, ranges in searched.items():
            lr, l1 = ranges.get("lr"), ranges.get("l1")
            if lr is not None and lr.low <= 0:
                raise ConfigError(f"{key}.lr.low must be above 0 but got {lr.low:g}; raise it")
            if l1 is not None and l1.low < 0:
                raise ConfigError(f"{key}.l1.low must be at least 0 but got {l1.low:g}; raise it")
        return self

    @model_validator(mode="after")
    def _l1_has_an_adapter(self) -> "SweepConfig":
        l1 = self.baselines.training.l1
        if l1 != 0 and self.baselines.adapter is None:
            raise ConfigError(
                f"baselines.training.l1 must be 0 without an adapter but got {l1:g}; "
                "leave it out or set baselines.adapter"
            )
        return self

    @model_validator(mode="after")
    def _batches_divide(self) -> "SweepConfig":
        recipes = {"training": self.training, "baselines.training": self.baselines.training}
        for key, recipe in recipes.items():
            unit = recipe.micro_batch_size * self.gang.ranks
            if recipe.batch_size % unit:
                nearest = max(unit, round(recipe.batch_size / unit) * unit)
                raise ConfigError(
                    f"{key}.batch_size must be a multiple of micro_batch_size x gang.ranks "
                    f"({recipe.micro_batch_size} x {self.gang.ranks} = {unit}) but got "
                    f"{recipe.batch_size}; take {nearest} or a smaller micro_batch_size"
                )
        return self

    @model_validator(mode="after")
    def _budget_can_be_kept(self) -> "SweepConfig":
        gang = self.gang
        check_budget(
            self.budget, cpus_per_rank=gang.cpus_per_rank, gpus_per_rank=gang.gpus_per_rank
        )
        return self

    @model_validator(mode="after")
    def _labels_are_names(self) -> "SweepConfig":
        for label in self.methods:
            if not re.match(FOLDER_NAME, label):
                raise ConfigError(
                    f"methods.{label} must be a label of letters, digits, '_', '.' and '-' "
                    f"but got {label!r}; rename it"
                )
        return self


def _anchored(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `raw` with paths that exist made absolute: a rank may run in another folder."""
    whole = dict(raw)
    for key in ("path", "refusals_file"):
        given = whole.get(key)
        if isinstance(given, str):
            whole[key] = _absolute_if_there(given)
    return whole


def _absolute_if_there(given: str) -> str:
    path = Path(given).expanduser()
    return str(path.resolve()) if path.exists() else given


def listed(methods: Any) -> Any:
    """Returns a list of method names as the mapping it stands for; anything else unchanged."""
    if isinstance(methods, str):
        methods = [methods]
    if isinstance(methods, list | tuple):
        return {str(name): {} for name in methods}
    return methods
