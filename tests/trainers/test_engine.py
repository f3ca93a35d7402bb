"""The engine on one and two ranks; one start of processes serves the tests of a world size."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from evals.errors import ConfigError
from trainers.adapters import parameter_groups
from trainers.engine import Engine
from trainers.optimizer import L1AdamW
from trainers.settings import EngineSettings, L1Mode, TrainingSettings

STUDY = Path(__file__).with_name("engine_study.py")
STAGES = (0, 1, 2, 3)
OFFLOADING = ("1 optimizer", "2 optimizer", "3 both")

State = dict[str, Tensor]


@pytest.fixture(scope="module", params=[1, 2], ids=["one rank", "two ranks"])
def found(request):
    if request.param == 1:
        return request.getfixturevalue("one_rank")
    return request.getfixturevalue("two_ranks")[0]


def equal(one: State, other: State) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def close(one: State, other: State) -> bool:
    return all(torch.allclose(one[name], other[name], rtol=0, atol=5e-6) for name in one)


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("mode", L1Mode)
def test_every_stage_takes_the_steps_of_one_process(found, stage, mode):
    assert close(found["modes"][stage][mode.value], found["by hand"][mode.value])


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_the_modes_differ_and_only_the_proximal_one_makes_zeros(found, stage):
    zeros = {name: zero_share(state) for name, state in found["modes"][stage].items()}
    assert zeros["proximal"] > 0
    assert zeros["subgradient"] == 0


def zero_share(state: State) -> float:
    entries = torch.cat([value.flatten() for value in state.values()])
    return float((entries == 0).float().mean())


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 1, 2])
def test_the_subgradient_is_the_penalty_in_the_loss(found, stage):
    states = found["modes"][stage]
    assert close(states["in the loss"], states["subgradient"])


@pytest.mark.dist
@pytest.mark.slow
def test_a_reset_engine_repeats_bit_for_bit_at_every_stage(found):
    broken = [
        (n, where)
        for n, places in found["repeats"].items()
        for where in places
        if not places[where]
    ]
    assert len(found["repeats"]) == 2 * len(STAGES) + len(OFFLOADING)
    assert broken == []


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_two_micro_batches_are_one_twice_as_large(found, stage):
    assert close(found["states"][stage], found["whole batch"])


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("name", OFFLOADING)
def test_offloading_changes_no_number(found, name):
    assert close(found["offloading"][name], found["states"][0])


@pytest.mark.dist
@pytest.mark.slow
def test_two_ranks_are_one_and_hold_the_same_state(one_rank, two_ranks):
    first, second = two_ranks
    for stage in STAGES:
        assert close(first["states"][stage], one_rank["states"][stage])
        assert equal(first["states"][stage], second["states"][stage])


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("name", ["adapter", *(f"model{stage}" for stage in STAGES)])
def test_what_an_engine_saved_answers_as_its_model_did(found, name):
    logits = found["files"]
    assert torch.allclose(logits[f"{name} loaded"], logits[name], atol=1e-5)
    assert not torch.allclose(logits[name], logits["untrained"], atol=1e-2)


@pytest.mark.dist
@pytest.mark.slow
def test_a_training_is_gone_on_with_bit_for_bit_at_every_stage(found):
    broken = [
        (name, how)
        for name, hows in found["continues"].items()
        for how, held in hows.items()
        if not held
    ]
    assert len(found["continues"]) == 9
    assert broken == []


@pytest.mark.dist
@pytest.mark.slow
def test_a_training_is_gone_on_with_at_another_stage(found):
    assert len(found["crosses"]) == 3
    for way, (whole, in_two) in found["crosses"].items():
        assert close(whole, in_two), way


@pytest.mark.dist
@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_an_infinite_gradient_fails_the_trial_and_not_the_next(found, stage):
    assert found["failures"][stage] == (True, True)


@pytest.mark.dist
@pytest.mark.slow
def test_memory_stays_flat_over_twenty_resets(found):
    assert max(found["growth_bytes"].values()) < 8 * 2**20


@pytest.mark.dist
@pytest.mark.slow
def test_a_closed_engine_lets_go_of_its_model(found):
    assert found["freed"] == dict.fromkeys(STAGES, True)


def test_a_batch_that_does_not_split_is_refused():
    rule = (
        r"training\.batch_size must be a multiple of training\.micro_batch_size x ranks \(3 x 2\)"
    )
    training = TrainingSettings(batch_size=8, micro_batch_size=3)
    with pytest.raises(ConfigError, match=rule):
        Engine.start(
            torch.nn.Linear(1, 1), settings=EngineSettings(), training=training, world=2, groups=[]
        )


def test_one_rank_needs_no_process_group_and_takes_adamws_steps():
    models = [torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)]
    models[1].load_state_dict(models[0].state_dict())
    rows = torch.arange(12.0).reshape(4, 3)
    options = {"l1": 0, "l1_mode": L1Mode.PROXIMAL, "weight_decay": 0.01}
    plain = L1AdamW(parameter_groups(models[1], **options), lr=0.1)
    engine = Engine.start(
        models[0],
        settings=EngineSettings(gradient_clipping=0),
        training=TrainingSettings(batch_size=4, micro_batch_size=2),
        world=1,
        groups=parameter_groups(models[0], **options),
    )
    for half in rows.split(2):
        engine.backward(engine.module(half).square().mean())
        engine.step(0.1)
    models[1](rows).square().mean().backward()
    plain.step()
    assert close(engine.trainable_state(), dict(models[1].named_parameters()))
    engine.close()


class Normalised(torch.nn.Module):
    """A model with running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(3, 4)
        self.norm = torch.nn.BatchNorm1d(4)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.norm(self.inner(rows))


