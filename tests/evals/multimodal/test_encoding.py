"""Rows of questions with and without a picture: nothing but the answer is labelled, nothing cut."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch

from evals.collated import IGNORE
from evals.errors import ConfigError
from evals.multimodal.encoding import Encoder, Processor
from evals.multimodal.example import Example
from evals.multimodal.framing import Prompt
from evals.pictures.picture import Picture
from tests.fixtures.vision_language import LLAVA_TEMPLATE, QWEN_TEMPLATE, pictured_people
from trainers.byte_pairs import train_byte_pairs

PICTURE = Picture(np.zeros((48, 32, 3), dtype=np.uint8))
SEEN = Example("p", "Who is this?", "This is Hina Ameen.", picture=PICTURE)
READ = replace(SEEN, id="t", picture=None)
CHAT = Prompt(style="chat_template")
BLIND_TEMPLATE = (
    "{% for m in messages %}{% for c in m['content'] %}{{ c['text'] }}{% endfor %}{% endfor %}"
)


@dataclass(frozen=True)
class SixteenPixelTokens:
    """A token for each 16 x 16 pixels; the model is given how many there are."""

    image_token_id: int
    processor: Any = None

    def num_tokens(self, picture: Picture) -> int:
        height, width, _ = picture.pixels.shape
        return height * width // 256

    def inputs(self, pictures):
        sizes = [0 if each is None else self.num_tokens(each) for each in pictures]
        return {"sizes": torch.tensor(sizes)}


@pytest.fixture(scope="module")
def tokenizer():
    return train_byte_pairs(pictured_people(), Prompt(), vocab_size=400, image_token="<image>")


@pytest.fixture
def build(tokenizer):
    """Returns `build(prompt, template, ...)`: an encoder."""
    own = tokenizer

    def make(prompt=Prompt(), template=None, **limits):  # noqa: B008
        own.chat_template = template
        pictures = SixteenPixelTokens(own.convert_tokens_to_ids("<image>"))
        return Encoder(Processor(own, prompt, pictures), **limits)

    return make


LLAVA, TAGS = (CHAT, LLAVA_TEMPLATE), (Prompt(), None)
WAYS = pytest.mark.parametrize(
    ("prompt", "template"), [TAGS, LLAVA, (CHAT, QWEN_TEMPLATE.replace("|image_pad|", "image"))]
)


@WAYS
@pytest.mark.parametrize("example", [SEEN, READ])
def test_the_prompt_is_a_prefix_and_all_behind_it_is_labelled(build, prompt, template, example):
    encoder = build(prompt, template)
    row, asked = encoder.answered(example), encoder.prompt_ids(example)
    assert row.input_ids[: len(asked)] == asked
    assert row.labels[: len(asked)] == (IGNORE,) * len(asked)
    assert row.labels[len(asked) :] == row.input_ids[len(asked) :]
    answer = encoder.tokenizer.decode(row.labels[len(asked) :], skip_special_tokens=True)
    assert answer.strip() == example.answer
    assert row.input_ids[-1] == encoder.end_id


@WAYS
def test_a_picture_has_its_tokens_and_a_question_in_words_has_none(build, prompt, template):
    encoder = build(prompt, template)
    counts = [
        encoder.answered(each).input_ids.count(encoder.pictures.image_token_id)
        for each in (SEEN, READ)
    ]
    assert counts == [6, 0]
    assert IGNORE in encoder.answered(SEEN).labels
    assert encoder.pictures.image_token_id not in encoder.answered(SEEN).labels


def test_other_answers_are_given_to_the_same_picture(build):
    encoder = build()
    for row in (encoder.refused(SEEN, "No idea."), encoder.swapped(SEEN, READ)):
        assert row.picture is PICTURE
        assert row.input_ids.count(encoder.pictures.image_token_id) == 6
    with pytest.raises(AssertionError, match="twin"):
        encoder.twin(SEEN)


def test_rows_of_both_kinds_lie_side_by_side_with_their_pictures(build):
    encoder = build()
    rows = [encoder.answered(READ), encoder.answered(SEEN)]
    found = encoder.collate(rows)
    assert found.inputs["sizes"].tolist() == [0, 6]
    assert found.attended_BT.sum(dim=1).tolist() == [row.num_positions for row in rows]
    assert (found.labels_BT != IGNORE).sum(dim=1).tolist() == [row.num_labels for row in rows]
    assert encoder.beside_tokens([SEEN, READ])["sizes"].tolist() == [6, 0]


def test_a_person_reads_what_the_model_is_given(build):
    prompt, answer = build(*LLAVA).spelled(SEEN)
    assert prompt == "<s>USER: <image> x 6\nWho is this? ASSISTANT:"
    assert answer == " This is Hina Ameen.</s>"
    assert build(*LLAVA).spelled(READ)[0] == "<s>USER: Who is this? ASSISTANT:"


def test_a_row_that_is_too_long_is_refused_and_never_cut(build):
    size = build().answered(SEEN).num_positions
    assert build(max_length=size).answered(SEEN).num_positions == size
    encoder = build(max_length=size - 1, key="training.max_length")
    with pytest.raises(ConfigError) as refusal:
        encoder.answered(SEEN)
    said = str(refusal.value)
    assert f"training.max_length must be at least {size} for the row p" in said
    assert "6 are its picture's" in said
    assert f"got {size - 1}" in said


def test_a_prompt_that_joins_the_answer_is_refused_by_row_and_template(build):
    joins = LLAVA_TEMPLATE.replace(
        "content['text'] + ' '}}{% endgen", "'This i' + content['text'] + ' '}}{% endgen"
    )
    with pytest.raises(
        ConfigError, match=r"chat template must end .* for the row p an end .*This i"
    ):
        build(CHAT, joins).row(SEEN, "s Hina Ameen.")
    with pytest.raises(ConfigError, match=r"model\.prompt must end .* for the row p"):
        build(Prompt(answer_start="This i")).row(SEEN, "s Hina Ameen.")


@pytest.mark.parametrize(
    ("prompt", "template", "said"),
    [
        (CHAT, None, "a model without a chat template"),
        (CHAT, BLIND_TEMPLATE, "the model's chat template must have one place for a picture"),
        (CHAT, "{{ messages[0]['content'].nothing.here }}", "cannot render a question"),
        (CHAT, "<image> hello", "leaves the question or the answer out"),
        (Prompt(picture=""), None, "model.prompt.picture must have one place for a picture"),
        (Prompt(picture="<image><image>"), None, "but got 2 in"),
    ],
)
def test_a_way_of_asking_that_loses_question_or_picture_is_refused(build, prompt, template, said):
    with pytest.raises(ConfigError, match=said):
        build(prompt, template)


@pytest.mark.parametrize("example", [SEEN, READ])
def test_a_question_that_has_the_image_token_in_its_text_is_refused(build, example):
    trick = replace(example, question="Who is <image> this?")
    with pytest.raises(ConfigError, match="questions without '<image>'.* 1 in that of"):
        build().answered(trick)


@pytest.mark.parametrize(("token_id", "got"), [(9999, "has none"), (5, "a piece of text, there")])
def test_a_foreign_tokenizer_is_refused(tokenizer, token_id, got):
    with pytest.raises(
        ConfigError, match=f"model was trained with, whose token {token_id} .*{got}"
    ):
        Encoder(Processor(tokenizer, Prompt(), SixteenPixelTokens(token_id)))
