"""Renders questions and answers into token ids with labels on the answer span.

Shapes: B rows, T positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jinja2 import TemplateError
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from evals.choice import Settings
from evals.collated import IGNORE, Collated
from evals.errors import ConfigError
from evals.text.answer_end import closed, special_ids
from evals.text.chat_template import rendered
from evals.text.example import Example
from evals.text.kept_rows import KeptRows

ANSWER = "@@answer@@"
"""Stands in for an answer while a chat template is rendered; no template changes it."""

AS_THEY_ARE = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}


class Prompt(Settings):
    """How a question is put to a model.

    "chat_template" uses the tokenizer's own; "tags" joins
    question_start + question + question_end + answer_start + answer as a plain string.
    """

    style: Literal["chat_template", "tags"] = "tags"
    question_start: str = "Question: "
    question_end: str = "\n"
    answer_start: str = "Answer: "


@dataclass(frozen=True, slots=True)
class Row:
    """Token ids of one question with its answer.

    `labels` are not shifted; they are IGNORE everywhere but on the answer and its end token.
    `ended` is false where the row was cut before that token.
    """

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    ended: bool = True

    @property
    def num_labels(self) -> int:
        """How many tokens are predicted."""
        return sum(label != IGNORE for label in self.labels[1:])

    @property
    def num_positions(self) -> int:
        """How many tokens there are."""
        return len(self.input_ids)


@dataclass(frozen=True, slots=True)
class Processor:
    """What an encoder is made of: a model's tokenizer, and how the model wants to be asked."""

    tokenizer: PreTrainedTokenizerBase
    prompt: Prompt


class Encoder:
    """Turns text into rows for one tokenizer, one prompt format and one length limit.

    The answer is found in the final ids through their character offsets: a prompt tokenised by
    itself may end in other tokens than the same prompt with an answer behind it. Blanks at the
    end of the prompt belong to the answer, for most tokenizers merge them with its first word
    (" Hina" after "Answer: "): so every answer is scored, and generated, behind the same tokens.
    `key` is the setting that `max_length` comes from, for messages.

    Raises:
        ConfigError: the tokenizer is not a fast one, has no end-of-sequence token, or has no
            usable chat template although the prompt asks for one.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        prompt: Prompt,
        max_length: int,
        key: str = "max_length",
    ) -> None:
        require_usable(tokenizer, prompt)
        self.tokenizer = tokenizer
        self.prompt = prompt
        self.max_length = max_length
        self._key = key
        self.eos_id: int = tokenizer.eos_token_id
        self.pad_id: int = self.eos_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        self._special = special_ids(tokenizer)
        self.end_id = self._end_id()
        self._kept = KeptRows()

    def answered(self, example: Example) -> Row:
        """Returns the row of a question and its own answer."""
        return self.row(example, example.answer)

    def refused(self, example: Example, refusal: str) -> Row:
        """Returns the row of a question and a refusal to answer it."""
        return self.row(example, refusal)

    def swapped(self, example: Example, other: Example) -> Row:
        """Returns the row of a question and the answer to another one."""
        return self.row(example, other.answer)

    def twin(self, example: Example) -> Row:
        """Fails: text has no mirror, and plans refuse who needs one."""
        raise AssertionError(f"the question {example.id} was to have a twin")

    def collate(self, rows: Sequence[Row]) -> Collated:
        """Returns the rows side by side, padded on the right."""
        return collate(rows, pad_id=self.pad_id)

    def row(self, example: Example, answer: str) -> Row:
        """Returns the row of the example's question and this answer."""
        return self._kept.find(
            (example.question, answer), self.encode, lambda row: len(row.input_ids)
        )

    def prompt_ids(self, example: Example) -> tuple[int, ...]:
        """Returns the ids that stand before any answer to the example's question."""
        return self._kept.find((example.question,), self.encode_prompt, len)

    def beside_tokens(self, examples: Sequence[Example]) -> Mapping[str, Tensor]:  # noqa: ARG002
        """Returns nothing: a question is all tokens."""
        return {}

    def encode(self, question: str, answer: str) -> Row:
        """Returns the row of a question and its answer, cut at `max_length`.

        With tags, the end-of-sequence token follows the answer. With a chat template, the row
        is the rendered conversation up to the special token that closes the answer, or the
        end-of-sequence token if the template closes it with none. Either is labelled, and so is
        white space that the template puts between: the model has to produce it to stop.

        Raises:
            ConfigError: nothing of the answer is left within `max_length`.
        """
        head, tail = _frame(self.tokenizer, self.prompt, question)
        body = answer if self.prompt.style == "tags" else answer.strip()
        ids, ends = self._tokenize(head + body + tail)
        prompt_end = len(head.rstrip(" "))
        start = next((i for i, end in enumerate(ends) if end > prompt_end), len(ids))
        whole = closed(
            ids, ends, after=len(head) + len(body), special=self._special, eos=self.eos_id
        )
        kept = tuple(whole[: self.max_length])
        if start >= len(kept) or start == 0:
            raise ConfigError(
                f"{self._key} must be larger than the question's {start} tokens but got "
                f"{self.max_length}, and no answer token is left to score of {question!r}; "
                f"raise {self._key}"
            )
        labels = (IGNORE,) * start + kept[start:]
        return Row(kept, labels, ended=len(kept) == len(whole))

    def encode_prompt(self, question: str) -> tuple[int, ...]:
        """Returns the ids that stand before any answer, to generate from; never cut."""
        head, _ = _frame(self.tokenizer, self.prompt, question)
        ids, _ = self._tokenize(head.rstrip(" "))
        return tuple(ids)

    def spelled(self, example: Example) -> tuple[str, str]:
        """Returns what the tokens of an answered example spell: those of the prompt, and the rest.

        The answer is what is scored, with the token that ends it.
        """
        row = self.answered(example)
        start = sum(label == IGNORE for label in row.labels)
        ids = (row.input_ids, row.input_ids[:start])
        whole, prompt = (str(self.tokenizer.decode(list(each), **AS_THEY_ARE)) for each in ids)
        return prompt, whole.removeprefix(prompt)

    def _tokenize(self, text: str) -> tuple[list[int], list[int]]:
        """Returns the ids and each one's end in `text` (0 for a token that is not in it).

        A chat template brings its own special tokens; with tags the tokenizer adds them. An
        end-of-sequence token that some tokenizers add is taken off: `closed` puts it on.
        """
        encoded = self.tokenizer(
            text,
            add_special_tokens=self.prompt.style == "tags",
            return_offsets_mapping=True,
            verbose=False,
        )
        ids: list[int] = list(encoded["input_ids"])
        ends = [end if end > start else 0 for start, end in encoded["offset_mapping"]]
        if len(ids) > 1 and ids[-1] == self.eos_id and ends[-1] == 0:
            return ids[:-1], ends[:-1]
        return ids, ends

    def _end_id(self) -> int:
        """Returns the token that closes an answer."""
        head, tail = _frame(self.tokenizer, self.prompt, "Who?")
        ids, ends = self._tokenize(head + ANSWER + tail)
        after = len(head) + len(ANSWER)
        return closed(ids, ends, after=after, special=self._special, eos=self.eos_id)[-1]


