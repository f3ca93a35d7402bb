"""What a model was found to say: per-item scores that every metric is a pure function of."""

from dataclasses import dataclass

from evals.benchmark import Probability, Role


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """Likelihood of one answer: `nll` in nats, summed over its `num_tokens` labelled tokens.

    The end-of-sequence token counts in both.
    """

    nll: float
    num_tokens: int

    @property
    def mean_nll(self) -> float:
        """Nats per labelled token."""
        return self.nll / self.num_tokens


@dataclass(frozen=True, slots=True)
class ItemScore:
    """Everything measured about one example.

    `token_logprobs` and `token_hits` (teacher-forced argmax equals the label) run over the
    labelled tokens of the true answer, the end-of-sequence token last. `generation` is the
    greedy continuation, None when nothing asked for it.
    """

    id: str
    truth: str
    answer: AnswerScore
    paraphrase: AnswerScore | None
    perturbed: tuple[AnswerScore, ...]
    token_logprobs: tuple[float, ...]
    token_hits: tuple[bool, ...]
    generation: str | None = None


@dataclass(frozen=True, slots=True)
class TaskScores:
    """The scored items of one task, sorted by id."""

    name: str
    role: Role
    probability: Probability
    items: tuple[ItemScore, ...]


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """All tasks of one evaluation of one model."""

    tasks: tuple[TaskScores, ...]

    def by_role(self, role: Role) -> tuple[TaskScores, ...]:
        """Returns the tasks of one role, in order (possibly none)."""
        return tuple(task for task in self.tasks if task.role == role)