SGD = TrainingSettings(batch_size=4, micro_batch_size=4, optimizer="sgd", momentum=0.9)


def started(model: torch.nn.Module, stage: int, **changes) -> Engine:
    return Engine.start(
        model,
        settings=EngineSettings(zero_stage=stage, gradient_clipping=0),
        training=SGD.model_copy(update=changes),
        world=1,
        groups=parameter_groups(model, l1=0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.01),
    )


def taken(engine: Engine, rows: torch.Tensor, *, steps: int) -> None:
    for _ in range(steps):
        engine.backward((engine.module(rows) - 1).square().mean())
        engine.step(0.1)


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_sgd_takes_torchs_steps_at_every_stage_and_again_after_a_rewind(stage: int) -> None:
    torch.manual_seed(0)
    rows, model = torch.randn(4, 3), torch.nn.Linear(3, 2)
    twin = torch.nn.Linear(3, 2)
    twin.load_state_dict(model.state_dict())
    plain = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(3):
        plain.zero_grad()
        (twin(rows) - 1).square().mean().backward()
        plain.step()
    engine = started(model, stage)
    engine.keep_start()
    for _ in range(2):
        taken(engine, rows, steps=3)
        assert close(engine.trainable_state(), dict(twin.named_parameters()))
        engine.rewind(l1=0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.01)
    engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 2, 3])
def test_momentum_and_running_statistics_are_in_a_checkpoint(stage: int) -> None:
    torch.manual_seed(0)
    rows, model = torch.randn(4, 3), Normalised()
    start = {name: value.clone() for name, value in model.state_dict().items()}
    engine = started(model, stage)
    taken(engine, rows, steps=2)
    saved = {name: value.clone() for name, value in engine.state()}
    taken(engine, rows, steps=2)
    learned = engine.whole_state()
    engine.close()
    fresh = Normalised()
    fresh.load_state_dict(start)
    again = started(fresh, stage)
    again.load(saved)
    taken(again, rows, steps=2)
    assert close(again.whole_state(), learned)
    again.close()


def test_l1_pulls_to_the_start_or_to_zero() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.5, 0.05]]))
    engine = started(model, 0)
    engine.keep_start()
    for towards_start, expected in [(True, [0.5, 0.05]), (False, [0.4, 0.0])]:
        options = {"l1": 1.0, "l1_mode": L1Mode.PROXIMAL, "weight_decay": 0.0}
        engine.rewind(**options, towards_start=towards_start)
        engine.backward(engine.module(torch.zeros(4, 2)).sum())
        engine.step(0.1)
        assert torch.allclose(model.weight.detach(), torch.tensor([expected]))
    engine.close()


def test_running_statistics_are_rewound() -> None:
    model = Normalised()
    engine = started(model, 0)
    engine.keep_start()
    taken(engine, torch.randn(4, 3) + 5, steps=2)
    assert model.norm.running_mean.abs().max() > 0
    engine.rewind(l1=0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.01)
    assert torch.equal(model.norm.running_mean, torch.zeros(4))
    assert int(model.norm.num_batches_tracked) == 0
    engine.close()
