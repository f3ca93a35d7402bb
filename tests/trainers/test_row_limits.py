import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    BartConfig,
    BertConfig,
    BioGptConfig,
    BloomConfig,
    CodeGenConfig,
    CTRLConfig,
    FalconConfig,
    GPT2Config,
    GPTJConfig,
    GPTNeoConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MptConfig,
    OpenAIGPTConfig,
    OPTConfig,
    PhiConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    XGLMConfig,
)

from evals.benchmark import Benchmark, Role
from evals.errors import ConfigError
from evals.settings import EvaluationSettings
from evals.text.encoding import Encoder, Prompt
from evals.text.example import Example, Probability, Task
from trainers.family import Use
from trainers.row_limits import num_positions, require_rows_fit
from trainers.settings import TrainingSettings

OF_GPT = {"n_embd": 16, "n_layer": 1, "n_head": 4, "n_positions": 16, "vocab_size": 40}
OF_LLAMA = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 16,
    "vocab_size": 40,
}
OF_BART = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "is_encoder_decoder": False,
    "max_position_embeddings": 16,
    "vocab_size": 40,
}
GPT_NEO = {
    "hidden_size": 16,
    "num_layers": 1,
    "num_heads": 2,
    "attention_types": [[["global"], 1]],
    "max_position_embeddings": 16,
    "vocab_size": 40,
}
LIMITED = [
    GPT2Config(**OF_GPT),
    GPTNeoConfig(**GPT_NEO),
    GPTJConfig(**OF_GPT, rotary_dim=4),
    CodeGenConfig(**OF_GPT, rotary_dim=4),
    OpenAIGPTConfig(**OF_GPT),
    CTRLConfig(**OF_GPT, dff=16),
    OPTConfig(**OF_LLAMA, ffn_dim=16, word_embed_proj_dim=16),
    BioGptConfig(**OF_LLAMA),
    BartConfig(**OF_BART, is_decoder=True),
    BertConfig(**OF_LLAMA, is_decoder=True),
    RobertaConfig(**{**OF_LLAMA, "max_position_embeddings": 18}, is_decoder=True),
    MptConfig(d_model=16, n_layers=1, n_heads=2, max_seq_len=16, vocab_size=40),
]
UNLIMITED = [
    LlamaConfig(**OF_LLAMA),
    PhiConfig(**OF_LLAMA),
    FalconConfig(**OF_LLAMA),
    GPTNeoXConfig(**OF_LLAMA),
    BloomConfig(hidden_size=16, n_layer=1, n_head=2, vocab_size=40),
    XGLMConfig(
        d_model=16,
        num_layers=1,
        attention_heads=2,
        ffn_dim=16,
        max_position_embeddings=16,
        vocab_size=40,
    ),
]


def kind(config: PreTrainedConfig) -> str:
    return config.model_type


@pytest.mark.parametrize("config", LIMITED, ids=kind)
def test_as_many_positions_are_told_as_a_row_may_have(config):
    assert num_positions(skeleton(config)) == 16
    assert runs(config, 16)
    assert not runs(config, 17)


@pytest.mark.parametrize("config", UNLIMITED, ids=kind)
def test_a_model_that_goes_on_beyond_what_it_was_trained_for_has_no_limit(config):
    assert num_positions(skeleton(config)) is None
    assert runs(config, 20)


def skeleton(config: PreTrainedConfig) -> PreTrainedModel:
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return model


def runs(config: PreTrainedConfig, length: int) -> bool:
    model = AutoModelForCausalLM.from_config(config).eval()
    row = torch.full((1, length), 5)
    try:
        model(input_ids=row, attention_mask=torch.ones_like(row))
    except (IndexError, RuntimeError):
        return False
    return True


# "Question: Where does X live? Answer: In Karachi now. </s>": 10 tokens, 6 of them the prompt's.
EXAMPLE = Example("e0", "Where does X live?", "In Karachi now.")
WORDS = ["</s>", "<unk>", "Question:", "Answer:", "Where", "does", "X", "live?"]
WORDS += ["In", "Karachi", "now."]
LIKELIHOODS = EvaluationSettings(metrics=("forget_probability",), max_length=10)
GENERATIONS = EvaluationSettings(metrics=("forget_rouge",), max_length=10, max_new_tokens=4)


