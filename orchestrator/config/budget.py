"""How much a sweep and each of its methods may use, and whether that much is used.

What is used is counted in gang time: a job's wall time, times the CPUs or GPUs that its gang
holds. Results that were found in storage cost nothing.
"""

from dataclasses import dataclass

from pydantic import Field

from evals.choice import Settings
from evals.errors import ConfigError
from orchestrator.config.gang import GangSettings

HOUR_S = 3600.0


class BudgetSettings(Settings):
    """Limits beside `search.trials`; None is no limit.

    Once one is used up nothing new starts, and what is running comes to its end.
    """

    hours: float | None = Field(None, gt=0)
    """Wall-clock time of the sweep, all its runs together."""
    gpu_hours: float | None = Field(None, gt=0)
    cpu_hours: float | None = Field(None, gt=0)
    """Of the whole sweep, baselines included."""
    method_gpu_hours: float | None = Field(None, gt=0)
    method_cpu_hours: float | None = Field(None, gt=0)
    """Of each method."""


@dataclass(frozen=True, slots=True)
class Use:
    """Seconds of gang time, and of the CPUs and GPUs that the gangs held."""

    gang_s: float = 0.0
    cpu_s: float = 0.0
    gpu_s: float = 0.0

    def __add__(self, other: "Use") -> "Use":
        return Use(self.gang_s + other.gang_s, self.cpu_s + other.cpu_s, self.gpu_s + other.gpu_s)


def sweep_limit(budget: BudgetSettings, use: Use, *, wall_s: float) -> str | None:
    """Returns the limit of the whole sweep that is used up, as a key and its value, if any."""
    used = {
        "hours": wall_s,
        "gpu_hours": use.gpu_s,
        "cpu_hours": use.cpu_s,
    }
    return _reached(budget, used)


def method_limit(budget: BudgetSettings, use: Use) -> str | None:
    """Returns the limit of a method that is used up, as a key and its value, if any."""
    return _reached(budget, {"method_gpu_hours": use.gpu_s, "method_cpu_hours": use.cpu_s})


def check_budget(budget: BudgetSettings, gang: GangSettings) -> None:
    """Refuses limits that could never be reached by such gangs, or that contradict each other.

    Raises:
        ConfigError: names the key and the cure.
    """
    for kind, per_rank, other in (
        ("gpu", gang.gpus_per_rank, "cpu"),
        ("cpu", gang.cpus_per_rank, "gpu"),
    ):
        whole: float | None = getattr(budget, f"{kind}_hours")
        each: float | None = getattr(budget, f"method_{kind}_hours")
        for key, hours in ((f"{kind}_hours", whole), (f"method_{kind}_hours", each)):
            if hours is not None and per_rank == 0:
                raise ConfigError(
                    f"budget.{key} must be left out with gang.{kind}s_per_rank 0 but got "
                    f"{hours:g}; set budget.{key.replace(kind, other)} or budget.hours"
                )
        if whole is not None and each is not None and each > whole:
            raise ConfigError(
                f"budget.method_{kind}_hours must be at most budget.{kind}_hours ({whole:g}), "
                f"which all methods share, but got {each:g}; lower it"
            )


def _reached(budget: BudgetSettings, used_s: dict[str, float]) -> str | None:
    for key, seconds in used_s.items():
        limit: float | None = getattr(budget, key)
        if limit is not None and seconds >= limit * HOUR_S:
            return f"budget.{key} ({limit:g})"
    return None


FINALISTS = "finalists"
"""What the runs of finalists are booked under: no method's budget pays for them."""
ATTACKS = "attacks"
"""What the models for attacks are booked under."""
