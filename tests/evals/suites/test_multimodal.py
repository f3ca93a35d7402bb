"""Questions with their pictures, from encoding to a sheet."""

from dataclasses import replace

import pytest
import torch

from evals.scores import ScoreSheet
from evals.settings import EvaluationSettings
from evals.shard import Shard
from evals.suites.multimodal import SUITE
from tests.fixtures.vision_language import ARCHITECTURES, pictured_people, save_vision_language
from trainers.models.vision_language import Config, Family

CPU = torch.device("cpu")
PEOPLE = pictured_people()
SETTINGS = EvaluationSettings(
    metrics=("retain_rouge", "forget_rouge"), batch_size=4, max_new_tokens=6
)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def loaded(request, tmp_path_factory):
    folder = save_vision_language(tmp_path_factory.mktemp(request.param), request.param)
    family = Family(Config(path=str(folder), cache=str(folder / "cache")))
    return family.load(benchmark=PEOPLE, checkpoint=None, seed=0)


@pytest.fixture
def encoder(loaded):
    return SUITE.encoder(loaded.processor, max_length=128, key="max_length")


def sheet(loaded, encoder, settings=SETTINGS) -> ScoreSheet:
    parts = SUITE.evaluate(
        loaded.model, encoder, PEOPLE, settings=settings, shard=Shard(), device=CPU
    )
    return ScoreSheet(tuple(part for part in parts if part is not None))


def test_the_picture_is_before_the_model_when_it_answers(loaded, encoder):
    network = loaded.model.network
    found = {item.id: item for task in sheet(loaded, encoder).tasks for item in task.items}
    for example in PEOPLE.splits["full"]:
        prompt = torch.tensor([encoder.prompt_ids(example)])
        own = {}
        if example.picture is not None:
            processed = loaded.processor.pictures.processed(example.picture)
            own["pixel_values"] = processed.values if processed.grid else processed.values[None]
            if processed.grid:
                own["image_grid_thw"] = torch.tensor([processed.grid])
                own["mm_token_type_ids"] = (prompt == network.config.image_token_id).long()
        ids = network.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=6,
            do_sample=False,
            eos_token_id=[encoder.eos_id, encoder.end_id],
            pad_token_id=encoder.pad_id,
            **own,
        )
        said = encoder.tokenizer.decode(ids[0, prompt.shape[1] :], skip_special_tokens=True)
        assert found[example.id].generation == said.strip()


def test_batches_of_any_size_and_kept_features_give_the_same_sheet(loaded, encoder):
    kept = loaded.prepared()
    own = SUITE.encoder(kept.processor, max_length=128, key="max_length")
    alone = sheet(loaded, encoder, SETTINGS.model_copy(update={"batch_size": 1}))
    for one, other in zip(alone.tasks, sheet(kept, own).tasks, strict=True):
        for item, same in zip(one.items, other.items, strict=True):
            assert item.generation == same.generation
            for answer, again in zip(item.answers, same.answers, strict=True):
                assert answer.nll == pytest.approx(again.nll, rel=1e-4)


def test_a_probe_scores_without_generating(loaded, encoder):
    (task,) = SUITE.score(
        loaded.model, encoder, PEOPLE.tasks[:1], batch_size=3, shard=Shard(), device=CPU
    )
    assert [item.generation for item in task.items] == [None] * 3
    assert SUITE.lacks_generations(task)


def test_a_person_is_shown_which_picture_a_row_has(encoder):
    seen, read = PEOPLE.splits["full"][0], PEOPLE.splits["full"][2]
    assert SUITE.shown(encoder, seen).endswith(f"picture: {seen.picture.content()}\n")
    assert SUITE.shown(encoder, replace(seen, picture=None)).endswith("picture: none\n")
    assert "This is" in SUITE.shown(encoder, read)
