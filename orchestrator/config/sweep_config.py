"""The settings of a sweep, validated whole before anything starts; no torch at import."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationInfo, field_serializer, field_validator, model_validator

from evals import plugins
from evals.building import with_own_defaults
from evals.choice import Choice, Settings, choose
from evals.errors import ConfigError
from evals.metric import load_metric
from evals.paths import read_path
from evals.settings import EvaluationSettings
from evals.suite import suite_name, suite_of
from orchestrator.config.attacks import AttackSettings
from orchestrator.config.baselines import BaselineSettings
from orchestrator.config.budget import BudgetSettings, check_budget
from orchestrator.config.checkpoint import CheckpointSettings
from orchestrator.config.disk import DiskSettings
from orchestrator.config.existing_path import anchored
from orchestrator.config.finalists import FinalistSettings, num_points
from orchestrator.config.gang import GangSettings
from orchestrator.config.method_settings import MethodSettings, resolve_method
from orchestrator.config.names import FOLDER_NAME, MAX_NAME, check_label
from orchestrator.config.own_recipe import check_unsearched, whole_recipe
from orchestrator.config.plan import PlanSettings
from orchestrator.config.storage_address import StorageAddress, working_folder
from orchestrator.config.tracking import TrackingSettings
from orchestrator.searching.first_points import check_first
from orchestrator.searching.grid import grid_size, num_trials
from orchestrator.searching.settings import SearchSettings, check_constraints, check_objectives
from orchestrator.searching.shared_parameters import check_values, shared_part
from orchestrator.searching.space import Searched, check_conditions
from orchestrator.storage.project_folder import CACHE, STORAGE, in_project
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

PLUGINS = {"benchmark": "evals.benchmarks", "model": "trainers.models"}


class SweepConfig(Settings):
    """Everything a sweep does; equal configs with equal data give equal jobs."""

    name: str = Field(pattern=FOLDER_NAME, max_length=MAX_NAME)
    seed: int = Field(0, ge=0)
    storage: StorageAddress = STORAGE
    """A folder, or a URL that fsspec knows, which is then worked on in `cache`. The default lies in
    the checkout, wherever one stands; one that is given is taken from the current folder."""
    cache: Path = CACHE
    """A folder that all nodes see. Its default lies in the checkout, too."""
    benchmark: Choice
    model: Choice
    baselines: BaselineSettings = BaselineSettings()
    methods: dict[str, MethodSettings] = Field(min_length=1)
    """By label; a list of names in YAML takes each method with its defaults."""
    training: TrainingSettings = TrainingSettings()
    """The trials' recipe; `lr` and `l1` are overwritten where they are searched."""
    adapter: AdapterSettings | None = AdapterSettings()
    """The trials'; null trains all weights, which L1 pulls to training.l1_towards."""
    engine: EngineSettings = EngineSettings()
    evaluation: EvaluationSettings = Field(EvaluationSettings(), validate_default=True)
    search: SearchSettings = SearchSettings()
    finalists: FinalistSettings | None = FinalistSettings()
    """None: the search's own trials are reported, on the items that it has seen: all of them."""
    attacks: AttackSettings | None = None
    budget: BudgetSettings = BudgetSettings()
    gang: GangSettings = GangSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    disk: DiskSettings = DiskSettings()
    tracking: TrackingSettings = TrackingSettings()
    plan: PlanSettings = PlanSettings()

    @property
    def folder(self) -> Path:
        """The storage folder, or the one that stands for it here; absolute."""
        given = self.model_fields_set
        storage = self.storage if "storage" in given else in_project(STORAGE)
        return working_folder(storage, self.cache if "cache" in given else in_project(CACHE))

    @property
    def held_out(self) -> float:
        """The share of every task's items that the search does not see."""
        return 0.0 if self.finalists is None else self.finalists.held_out

    def space(self, label: str) -> dict[str, Searched]:
        """Returns what is searched for the method `label`, by parameter name."""
        method, common = self.methods[label], self.search.shared
        kept = {n: found for n, found in common.items() if n not in method.unsearched}
        return {**kept, **method.search}

    def recipe(self, label: str) -> TrainingSettings:
        """Returns the recipe of the method `label`, where nothing of it is searched."""
        own = self.methods[label].training
        return whole_recipe(self.training, own, key=f"methods.{label}.training")

    def search_for(self, label: str) -> SearchSettings:
        """Returns the search settings of the method `label`: with its own first points, too."""
        first = (*self.search.first, *self.methods[label].first)
        return self.search.model_copy(update={"first": first})

    @property
    def num_points(self) -> int:
        """How many rows each method may have: points of the front of several objectives."""
        return num_points(self.finalists, len(self.search.objectives))

    def num_trials(self, label: str) -> int:
        """Returns how many trials the method `label` is given."""
        return num_trials(self.space(label), self.search_for(label))

    @field_validator("storage", "cache")
    @classmethod
    def _can_be(cls, given: Path | str, info: ValidationInfo) -> Path | str:
        if isinstance(given, Path):
            read_path(given, key=str(info.field_name))
        return given

    @field_validator("benchmark", "model", mode="before")
    @classmethod
    def _plug_in(cls, raw: Any, info: Any) -> Any:
        if isinstance(raw, str):
            raw = {"name": raw}
        if isinstance(raw, Mapping):
            return choose(
                PLUGINS[info.field_name], anchored(raw, key=info.field_name), key=info.field_name
            )
        return raw

    @field_validator("gang", mode="before")
    @classmethod
    def _chosen_by_what_fits(cls, raw: Any) -> Any:
        return {"auto": True} if raw == "auto" else raw

    @field_validator("evaluation")
    @classmethod
    def _measure_what_is_there(
        cls, given: EvaluationSettings, info: ValidationInfo
    ) -> EvaluationSettings:
        benchmark: Choice | None = info.data.get("benchmark")
        return given if benchmark is None else with_own_defaults(given, benchmark)

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
    def _model_takes_the_rows(self) -> "SweepConfig":
        suite, taken = suite_name(self.benchmark.name), suites_taken(self.model.name)
        if suite not in taken:
            families = plugins.names(PLUGINS["model"])
            fitting = [name for name in families if suite in suites_taken(name)]
            raise ConfigError(
                f"model must be one for what {self.benchmark.name} is made of ({suite}) but got "
                f"{self.model.name!r}, which takes {' and '.join(taken)}; choose "
                f"{' or '.join(fitting)}"
            )
        return self

    @model_validator(mode="after")
    def _metrics_are_measured(self) -> "SweepConfig":
        suites = suite_of(self.benchmark.name).metric_suites
        for name in self.evaluation.metrics:
            theirs = load_metric(name, key="evaluation.metrics").suite
            if theirs not in (None, *suites):
                raise ConfigError(
                    f"evaluation.metrics must be of what {self.benchmark.name} is made of "
                    f"({suites[0]}) but got {name!r}, which reads scores of {theirs}; leave it out"
                )
        check_objectives(self.search, self.evaluation.metrics)
        num_points(self.finalists, len(self.search.objectives))
        check_constraints(self.search, self.evaluation.metrics)
        return self

    @model_validator(mode="after")
    def _ranges_can_be_trained_with(self) -> "SweepConfig":
        check_values(self.search.shared, key="search")
        for label, method in self.methods.items():
            check_values(shared_part(method.search), key=f"methods.{label}.search")
        return self

    @model_validator(mode="after")
    def _own_recipes_hold(self) -> "SweepConfig":
        for label, method in self.methods.items():
            self.recipe(label)
            check_unsearched(method.training, self.space(label), key=f"methods.{label}")
        return self

    @model_validator(mode="after")
    def _spaces_can_be_searched(self) -> "SweepConfig":
        for label in self.methods:
            _check_search(self, label)
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
        ranks = 1 if self.gang.auto else self.gang.ranks  # only numbers that divide are chosen
        for key, recipe in recipes.items():
            unit = recipe.micro_batch_size * ranks
            if recipe.batch_size % unit:
                nearest = max(unit, round(recipe.batch_size / unit) * unit)
                raise ConfigError(
                    f"{key}.batch_size must be a multiple of micro_batch_size x gang.ranks "
                    f"({recipe.micro_batch_size} x {ranks} = {unit}) but got "
                    f"{recipe.batch_size}; take {nearest} or a smaller micro_batch_size"
                )
        return self

    @model_validator(mode="after")
    def _budget_can_be_kept(self) -> "SweepConfig":
        if not self.gang.auto:  # else once it is chosen
            check_budget(self.budget, self.gang)
        return self

    @model_validator(mode="after")
    def _labels_are_names(self) -> "SweepConfig":
        for label in self.methods:
            check_label(label)
        return self


