"""One training on one rank, which may be saved wherever it waits and gone on with elsewhere."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor

from trainers import checkpoint
from trainers.checkpoint import Bookmark, Tensors
from trainers.distributed import Place, gather
from trainers.engine import Engine
from trainers.job import Beat, Report
from trainers.loop import Prober, TrainingSetup, seed_dropout, train


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training: facts, and why it was stopped before its end, if it was."""

    facts: Mapping[str, float]
    stopped: str = ""


class TrainingRun:
    """A training on its way; every method is for all ranks to call together."""

    def __init__(
        self, engine: Engine, setup: TrainingSetup, place: Place, *, prober: Prober | None = None
    ) -> None:
        self._engine = engine
        self._setup = setup
        self._place = place
        self._prober = prober
        self._mark = Bookmark()
        seed_dropout(setup.seed, place)

    def run(self) -> Generator[Report | Beat, None, Trained]:
        """Trains until it is stopped or to the end; the facts are steps, final_loss, train_s.

        `train_s` leaves out the time in which what is yielded waits to be taken: that is the
        scheduler's.
        """
        started = time.perf_counter()
        mark, prober = self._mark, self._prober
        for news in train(self._engine, self._setup, self._place, mark=mark, prober=prober):
            self._mark.train_s += time.perf_counter() - started
            yield news
            started = time.perf_counter()
        last = mark.reports[-1]
        facts = {
            "steps": float(last.step),
            "final_loss": last.metrics["loss"],
            "train_s": mark.train_s,
        }
        return Trained(facts, "" if prober is None else prober.verdict(mark.readings))

    def save(self, folder: Path) -> str:
        """Writes a checkpoint of this step into `folder`, from rank 0.

        Returns why it could not be written, or nothing.
        """
        streams = gather(_random_state(), self._place)
        tensors = self._tensors(streams)
        if self._place.rank == 0:
            return checkpoint.write(folder, self._mark, tensors)
        for _ in tensors:
            pass
        return ""

    def restore(self, saved: Path) -> None:
        """Goes on from the checkpoint `saved`, if every rank can read it; else from the start."""
        mark, tensors = checkpoint.read_bookmark(saved), _opened(saved)
        if not all(gather(mark is not None and tensors is not None, self._place)):
            return
        assert mark is not None
        assert tensors is not None
        self._engine.load(tensors)
        self._mark = mark
        _set_random_state(tensors, self._place)

    def _tensors(self, streams: Sequence[Mapping[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
        yield from self._engine.state()
        for rank, stream in enumerate(streams):
            yield from ((_stream_name(rank, kind), state) for kind, state in stream.items())


def _opened(saved: Path) -> Tensors | None:
    try:
        return Tensors(saved)
    except (OSError, SafetensorError):
        return None


def _random_state() -> dict[str, Tensor]:
    """Returns the state of torch's own generators, which draw dropout."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def _set_random_state(tensors: Mapping[str, Tensor], place: Place) -> None:
    """Sets torch's generators as they were on this rank; a rank that is new keeps its own."""
    cpu, cuda = _stream_name(place.rank, "cpu"), _stream_name(place.rank, "cuda")
    if cpu in tensors:
        torch.set_rng_state(tensors[cpu])
    if cuda in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors[cuda])


def _stream_name(rank: int, kind: str) -> str:
    return f"random/{rank}/{kind}"
