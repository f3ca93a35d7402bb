"""Refuses, before anything starts, a causal language model that cannot do what is asked of it."""

from pathlib import Path

from evals.text.encoding import Encoder, Prompt
from trainers.family import Use
from trainers.model_limits import require_embeddings, require_half, require_supported
from trainers.pretrained import Running, Source, load_skeleton, load_tokenizer, read_weights
from trainers.row_limits import require_rows_fit

_ANY_LENGTH = 1 << 20


def check_loads(source: Source, running: Running, prompt: Prompt) -> None:
    """Refuses a model that would not load, having loaded it but for what its tensors hold.

    A folder's weights are matched by name and shape against the model; a hub model's weights
    are not downloaded for it.

    Raises:
        ConfigError: configuration, tokenizer or weight files are missing, broken or do not fit, or
            the architecture cannot do what is asked of it.
    """
    # The ranks may have a GPU and its attention kernels where this process has none.
    eager = running.model_copy(update={"attn_implementation": "eager"})
    is_folder = Path(source.path).expanduser().is_dir()
    model = (
        read_weights(source, eager, device="meta") if is_folder else load_skeleton(source, running)
    )
    require_supported(model, running.attn_implementation)
    require_half(model, running.attn_implementation)
    tokenizer = load_tokenizer(source)
    encoder = Encoder(tokenizer, prompt=prompt, max_length=_ANY_LENGTH)
    row = encoder.encode("Who?", "Who?").input_ids
    require_embeddings(model, tokenizer, row, pad_id=encoder.pad_id)


def check_rows(source: Source, running: Running, prompt: Prompt, use: Use) -> None:
    """Refuses rows that the model cannot take, having looked at its configuration and tokenizer.

    Raises:
        ConfigError: names the key, what the model can do and the cure.
    """
    encoder = Encoder(load_tokenizer(source), prompt=prompt, max_length=_ANY_LENGTH)
    require_rows_fit(load_skeleton(source, running), encoder, use)