def suites_taken(family: str) -> tuple[str, ...]:
    """Returns the suites whose rows models of the family of this name take."""
    suites: tuple[str, ...] = plugins.load(PLUGINS["model"], family, key="model.name").SUITES
    return suites


def _check_search(config: SweepConfig, label: str) -> None:
    """Refuses conditions, first points and a grid that the search of a method could not follow."""
    method, search, space = config.methods[label], config.search, config.space(label)
    own = f"methods.{label}"
    keys = {
        name: f"{own}.search.{name}" if name in method.search else f"search.{name}"
        for name in space
    }
    check_conditions(space, keys=keys)
    points = {f"search.first.{i}": point for i, point in enumerate(search.first)}
    points |= {f"{own}.first.{i}": point for i, point in enumerate(method.first)}
    for key, point in points.items():
        check_first(point, space, key=key, method=own)
    left = search.trials - len(points)
    if left < 0:
        raise ConfigError(
            f"search.trials must be at least the number of first points ({len(points)} for {own}) "
            f"but got {search.trials}; raise it or leave points out of first"
        )
    if search.sampler == "grid" and (size := grid_size(space, search.grid_points)) > left:
        raise ConfigError(
            f"search.trials must be at least the size of the grid, {size + len(points)} for {own} "
            f"with its first points, but got {search.trials}; raise it, or search less"
        )


def listed(methods: Any) -> Any:
    """Returns a list of method names as the mapping it stands for; anything else unchanged."""
    if isinstance(methods, str):
        methods = [methods]
    if isinstance(methods, list | tuple):
        twice = [name for name, count in Counter(map(str, methods)).items() if count > 1]
        if twice:
            raise ConfigError(
                f"methods must be a list of different names but got {twice[0]!r} twice; leave one "
                "out, or give it a label of its own"
            )
        return {str(name): {} for name in methods}
    return methods
