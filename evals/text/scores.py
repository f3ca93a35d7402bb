"""What a language model was found to say: the likelihood of every answer of every item."""

from dataclasses import dataclass

from evals.benchmark import Role
from evals.scores import ScoreSheet
from evals.text.example import Probability


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """Likelihood of one answer: `nll` in nats, summed over its `num_tokens` labelled tokens.

    The token that closes the answer counts in both, unless the answer was cut at the longest row
    before it: then `ended` is false.
    """

    nll: float
    num_tokens: int
    ended: bool = True

    @property
    def mean_nll(self) -> float:
        """Nats per labelled token."""
        return self.nll / self.num_tokens


@dataclass(frozen=True, slots=True)
class ItemScore:
    """Everything measured about one example.

    `token_logprobs` and `token_hits` (teacher-forced argmax equals the label) run over the
    labelled tokens of the true answer, the closing token last if `answer.ended`. `generation` is
    the greedy continuation, None when nothing asked for it.
    """

    id: str
    truth: str
    answer: AnswerScore
    paraphrase: AnswerScore | None
    perturbed: tuple[AnswerScore, ...]
    token_logprobs: tuple[float, ...]
    token_hits: tuple[bool, ...]
    generation: str | None = None

    @property
    def answers(self) -> tuple[AnswerScore, ...]:
        """All that was scored: the truth, its paraphrase, wrong answers."""
        paraphrase = () if self.paraphrase is None else (self.paraphrase,)
        return (self.answer, *paraphrase, *self.perturbed)

    @property
    def truncated(self) -> bool:
        """Tells whether one of the answers was cut at the longest row."""
        return not all(answer.ended for answer in self.answers)


@dataclass(frozen=True, slots=True)
class TaskScores:
    """The scored items of one task, sorted by id."""

    name: str
    role: Role
    probability: Probability
    items: tuple[ItemScore, ...]


def num_truncated(sheet: ScoreSheet) -> int:
    """Returns the items of all tasks of which one of the answers was cut at the longest row."""
    return sum(item.truncated for task in sheet.tasks for item in task.items)
