"""Times how pictures come to a training: kept as pixels in a mapped file, or decoded every epoch.

Both give the same tensors of the same JPEG files, and are timed in turns in one process, beside the
training that takes them: forward, backward and optimizer step of a network of each size.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import torch
from machine import setting, table
from PIL import Image, ImageFilter
from transformers import ResNetConfig, ResNetModel

from evals.collated import Collated
from evals.faces.encoding import Encoder
from evals.faces.example import Face
from evals.pictures.collection import read_pictures
from evals.pictures.picture import Picture
from evals.pictures.reading import read_pixels
from trainers.margin_head import MarginHead, Recogniser
from trainers.models.face_recogniser import IMAGENET

NETWORKS = {
    48: ("small ResNet (vision_tiny)", (16, 32, 64), (1, 1, 1)),
    224: ("ResNet-18 (clear_vision_resnet18)", (64, 128, 256, 512), (2, 2, 2, 2)),
}
"""By pixels a side: what it is called, and the channels and layers of its stages."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one processor for each picture."""

    first: float
    kept: float
    decoded: float
    training: float


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    print(setting("torch", "transformers", "pillow", "numpy"))
    files = [_jpeg(options.side, seed=number) for number in range(options.pictures)]
    mean_kb = sum(map(len, files)) / len(files) / 1000
    print(
        f"{len(files)} JPEG files, {options.side} pixels a side, {mean_kb:.0f} kB each; batches of "
        f"{options.batch_size}, {options.epochs} epochs, one thread\n"
    )
    head = ["pixels", "network", "read once, ms", "kept, ms", "decoded, ms", "training, ms"]
    head += ["decoded / kept", "kept / training", "decoded / training"]
    print(table(head, [_line(files, size, options) for size in NETWORKS]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=128)
    parser.add_argument("--side", type=int, default=1024, help="pixels a side of the files")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    return parser


def _line(files: Sequence[bytes], size: int, options: argparse.Namespace) -> list[str]:
    found, (name, *_) = _times(files, size, options), NETWORKS[size]
    return [
        str(size),
        name,
        *(f"{value:.2f}" for value in (found.first, found.kept, found.decoded, found.training)),
        f"{found.decoded / found.kept:.0f}",
        f"{found.kept / found.training:.3f}",
        f"{found.decoded / found.training:.2f}",
    ]


def _times(files: Sequence[bytes], size: int, options: argparse.Namespace) -> Times:
    """Returns the medians over epochs, in which both ways take turns."""
    encoder = Encoder(IMAGENET)
    with tempfile.TemporaryDirectory() as folder:

        def mapped() -> list[Face]:
            named = [(f"picture {number}", data) for number, data in enumerate(files)]
            read = read_pictures(
                lambda: named, size=size, skip_unreadable=False, folder=Path(folder)
            )
            return [_face(number, picture) for number, picture in enumerate(read) if picture]

        first, _ = _timed(mapped)
        faces = mapped()
        train, kept_s, decoded_s, training_s = _trainer(size), list[float](), [], []
        for epoch in range(options.epochs):
            order = np.random.default_rng(epoch).permutation(len(files))
            starts = range(0, len(order), options.batch_size)
            parts = [order[start : start + options.batch_size] for start in starts]
            seconds, kept = _timed(partial(_kept, faces, parts, encoder))
            kept_s.append(seconds)
            seconds, decoded = _timed(partial(_decoded, files, parts, encoder, size))
            decoded_s.append(seconds)
            for one, other in zip(kept, decoded, strict=True):
                assert torch.equal(one.inputs["pixel_values"], other.inputs["pixel_values"])
            training_s.append(_timed(lambda: [train(batch) for batch in kept])[0])  # noqa: B023
    each = 1000 / len(files)
    return Times(first * each, *(median(s) * each for s in (kept_s, decoded_s, training_s)))


def _kept(faces: Sequence[Face], parts: Sequence[np.ndarray], encoder: Encoder) -> list[Collated]:
    return [encoder.collate([encoder.answered(faces[n]) for n in part]) for part in parts]


def _decoded(
    files: Sequence[bytes], parts: Sequence[np.ndarray], encoder: Encoder, size: int
) -> list[Collated]:
    def face(number: int) -> Face:
        return _face(number, Picture(read_pixels(files[number], size=size, where=str(number))))

    return [encoder.collate([encoder.answered(face(int(n))) for n in part]) for part in parts]


def _trainer(size: int) -> Callable[[Collated], None]:
    """Returns what takes one optimizer step on a batch."""
    _, hidden_sizes, depths = NETWORKS[size]
    torch.manual_seed(0)
    shape = ResNetConfig(
        embedding_size=hidden_sizes[0],
        hidden_sizes=list(hidden_sizes),
        depths=list(depths),
        layer_type="basic",
    )
    head = MarginHead(hidden_sizes[-1], 1000, scale=30.0, margin=0.3, normalised=True)
    model = Recogniser(ResNetModel(shape), head).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step(batch: Collated) -> None:
        optimizer.zero_grad()
        logits = model(**batch.inputs).logits
        torch.nn.functional.cross_entropy(logits, batch.inputs["labels"]).backward()
        optimizer.step()

    return step


def _face(number: int, picture: Picture) -> Face:
    return Face(str(number), f"person {number % 10}", number % 10, picture)


def _jpeg(side: int, *, seed: int) -> bytes:
    """Returns a picture with large shapes and some grain, about as hard to pack as a photograph."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    shapes = coarse.resize((side, side), Image.Resampling.BICUBIC)
    grain = rng.normal(0, 12, (side, side, 1))
    noisy = np.clip(np.asarray(shapes) + grain, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    blurred = Image.fromarray(noisy).filter(ImageFilter.GaussianBlur(0.8))
    blurred.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """Returns the processor's seconds, which other work on the machine leaves nearly alone."""
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


if __name__ == "__main__":
    main()
