"""Refuses, before anything starts, a vision-language model that cannot do what is asked of it."""

from pathlib import Path

from evals.multimodal.encoding import Encoder, Processor, Row
from evals.multimodal.example import Example
from evals.selection import selected_tasks
from trainers.family import Use
from trainers.model_limits import require_embeddings, require_half, require_supported
from trainers.multimodal.loading import VISION_LANGUAGE, load_images, load_text, pixels_of
from trainers.multimodal.parts import parts_of
from trainers.multimodal.settings import Seeing
from trainers.pretrained import Source, load_skeleton, read_weights


def check_loads(source: Source, settings: Seeing) -> None:
    """Refuses a model that would not load, having loaded it but for what its tensors hold.

    A folder's weights are matched by name and shape against the model; a hub model's weights
    are not downloaded for it.

    Raises:
        ConfigError: configuration, tokenizer, image processor or weight files are missing, broken
            or do not fit, or the architecture cannot do what is asked of it.
    """
    # The ranks may have a GPU and its attention kernels where this process has none.
    eager = settings.model_copy(update={"attn_implementation": "eager"})
    is_folder = Path(source.path).expanduser().is_dir()
    if is_folder:
        network = read_weights(source, eager, device="meta", kind=VISION_LANGUAGE)
    else:
        network = load_skeleton(source, settings, kind=VISION_LANGUAGE)
    require_supported(network, settings.attn_implementation)
    require_half(network, settings.attn_implementation)
    tokenizer = load_text(source)
    pixels = pixels_of(network, parts_of(network, path=source.path), load_images(source))
    encoder = Encoder(Processor(tokenizer, settings.prompt, pixels))
    row = (pixels.image_token_id, encoder.end_id)
    require_embeddings(network, tokenizer, row, pad_id=encoder.pad_id)


def check_rows(source: Source, settings: Seeing, use: Use) -> None:
    """Refuses rows that are longer than a training or the evaluation takes: nothing is ever cut.

    Raises:
        ConfigError: names the key, the row and the cure.
    """
    network = load_skeleton(source, settings, kind=VISION_LANGUAGE)
    pixels = pixels_of(network, parts_of(network, path=source.path), load_images(source))
    require_rows_fit(Processor(load_text(source), settings.prompt, pixels), use)


def require_rows_fit(processor: Processor, use: Use) -> None:
    """Refuses a sweep with rows that the encoders of its trainings and evaluation would refuse.

    Raises:
        ConfigError: names the key, the row and the cure.
    """
    examples = use.benchmark.splits["full"]
    longest = max((each.answer for each in examples), key=len, default="")
    refusal = max(use.benchmark.refusals, key=len, default="")
    if use.trainings:
        key = min(use.trainings, key=lambda key: use.trainings[key].max_length)
        length = use.trainings[key].max_length
        encoder = Encoder(processor, max_length=length, key=f"{key}.max_length")
        rows = [encoder.answered(example) for example in examples]
        # Methods also ask one example's question with another's answer, or with a refusal.
        pairs = list(zip(rows, examples, strict=True))
        for answer in (longest, refusal):
            encoder.row(max(pairs, key=_num_asked)[1], answer)
    settings = use.evaluation
    encoder = Encoder(processor, max_length=settings.max_length, key="evaluation.max_length")
    for task in selected_tasks(use.benchmark, settings):
        for example in task.examples:
            encoder.row(example, max(example.answers, key=len))


def _num_asked(pair: tuple[Row, Example]) -> int:
    row, _ = pair
    return row.num_positions - row.num_labels
