"""Renders questions and answers into token ids with labels on the answer span."""

from typing import Literal

from evals.choice import Settings


class Prompt(Settings):
    """How a question is put to a model.

    "chat_template" uses the tokenizer's own; "tags" joins
    question_start + question + question_end + answer_start + answer as a plain string.
    """

    style: Literal["chat_template", "tags"] = "tags"
    question_start: str = "Question: "
    question_end: str = "\n"
    answer_start: str = "Answer: "
