"""How long rows and sheets will be, from texts alone: a plan has no tokenizer."""

import math
from collections.abc import Iterable, Sequence

from evals.benchmark import Benchmark, Task
from evals.metric import load_metric
from evals.settings import EvaluationSettings
from evals.text.example import Example

BYTES_PER_TOKEN = 4.0
"""Of UTF-8 text under a common tokenizer."""
FEWEST_BYTES_PER_TOKEN = 3.0
"""In a row of rare words or names."""
TOKEN_BYTES, ANSWER_BYTES, ITEM_BYTES = 28, 46, 150
"""Of a score sheet: for a token of a true answer, for any answer, and for an item itself."""
FRAME_TOKENS = 16
"""What the prompt's tags or the chat template add."""
END_TOKENS = 2
"""What closes an answer."""


def mean_positions(examples: Sequence[Example], *, max_length: int) -> float:
    """Returns about how many tokens a question with its answer has on average."""
    sizes = [_size(example.question, example.answer) for example in examples]
    if not sizes:
        return 0.0
    return sum(_tokens(size, BYTES_PER_TOKEN, max_length) for size in sizes) / len(sizes)


def most_positions(benchmark: Benchmark, *, max_length: int) -> int:
    """Returns about how many tokens the longest question with an answer that is trained has."""
    questions = [_bytes(e.question) for e in benchmark.splits["full"]]
    # Methods also ask one example's question with another's answer, or with a refusal.
    longest = max(questions, default=0) + _longest_answer(benchmark)
    return math.ceil(_tokens(longest, FEWEST_BYTES_PER_TOKEN, max_length))


def most_labels(benchmark: Benchmark, *, max_length: int) -> int:
    """Returns about how many tokens the longest answer that is trained has, and its end."""
    return _labels(_longest_answer(benchmark), max_length)


def most_scored_positions(tasks: Iterable[Task], *, max_length: int) -> int:
    """Returns about how many tokens the longest row to be scored has."""
    sizes = [
        _size(example.question, answer)
        for task in tasks
        for example in task.examples
        for answer in example.answers
    ]
    return math.ceil(_tokens(max(sizes, default=0), FEWEST_BYTES_PER_TOKEN, max_length))


def most_scored_labels(tasks: Iterable[Task], *, max_length: int) -> int:
    """Returns about how many tokens the longest answer to be scored has, and its end."""
    sizes = [
        _bytes(answer) for task in tasks for example in task.examples for answer in example.answers
    ]
    return _labels(max(sizes, default=0), max_length)


def num_scored(task: Task) -> int:
    """Returns how many rows of a task are scored."""
    return sum(len(example.answers) for example in task.examples)


def num_generated(task: Task, settings: EvaluationSettings) -> int:
    """Returns how many tokens are generated at most for each question of a task.

    None are where no metric reads what is generated for the task.
    """
    read = any(load_metric(name).reads_generations(task) for name in settings.metrics)
    return settings.max_new_tokens if read else 0


def sheet_bytes(tasks: Iterable[Task]) -> int:
    """Returns about what the scores of tasks take on disk."""
    counted = list(tasks)
    items = [example for task in counted for example in task.examples]
    truth_bytes = sum(_bytes(item.answer) for item in items)
    num_answers = sum(num_scored(task) for task in counted)
    # A true answer stands there twice: as it should be, and as it was generated.
    sheet = (2 + TOKEN_BYTES / BYTES_PER_TOKEN) * truth_bytes
    return int(sheet) + ANSWER_BYTES * num_answers + ITEM_BYTES * len(items)


def _longest_answer(benchmark: Benchmark) -> int:
    answers = [_bytes(e.answer) for e in benchmark.splits["full"]]
    answers += [_bytes(refusal) for refusal in benchmark.refusals]
    return max(answers, default=0)


def _labels(size: int, max_length: int) -> int:
    return min(max_length, math.ceil(END_TOKENS + size / FEWEST_BYTES_PER_TOKEN))


def _size(question: str, answer: str) -> int:
    return _bytes(question) + _bytes(answer)


def _bytes(text: str) -> int:
    return len(text.encode())


def _tokens(size: int, bytes_per_token: float, max_length: int) -> float:
    return min(float(max_length), FRAME_TOKENS + size / bytes_per_token)
