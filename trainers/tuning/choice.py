"""Which way of training a job's settings stand for."""

from trainers.settings import AdapterSettings
from trainers.tuning.adapter import AdapterTuning
from trainers.tuning.full import FullTuning
from trainers.tuning.tuning import Tuning


def build_tuning(adapter: AdapterSettings | None, *, seed: int) -> Tuning:
    """Returns the training of an adapter of these settings or, with None, of all weights.

    A fresh adapter is drawn by `seed`.
    """
    return FullTuning() if adapter is None else AdapterTuning(adapter, seed=seed)
