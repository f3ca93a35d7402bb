"""Points in a plane, each on one side of a line or the other; the outermost ones are forgotten."""

import random

from evals.suites.points import Point, Task
from pydantic import Field

from evals.benchmark import Benchmark, Role
from evals.choice import Settings

SUITE = "points"


class Config(Settings):
    """How many points, and the seed they are drawn from."""

    num_points: int = Field(40, ge=8)
    seed: int = 0


def build(config: Config) -> Benchmark:
    """Returns the benchmark."""
    rng = random.Random(config.seed)
    drawn = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(config.num_points)]
    points = tuple(
        Point(f"point-{index:03d}", x, y, side=int(x + y > 0)) for index, (x, y) in enumerate(drawn)
    )
    quarter = config.num_points // 4
    forget, retain = points[:quarter], points[quarter:]
    splits = {"full": points, "forget": forget, "retain": retain, "holdout": ()}
    tasks = (Task("forget", Role.FORGET, forget), Task("retain", Role.RETAIN, retain))
    return Benchmark("points", splits, tasks, ())
