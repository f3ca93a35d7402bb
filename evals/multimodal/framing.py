"""How a question, with or without a picture, is put to a model: by tags or by a chat template."""

from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from evals.errors import ConfigError, shown
from evals.text import encoding as text
from evals.text.chat_template import rendered
from evals.text.encoding import ANSWER


class Prompt(text.Prompt):
    """How a question is put to a model; with tags, `picture` stands before it where there is one.

    A chat template has a place of its own for a picture.
    """

    picture: str = "<image>\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """The text around an answer: `head` before it, `tail` behind it."""

    head: str
    tail: str


def framed(
    tokenizer: PreTrainedTokenizerBase, prompt: Prompt, question: str, *, with_picture: bool
) -> Frame:
    """Returns the text around the answer to a question.

    Raises:
        TemplateError: the chat template cannot render it.
    """
    if prompt.style == "tags":
        picture = prompt.picture if with_picture else ""
        asked = f"{prompt.question_start}{picture}{question}{prompt.question_end}"
        return Frame(f"{asked}{prompt.answer_start}", "")
    content: list[dict[str, Any]] = [{"type": "image"}] if with_picture else []
    content.append({"type": "text", "text": question})
    answer = [{"type": "text", "text": ANSWER}]
    turns = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
    head, _, tail = rendered(tokenizer, turns).rpartition(ANSWER)
    return Frame(head, tail)


def image_token(tokenizer: PreTrainedTokenizerBase, image_token_id: int) -> str:
    """Returns the token that stands for a picture.

    Raises:
        ConfigError: the tokenizer has none, and so is another model's.
    """
    token = tokenizer.convert_ids_to_tokens(image_token_id)
    if token is None or image_token_id not in tokenizer.added_tokens_decoder:
        got = "has none" if token is None else f"has {shown(token)}, a piece of text, there"
        raise ConfigError(
            "model.path must have the tokenizer that the model was trained with, whose token "
            f"{image_token_id} stands for a picture, but that {got}; put the model's own tokenizer "
            "beside it"
        )
    return str(token)


def require_prompt(tokenizer: PreTrainedTokenizerBase, prompt: Prompt, image_token: str) -> None:
    """Refuses a way of asking that a question, or a picture, is lost in.

    Raises:
        ConfigError: says what is lost and what to set.
    """
    if prompt.style == "tags":
        _require_place(prompt.picture, image_token, "model.prompt.picture")
        return
    if not tokenizer.chat_template:
        raise ConfigError(
            "model.prompt.style must be tags for a model without a chat template but got "
            "chat_template; set model.prompt.style: tags and its question_start, picture, "
            "question_end and answer_start, or put chat_template.jinja beside the model"
        )
    try:
        heads = [
            framed(tokenizer, prompt, "Who?", with_picture=each).head for each in (True, False)
        ]
    except TemplateError as error:
        raise _unusable(str(error)) from error
    if not all("Who?" in head for head in heads):
        raise _unusable("it leaves the question or the answer out")
    _require_place(heads[0], image_token, "the model's chat template")


def _require_place(head: str, image_token: str, where: str) -> None:
    if head.count(image_token) != 1:
        raise ConfigError(
            f"{where} must have one place for a picture, {shown(image_token)}, but got "
            f"{head.count(image_token)} in {shown(head)}; correct it, or set model.prompt.style: "
            f"tags with picture: {image_token!r}"
        )


def _unusable(reason: str) -> ConfigError:
    return ConfigError(
        "model.prompt.style must be tags for a model whose chat template cannot render a question "
        f"with its answer but got chat_template ({reason}); set model.prompt.style: tags"
    )