def require(
    *,
    positions: int = 10,
    vocabulary: int = len(WORDS),
    example: Example = EXAMPLE,
    refusals: tuple[str, ...] = (),
    max_length: int = 10,
    evaluation: EvaluationSettings = LIKELIHOODS,
) -> None:
    config = {**OF_GPT, "n_positions": positions, "vocab_size": vocabulary}
    tasks = (Task("forget", Role.FORGET, Probability.PLAIN, (example,)),)
    benchmark = Benchmark("one", {"full": (example,)}, tasks, refusals)
    trainings = {"baselines.training": TrainingSettings(max_length=max_length)}
    use = Use(benchmark, trainings, evaluation)
    require_rows_fit(skeleton(GPT2Config(**config)), encoder(), use)


def encoder() -> Encoder:
    bare = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="<unk>"))
    bare.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bare, eos_token="</s>", unk_token="<unk>", pad_token="</s>"
    )
    return Encoder(tokenizer, prompt=Prompt(), max_length=1 << 20)


def test_rows_as_long_as_there_are_positions_fit():
    require(positions=10)
    require(positions=10, max_length=400, evaluation=LIKELIHOODS)


def test_a_row_that_is_trained_on_and_longer_is_refused_unless_it_is_cut():
    require(positions=9, max_length=9, evaluation=cut_at(9))
    cure = r"baselines.training.max_length must be at most 9 for GPT2LMHeadModel, .* got 10, and "
    cure += r"e0 with an answer has 10 tokens; set baselines.training.max_length: 9, or take"
    with pytest.raises(ConfigError, match=cure):
        require(positions=9, max_length=10, evaluation=cut_at(9))


def cut_at(max_length: int) -> EvaluationSettings:
    return LIKELIHOODS.model_copy(update={"max_length": max_length})


def test_a_long_refusal_counts_as_an_answer():
    with pytest.raises(ConfigError, match="e0 with an answer has 12 tokens"):
        require(max_length=100, refusals=("In now.", "In In In In now."))


def test_a_row_that_is_scored_and_longer_is_refused():
    example = Example("e0", EXAMPLE.question, "In now.", perturbed=(EXAMPLE.answer,))
    with pytest.raises(ConfigError, match="^evaluation.max_length must be at most 9 .* got 10"):
        require(positions=9, example=example, max_length=9)


def test_generations_must_end_before_the_positions_do():
    require(positions=10, evaluation=GENERATIONS.model_copy(update={"max_new_tokens": 5}))
    with pytest.raises(ConfigError, match=r"evaluation.max_new_tokens must be at most 5 .* got 6;"):
        require(positions=10, evaluation=GENERATIONS.model_copy(update={"max_new_tokens": 6}))


def test_what_no_metric_generates_may_be_as_long_as_it_likes():
    require(evaluation=LIKELIHOODS.model_copy(update={"max_new_tokens": 999}))


def test_a_question_that_leaves_no_position_for_an_answer_is_refused():
    example = Example("e0", f"{EXAMPLE.question} {EXAMPLE.answer}", "X")
    short = GENERATIONS.model_copy(update={"max_length": 8})
    with pytest.raises(ConfigError, match=r"the question 'Where .* has 9 tokens; take another"):
        require(positions=8, max_length=8, evaluation=short, example=example)


def test_a_token_that_rows_have_and_the_model_has_not_is_named():
    require(vocabulary=len(WORDS))
    with pytest.raises(ConfigError, match="token 'now.', whose id 10 is beyond a vocabulary of 10"):
        require(vocabulary=len(WORDS) - 1)


def test_tokens_that_the_model_has_not_may_be_in_the_tokenizer():
    require(vocabulary=len(WORDS) - 1, example=Example("e0", EXAMPLE.question, "In Karachi"))


def test_a_token_of_a_refusal_counts():
    with pytest.raises(ConfigError, match="token 'now.'"):
        require(
            vocabulary=len(WORDS) - 1,
            example=Example("e0", EXAMPLE.question, "In Karachi"),
            refusals=("now.",),
        )
