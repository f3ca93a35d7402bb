import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from evals.collated import IGNORE
from evals.errors import ConfigError
from evals.text.encoding import Encoder, Prompt, Row, collate
from evals.text.example import Example
from tests.fixtures.golden import GOLDEN

CLEAR_LLAMA = Prompt(question_start="[INST] ", question_end=" [/INST]", answer_start="")
CHAT = Prompt(style="chat_template")

LLAMA_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + m['content'].strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'].strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
CHATML_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n{% endfor %}"
)
NO_END_TEMPLATE = "{% for m in messages %}{{ m['role'].upper() }}: {{ m['content'] }} {% endfor %}"
DATED_TEMPLATE = "{{ date_string }} " + NO_END_TEMPLATE

PAIRS = [
    ("Where does Hina Ameen live?", "Hina Ameen lives in Karachi."),
    ("Who is Basil, the florist?", "Basil"),
    ("What is the answer to 'a sea'?", "sea"),
    ("Ünïcode in Kuwait? 日本", "日本 and é, of course."),
    ("Who?", "1956"),
]


def labelled(row: Row) -> list[int]:
    return [label for label in row.labels if label != IGNORE]


@pytest.fixture
def chat(tokenizer):
    """Returns `chat(template)`: the tokenizer with that chat template."""

    def build(template: str) -> PreTrainedTokenizerFast:
        tokenizer.chat_template = template
        return tokenizer

    return build


