"""What is found of a picture: how like its own person it is, and how like the others."""

from dataclasses import dataclass

from evals.benchmark import Role

SCALE = 30.0
"""What cosines are multiplied by before a softmax, as in CLEAR's training."""


@dataclass(frozen=True, slots=True)
class FaceScore:
    """Cosines of a picture's embedding to the vectors that people are enrolled by.

    `cosine` is that to its own person, `best_other` the largest to anybody else. `nll` are the nats
    of the own person under a softmax over all cosines times SCALE.
    """

    id: str
    person: str
    cosine: float
    best_other: float
    nll: float

    @property
    def recognised(self) -> bool:
        """Whether its own person is the nearest; NaN is near to nobody."""
        return self.cosine > self.best_other


@dataclass(frozen=True, slots=True)
class TaskScores:
    """The scored pictures of one task, sorted by id."""

    name: str
    role: Role
    items: tuple[FaceScore, ...]


def accuracy(task: TaskScores) -> float:
    """Returns the share of a task's pictures whose person is recognised; NaN if a score is.

    Raises:
        ValueError: the task has no items.
    """
    if not task.items:
        raise ValueError(f"the task {task.name} has no items")
    if any(item.cosine != item.cosine or item.best_other != item.best_other for item in task.items):
        return float("nan")
    return sum(item.recognised for item in task.items) / len(task.items)
