from collections.abc import Callable

import pytest

from evals.suite import load_suite
from trainers.batch import Batch, single
from trainers.loaded_model import LoadedModel
from trainers.models.vision_language import Config, Family


@pytest.fixture
def load(folders, pictured, tmp_path) -> Callable[..., LoadedModel]:
    """Returns `load(architecture, ...)`: a model with these settings, as a rank prepares it."""

    def make(architecture: str, **settings) -> LoadedModel:
        given = {"path": str(folders[architecture]), "cache": str(tmp_path / "cache"), **settings}
        family = Family(Config(**given))
        return family.load(benchmark=pictured, checkpoint=None, seed=0).prepared()

    return make


@pytest.fixture
def batch_of(pictured) -> Callable[..., Batch]:
    """Returns `batch_of(loaded, rows)`: some of the benchmark's rows as a whole step."""

    def make(loaded: LoadedModel, chosen: slice = slice(None)) -> Batch:
        encoder = load_suite("multimodal").encoder(loaded.processor, max_length=128, key="key")
        examples = pictured.splits["full"][chosen]
        rows = [encoder.answered(example) for example in examples]
        return single(tuple(each.id for each in examples), encoder.collate(rows))

    return make