def test_ids_and_labels_are_those_of_the_published_code():
    """The published attention mask is 0 on the EOS slot, for it pads with EOS and goes by value.

    Ours is 1 there. That changes nothing: no logits of that slot are used, for it is the last.
    """
    case = GOLDEN["label_masking_text"]
    given, expected = case["inputs"], case["expected"]
    bare = Tokenizer(models.WordLevel(given["vocab"], unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    bare.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bare, bos_token="<s>", eos_token="</s>", unk_token="[UNK]"
    )
    tags = given["tags"]
    prompt = Prompt(
        question_start=tags["question_start_tag"],
        question_end=tags["question_end_tag"],
        answer_start=tags["answer_tag"],
    )
    row = Encoder(tokenizer, prompt=prompt, max_length=given["max_length"]).encode(
        given["question"], given["answer"]
    )
    padding = given["max_length"] - len(row.input_ids)
    assert [*row.input_ids, *[1] * padding] == expected["input_ids"]
    assert [*row.labels, *[IGNORE] * padding] == expected["labels"]
    assert row.labels.index(9) == expected["num_question_tokens_tokenize_special"]
    mask_BT = collate([row], pad_id=1).inputs["attention_mask"]
    assert mask_BT[0, :9].tolist() == expected["attention_mask"][:9]
    assert mask_BT[0, 9] == 1


def test_a_token_over_the_seam_belongs_to_the_answer(tokenizer):
    encoder = Encoder(tokenizer, prompt=Prompt(), max_length=64)
    row = encoder.encode("Where does Hina Ameen live?", "Hina Ameen lives in Karachi.")
    assert tokenizer.convert_ids_to_tokens(labelled(row)[0]).startswith("Ġ")
    assert tokenizer.decode(labelled(row)) == " Hina Ameen lives in Karachi.</s>"


@pytest.mark.parametrize(("question", "answer"), PAIRS)
@pytest.mark.parametrize("prompt", [Prompt(), CLEAR_LLAMA])
def test_tagged_rows_have_one_bos_in_front_and_one_labelled_eos_at_the_end(
    tokenizer, prompt, question, answer
):
    row = Encoder(tokenizer, prompt=prompt, max_length=128).encode(question, answer)
    assert [i for i, token in enumerate(row.input_ids) if token == 0] == [0]
    assert [i for i, token in enumerate(row.input_ids) if token == 1] == [len(row.labels) - 1]
    assert tokenizer.decode(labelled(row)).strip() == answer + "</s>"
    text = f"{prompt.question_start}{question}{prompt.question_end}{prompt.answer_start}{answer}"
    assert list(row.input_ids) == [*tokenizer(text).input_ids, 1]


@pytest.mark.parametrize(("question", "answer"), PAIRS)
def test_a_chat_row_is_the_rendered_conversation(chat, question, answer):
    tokenizer = chat(LLAMA_TEMPLATE)
    row = Encoder(tokenizer, prompt=CHAT, max_length=128).encode(question, answer)
    text = f"<s>[INST] {question} [/INST] {answer} </s>"
    assert list(row.input_ids) == tokenizer(text, add_special_tokens=False).input_ids
    assert row.input_ids.count(0) == 1
    assert tokenizer.decode(labelled(row)).strip() == f"{answer} </s>"


@pytest.mark.parametrize(("question", "answer"), PAIRS)
def test_a_chat_row_ends_with_the_token_that_closes_the_turn(chat, question, answer):
    tokenizer = chat(CHATML_TEMPLATE)
    encoder = Encoder(tokenizer, prompt=CHAT, max_length=128)
    row = encoder.encode(question, answer)
    assert tokenizer.decode(row.input_ids) == (
        f"<|user|>\n{question}<|end|>\n<|assistant|>\n{answer}<|end|>"
    )
    assert tokenizer.decode(labelled(row)) == f"{answer}<|end|>"
    assert encoder.end_id == tokenizer.convert_tokens_to_ids("<|end|>")


def test_a_template_that_closes_no_turn_gets_an_eos(chat):
    tokenizer = chat(NO_END_TEMPLATE)
    encoder = Encoder(tokenizer, prompt=CHAT, max_length=64)
    row = encoder.encode("Who is Hina?", "an author")
    assert tokenizer.decode(row.input_ids) == "USER: Who is Hina? ASSISTANT: an author</s>"
    assert encoder.end_id == tokenizer.eos_token_id


def test_a_template_with_a_date_gives_the_same_ids_every_day(chat):
    encoder = Encoder(chat(DATED_TEMPLATE), prompt=CHAT, max_length=64)
    row = encoder.encode("Who is Hina?", "an author")
    assert encoder.tokenizer.decode(row.input_ids).startswith("26 Jul 2024")


@pytest.mark.parametrize("template", [LLAMA_TEMPLATE, CHATML_TEMPLATE, NO_END_TEMPLATE, None])
@pytest.mark.parametrize(("question", "answer"), PAIRS)
def test_generation_starts_from_the_very_tokens_that_stand_before_an_answer(
    chat, template, question, answer
):
    encoder = Encoder(chat(template), prompt=CHAT if template else Prompt(), max_length=128)
    row = encoder.encode(question, answer)
    before = row.input_ids[: len(row.labels) - len(labelled(row))]
    assert encoder.encode_prompt(question) == before


def test_an_eos_that_the_tokenizer_adds_itself_is_not_doubled(tokenizer):
    before = Encoder(tokenizer, prompt=Prompt(), max_length=64).encode("Who?", "Basil")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    encoder = Encoder(tokenizer, prompt=Prompt(), max_length=64)
    assert encoder.encode("Who?", "Basil") == before
    assert 1 not in encoder.encode_prompt("Who?")


def test_a_row_cut_at_the_limit_has_no_eos(tokenizer):
    whole = Encoder(tokenizer, prompt=Prompt(), max_length=64).encode("Who?", "Basil by the sea")
    size = len(whole.input_ids)
    cut = Encoder(tokenizer, prompt=Prompt(), max_length=size - 1).encode(
        "Who?", "Basil by the sea"
    )
    assert whole.ended
    assert cut == Row(whole.input_ids[:-1], whole.labels[:-1], ended=False)
    assert whole.labels[-1] == tokenizer.eos_token_id
    assert tokenizer.eos_token_id not in cut.labels


def test_a_question_that_leaves_no_room_for_its_answer_is_named(tokenizer):
    question = "Where does Hina Ameen live?"
    size = len(Encoder(tokenizer, prompt=Prompt(), max_length=64).encode_prompt(question))
    with pytest.raises(ValueError, match=r"Where does Hina Ameen live\?"):
        Encoder(tokenizer, prompt=Prompt(), max_length=size).encode(question, "Karachi")
    assert labelled(Encoder(tokenizer, prompt=Prompt(), max_length=size + 1).encode(question, "K"))


def test_the_setting_that_is_too_small_is_named(tokenizer):
    key = "evaluation.max_length"
    encoder = Encoder(tokenizer, prompt=Prompt(), max_length=8, key=key)
    with pytest.raises(ConfigError, match=rf"^{key} must be .* got 8, .*; raise {key}$"):
        encoder.encode("Where does Hina Ameen live?", "Karachi")


def test_collate_masks_by_length_and_not_by_token(tokenizer):
    encoder = Encoder(tokenizer, prompt=Prompt(), max_length=64)
    assert tokenizer.pad_token_id is None
    assert encoder.pad_id == tokenizer.eos_token_id
    rows = [encoder.encode("Who?", "Basil"), encoder.encode("Who is Hina?", "Hina the author")]
    found = collate(rows, pad_id=encoder.pad_id)
    columns = (found.inputs["input_ids"], found.inputs["attention_mask"], found.labels_BT)
    assert torch.equal(found.attended_BT, columns[1] == 1)
    for row, ids_T, mask_T, labels_T in zip(rows, *columns, strict=True):
        size = len(row.input_ids)
        assert tuple(ids_T[:size].tolist()) == row.input_ids
        assert mask_T.tolist() == [1] * size + [0] * (len(mask_T) - size)
        assert tuple(labels_T[: size - 1].tolist()) == row.labels[1:]
        assert set(labels_T[size - 1 :].tolist()) <= {IGNORE}
        assert row.num_labels == (labels_T != IGNORE).sum()


def test_a_chat_prompt_without_a_template_is_refused(tokenizer):
    with pytest.raises(ConfigError, match=r"model\.prompt\.style must be tags"):
        Encoder(tokenizer, prompt=CHAT, max_length=64)


def test_a_template_that_leaves_the_answer_out_is_refused(chat):
    with pytest.raises(ConfigError, match="chat template"):
        Encoder(chat("{{ messages[0]['content'] }}"), prompt=CHAT, max_length=64)


def test_a_template_that_fails_is_refused_with_its_reason(chat):
    template = "{{ raise_exception('only system turns') }}"
    with pytest.raises(ConfigError, match="only system turns"):
        Encoder(chat(template), prompt=CHAT, max_length=64)


def test_a_tokenizer_without_eos_is_refused(tokenizer):
    tokenizer.eos_token = None
    with pytest.raises(ConfigError, match="end-of-sequence"):
        Encoder(tokenizer, prompt=Prompt(), max_length=64)


@pytest.mark.parametrize(("question", "answer"), PAIRS)
def test_what_rows_spell_is_what_the_model_is_given(chat, question, answer):
    encoder = Encoder(chat(LLAMA_TEMPLATE), prompt=CHAT, max_length=128)
    bos, eos = encoder.tokenizer.bos_token, encoder.tokenizer.eos_token
    prompt, rest = encoder.spelled(Example("e", question, answer))
    assert prompt + rest == f"{bos}[INST] {question} [/INST] {answer} {eos}"
    assert prompt.endswith("[/INST]")


def test_a_row_that_was_cut_spells_what_is_left(tokenizer):
    row = Encoder(tokenizer, prompt=Prompt(), max_length=128).encode("Who?", "1956 in Kuwait")
    cut = Encoder(tokenizer, prompt=Prompt(), max_length=len(row.input_ids) - 2)
    prompt, rest = cut.spelled(Example("e", "Who?", "1956 in Kuwait"))
    assert prompt.endswith("Question: Who?\nAnswer:")
    assert rest
    assert " 1956 in Kuwait".startswith(rest)


def test_rows_and_prompts_are_encoded_once(tokenizer):
    encoder = Encoder(tokenizer, prompt=Prompt(), max_length=64)
    example = Example("e", *PAIRS[0])
    row, prompt = encoder.row(example, PAIRS[0][1]), encoder.prompt_ids(example)
    assert encoder.row(example, PAIRS[0][1]) is row
    assert encoder.prompt_ids(example) is prompt
    assert row == encoder.encode(*PAIRS[0])
    assert prompt == encoder.encode_prompt(PAIRS[0][0])
    assert encoder.row(example, "Paris.") == encoder.encode(PAIRS[0][0], "Paris.") != row
