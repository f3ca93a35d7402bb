"""Renders questions, with or without a picture, into token ids with labels on the answer span.

Where a row has a picture its place is taken by as many image tokens as the model makes of it. A
row is never cut: one that is too long is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from evals.collated import IGNORE, Collated
from evals.errors import ConfigError, shown
from evals.multimodal.example import Example
from evals.multimodal.framing import Frame, Prompt, framed, image_token, require_prompt
from evals.multimodal.picture_inputs import PictureInputs
from evals.pictures.picture import Picture
from evals.text import encoding as text
from evals.text.answer_end import closed, special_ids
from evals.text.encoding import ANSWER, collate
from evals.text.example import Example as Question

UNLIMITED = 1 << 20
"""A `max_length` that no row exceeds."""


@dataclass(frozen=True, slots=True)
class Row(text.Row):
    """Token ids of a question with its answer, and the picture that it is put to."""

    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Processor:
    """What an encoder is made of."""

    tokenizer: PreTrainedTokenizerBase
    prompt: Prompt
    pictures: PictureInputs


class Encoder:
    """Turns examples into rows for one model, one prompt format and one length limit.

    Answers begin behind the very ids that the model is asked by; blanks at the end of the prompt
    belong to the answer, as most tokenizers merge them with its first word. `key` is the setting
    that `max_length` comes from.

    Raises:
        ConfigError: the tokenizer is not a fast one or has no end-of-sequence token, or the chat
            template is missing, cannot render a question, or has no place for a picture, or the
            tokenizer has no token that stands for one.
    """

    def __init__(
        self, processor: Processor, *, max_length: int = UNLIMITED, key: str = "max_length"
    ) -> None:
        tokenizer = processor.tokenizer
        text.require_tokens(tokenizer)
        self.tokenizer = tokenizer
        self.prompt = processor.prompt
        self.pictures = processor.pictures
        self.max_length = max_length
        self._key = key
        self._image_token = image_token(tokenizer, self.pictures.image_token_id)
        self.eos_id: int = tokenizer.eos_token_id
        self.pad_id: int = self.eos_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        self._special = special_ids(tokenizer)
        require_prompt(tokenizer, self.prompt, self._image_token)
        self.end_id = self._end_id()

    def answered(self, example: Example) -> Row:
        """Returns the row of a question and its own answer."""
        return self.row(example, example.answer)

    def refused(self, example: Example, refusal: str) -> Row:
        """Returns the row of a question and a refusal to answer it."""
        return self.row(example, refusal)

    def swapped(self, example: Example, other: Example) -> Row:
        """Returns the row of a question, with its picture, and the answer to another one."""
        return self.row(example, other.answer)

    def twin(self, example: Example) -> Row:
        """Fails: such an example has no mirror, and plans refuse who needs one."""
        raise AssertionError(f"the question {example.id} was to have a twin")

    def row(self, example: Question, answer: str) -> Row:
        """Returns the row of an example and this answer, up to the token that closes it.

        That is the special token that a chat template closes an answer with, or else the
        end-of-sequence token.

        Raises:
            ConfigError: the row is longer than `max_length`, or the template joins what the model
                is asked by with the answer.
        """
        picture = _picture(example)
        frame = self._frame(example.question, picture)
        body = answer.strip() if self.prompt.style == "chat_template" else answer
        head = self._expanded(frame.head, picture, example.id)
        ids, ends = self._tokenize(head + body + frame.tail)
        after = len(head) + len(body)
        whole = tuple(closed(ids, ends, after=after, special=self._special, eos=self.eos_id))
        prompt = self._prompt_ids(head)
        self._require_prefix(prompt, whole, example.id)
        self._require_short(whole, picture, example.id)
        labels = (IGNORE,) * len(prompt) + whole[len(prompt) :]
        return Row(whole, labels, picture=picture)

    def prompt_ids(self, example: Question) -> tuple[int, ...]:
        """Returns the ids that stand before any answer, to generate from; never cut."""
        picture = _picture(example)
        frame = self._frame(example.question, picture)
        return self._prompt_ids(self._expanded(frame.head, picture, example.id))

    def beside_tokens(self, examples: Sequence[Question]) -> Mapping[str, Tensor]:
        """Returns the inputs of the examples' pictures."""
        return self.pictures.inputs([_picture(each) for each in examples])

    def collate(self, rows: Sequence[text.Row]) -> Collated:
        """Returns the rows side by side, padded on the right, with their pictures."""
        tokens = collate(rows, pad_id=self.pad_id)
        pictures = [cast(Row, row).picture for row in rows]
        inputs = {**tokens.inputs, **self.pictures.inputs(pictures)}
        return Collated(inputs, tokens.attended_BT, tokens.labels_BT)

    def spelled(self, example: Example) -> tuple[str, str]:
        """Returns what the tokens of an answered example spell: those of the prompt, and the rest.

        Image tokens are counted, not repeated.
        """
        row = self.answered(example)
        start = sum(label == IGNORE for label in row.labels)
        decode = self.tokenizer.decode
        ids = (list(row.input_ids), list(row.input_ids[:start]))
        whole, prompt = (str(decode(each, **text.AS_THEY_ARE)) for each in ids)
        num_tokens = row.input_ids.count(self.pictures.image_token_id)
        many = self._image_token * num_tokens
        short = f"{self._image_token} x {num_tokens}"
        return prompt.replace(many, short) if many else prompt, whole.removeprefix(prompt)

    def _frame(self, question: str, picture: Picture | None) -> Frame:
        return framed(self.tokenizer, self.prompt, question, with_picture=picture is not None)

    def _expanded(self, head: str, picture: Picture | None, row_id: str) -> str:
        """Returns the text before an answer with all image tokens in it.

        Raises:
            ConfigError: the question has the image token in its text.
        """
        wanted = 0 if picture is None else 1
        found = head.count(self._image_token)
        if found != wanted:
            raise ConfigError(
                f"benchmark must have questions without {shown(self._image_token)}, which stands "
                f"for the model's picture, but got {found - wanted} in that of {row_id}; take it "
                "out of the question"
            )
        if picture is None:
            return head
        return head.replace(
            self._image_token, self._image_token * self.pictures.num_tokens(picture)
        )

    def _prompt_ids(self, head: str) -> tuple[int, ...]:
        ids, _ = self._tokenize(head.rstrip(" "))
        return tuple(ids)

    def _tokenize(self, whole: str) -> tuple[list[int], list[int]]:
        """Returns the ids and each one's end in the text (0 for a token that is not in it).

        Special tokens at the start are added unless a template has written them.
        """
        begun = self.tokenizer.bos_token and whole.startswith(str(self.tokenizer.bos_token))
        encoded = self.tokenizer(
            whole, add_special_tokens=not begun, return_offsets_mapping=True, verbose=False
        )
        ids: list[int] = list(encoded["input_ids"])
        ends = [end if end > start else 0 for start, end in encoded["offset_mapping"]]
        if len(ids) > 1 and ids[-1] == self.eos_id and ends[-1] == 0:
            return ids[:-1], ends[:-1]
        return ids, ends

    def _require_prefix(self, prompt: tuple[int, ...], whole: tuple[int, ...], row_id: str) -> None:
        if len(whole) > len(prompt) > 0 and whole[: len(prompt)] == prompt:
            return
        where = "chat template" if self.prompt.style == "chat_template" else "model.prompt"
        asked = self.tokenizer.decode(list(prompt[-6:]), **text.AS_THEY_ARE)
        raise ConfigError(
            f"the model's {where} must end what is asked where a token ends, whatever answer "
            f"follows, but got for the row {row_id} an end {asked!r} that joins the answer; "
            "end the template's generation prompt with a token of its own, or set "
            "model.prompt.style: tags with an answer_start that ends in a word or a newline"
        )

    def _require_short(self, whole: tuple[int, ...], picture: Picture | None, row_id: str) -> None:
        if len(whole) <= self.max_length:
            return
        num_tokens = 0 if picture is None else self.pictures.num_tokens(picture)
        raise ConfigError(
            f"{self._key} must be at least {len(whole)} for the row {row_id}, of whose tokens "
            f"{num_tokens} are its picture's and none may be cut, but got {self.max_length}; raise "
            f"{self._key}, or let the model's image processor make pictures smaller"
        )

    def _end_id(self) -> int:
        """Returns the token that closes an answer."""
        frame = self._frame("Who?", None)
        ids, ends = self._tokenize(frame.head + ANSWER + frame.tail)
        after = len(frame.head) + len(ANSWER)
        return closed(ids, ends, after=after, special=self._special, eos=self.eos_id)[-1]


def _picture(example: Question) -> Picture | None:
    return cast(Example, example).picture
