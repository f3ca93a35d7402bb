"""Full fine-tuning against plain torch; one start of processes serves a world size's tests."""

from pathlib import Path

import pytest
import torch
from torch import nn

from trainers.adapters import parameter_groups
from trainers.engine import Engine
from trainers.settings import EngineSettings, L1Mode, TrainingSettings
from trainers.tuning.full import FullTuning

STUDY = Path(__file__).with_name("full_study.py")
STAGES = (0, 1, 2, 3)
PENALTIES = ("none", "proximal", "subgradient")
NUM_ENGINES = 10


@pytest.fixture(scope="module")
def one_rank(on_ranks):
    return on_ranks(STUDY, 1)


@pytest.fixture(scope="module", params=["one_rank", "two_ranks"])
def ranks(request):
    return request.getfixturevalue(request.param)


def step_losses(ranks, engine: str, penalty: str) -> torch.Tensor:
    """The loss of every step: the mean over ranks and two micro-batches of each."""
    losses = torch.tensor([found["engine"][engine][penalty][0] for found in ranks])
    return losses.mean(dim=0).reshape(-1, 2).mean(dim=1)


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("stage", STAGES)
def test_losses_and_weights_are_those_of_plain_torch(ranks, stage, penalty):
    losses, weights, _ = ranks[0]["plain"][penalty]
    found = ranks[0]["engine"][f"ZeRO-{stage}"][penalty][1]
    assert list(found) == list(weights)
    by_engine = step_losses(ranks, f"ZeRO-{stage}", penalty)
    torch.testing.assert_close(by_engine, torch.tensor(losses), rtol=0, atol=1e-5)
    for name, value in weights.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-5)


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("stage", STAGES)
def test_the_change_is_measured_over_all_ranks(ranks, stage, penalty):
    wanted = ranks[0]["plain"][penalty][2]
    for found in ranks:
        facts = found["engine"][f"ZeRO-{stage}"][penalty][2]
        assert facts["num"] == wanted["num"]
        assert facts["num_kept"] == pytest.approx(wanted["num_kept"], abs=2)
        for name in ("l1_norm", "norm", "start_norm"):
            assert facts[name] == pytest.approx(wanted[name], rel=1e-3)


@pytest.mark.dist
@pytest.mark.slow
def test_the_proximal_penalty_leaves_weights_exactly_where_they_were(ranks):
    shares = {
        penalty: facts["num_kept"] / facts["num"]
        for penalty, (*_, facts) in ranks[0]["engine"]["ZeRO-2"].items()
    }
    assert shares["proximal"] > 0.02
    assert max(shares["none"], shares["subgradient"]) < 0.001


@pytest.mark.dist
@pytest.mark.slow
def test_a_trial_on_a_warm_engine_is_that_on_a_new_one_bit_for_bit(ranks):
    for found in ranks:
        broken = [
            (engine, what)
            for engine, trials in found["again"].items()
            for what, held in trials.items()
            if not held
        ]
        assert len(found["again"]) == NUM_ENGINES
        assert broken == []


@pytest.mark.dist
@pytest.mark.slow
def test_a_training_is_gone_on_with_bit_for_bit(ranks):
    for found in ranks:
        assert found["continued"] == dict.fromkeys(found["again"], True)


class WithAnEmptyWeight(nn.Linear):
    """A line whose bias is that and a sum of nothing."""

    def __init__(self) -> None:
        super().__init__(2, 1)
        self.nothing = nn.Parameter(torch.zeros(0, 3))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().forward(inputs) + self.nothing.sum()


@pytest.mark.parametrize("stage", [0, 1])
def test_a_model_with_a_parameter_of_no_entries_trains_by_the_others(stage, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it
    tuning, model = FullTuning(), WithAnEmptyWeight()
    engine = Engine.start(
        tuning.applied(model),
        settings=EngineSettings(zero_stage=stage),
        training=TrainingSettings(batch_size=1, micro_batch_size=1),
        world=1,
        groups=parameter_groups(model, l1=0.1, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0),
    )
    tuning.keep_start(engine)
    engine.backward(model(torch.ones(1, 2)).sum())
    engine.step(0.01)
    assert (engine.change().num, engine.change().num_kept) == (3, 0)
    assert {"weight/weight", "weight/bias"} == {n for n, _ in engine.state() if "weight/" in n}
    assert engine.whole_state()["nothing"].shape == (0, 3)
    engine.close()