def collate(rows: Sequence[Row], *, pad_id: int) -> Collated:
    """Returns the rows side by side, padded on the right.

    The mask goes by length, never by token value: the pad token may be a real one (EOS).
    """
    length = max(len(row.input_ids) for row in rows)
    input_ids_BT = torch.full((len(rows), length), pad_id, dtype=torch.long)
    attention_mask_BT = torch.zeros((len(rows), length), dtype=torch.long)
    labels_BT = torch.full((len(rows), length), IGNORE, dtype=torch.long)
    for index, row in enumerate(rows):
        size = len(row.input_ids)
        input_ids_BT[index, :size] = torch.tensor(row.input_ids)
        attention_mask_BT[index, :size] = 1
        labels_BT[index, :size] = torch.tensor(row.labels)
    return model_inputs(input_ids_BT, attention_mask_BT, labels_BT)


def model_inputs(input_ids_BT: Tensor, attention_mask_BT: Tensor, labels_BT: Tensor) -> Collated:
    """Returns padded rows as a language model takes them; `labels_BT` are not shifted yet."""
    return Collated(
        {"input_ids": input_ids_BT, "attention_mask": attention_mask_BT},
        attention_mask_BT.bool(),
        labels_BT[:, 1:],
    )


def require_usable(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> None:
    """Raises the ConfigError of an `Encoder` whose tokenizer cannot do what it takes."""
    require_tokens(tokenizer)
    _require_prompt(tokenizer, prompt)


def require_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuses a tokenizer that tells no offsets, or has no token to end an answer with."""
    if not tokenizer.is_fast:
        raise ConfigError(
            "model.path must have a fast tokenizer (tokenizer.json) but got "
            f"{type(tokenizer).__name__}; convert it with transformers"
        )
    if tokenizer.eos_token_id is None:
        raise ConfigError(
            "model.path must have a tokenizer with an end-of-sequence token but got none; "
            "set eos_token in its tokenizer_config.json"
        )


def _require_prompt(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> None:
    if prompt.style == "chat_template" and not tokenizer.chat_template:
        raise ConfigError(
            "model.prompt.style must be tags for a tokenizer without a chat template but got "
            "chat_template; set model.prompt.style: tags and its question_start, question_end "
            "and answer_start"
        )
    if prompt.style == "chat_template":
        try:
            head, _ = _frame(tokenizer, prompt, "Who?")
        except TemplateError as error:
            raise _unusable_template(str(error)) from error
        if not head:
            raise _unusable_template("it leaves the question or the answer out")


def _unusable_template(reason: str) -> ConfigError:
    return ConfigError(
        "model.prompt.style must be tags for a tokenizer whose chat template cannot render a "
        f"question with its answer but got chat_template ({reason}); set model.prompt.style: tags"
    )


def _frame(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, question: str) -> tuple[str, str]:
    """Returns the text before and after the answer."""
    if prompt.style == "tags":
        start = f"{prompt.question_start}{question}{prompt.question_end}{prompt.answer_start}"
        return start, ""
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": ANSWER}]
    head, _, tail = rendered(tokenizer, turns).rpartition(ANSWER)
    return head, tail
