"""Memory of one rank at the moments of a job: pure arithmetic, in bytes.

After ZeRO (Rajbhandari et al. 2020, arXiv 1910.02054, section 3 and figure 1), with what DeepSpeed
0.19 really holds under torch's AdamW; SGD keeps one moment in place of two. N parameters of p
bytes, T of them trained, W ranks:

    stage           0               1, 2        3
    parameters      p N             p N         p (N / W + those of small ones)
    master copy     4 T if mixed    4 T / W     4 T / W
    moments         8 T or 2 p T    8 T / W     8 T / W
    gradients       p T             p T / W     p T / W, held for good

Stage 1 keeps all of p T only while it accumulates over several micro-batches, since it reduces on
the last of them. Offloading moves master copy, moments and gradients, or the parameters, to the
host. On top come buffers: for gradients that are being reduced (`BUCKET`), for parameters that
stage 3 has gathered (`GATHERED`), for a step (float32 gradients, temporaries of AdamW). What lies
outside of torch's allocator is not counted: see `CONTEXT_BYTES`.
"""

from dataclasses import dataclass, replace

BUCKET = 500_000_000
"""Gradients that DeepSpeed reduces at once (reduce_bucket_size)."""
GATHERED = 1_050_000_000
"""Parameters that stage 3 has gathered at most (max_live_parameters and a prefetch bucket)."""
SMALL = 100_000
"""Stage 3 leaves a parameter of at most so many entries whole (param_persistence_threshold)."""
SUB_GROUP = 1_000_000_000
"""Parameters of a rank that stage 3 steps at once (sub_group_size)."""
CONTEXT_BYTES = 1 << 30
"""About what CUDA, NCCL and cuBLAS take of a GPU beside torch's allocator."""
MASTER = MOMENT = 4
"""Bytes of a weight's float32 copy, and of each moment beside it."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How many parameters there are: all, those that train, the largest of these, small ones' sum.

    `loaded_bytes` is the size of one as it is loaded, `entry_bytes` as the engine holds it.
    """

    total: int
    trained: int
    largest: int
    small: int
    loaded_bytes: int
    entry_bytes: int


@dataclass(frozen=True, slots=True)
class Sharding:
    """How the engine spreads a model over `ranks`, in bfloat16 if `mixed`.

    On a CPU, offloading moves nothing away.
    """

    stage: int
    ranks: int
    mixed: bool = True
    accumulates: bool = False
    on_gpu: bool = True
    offload_optimizer: bool = False
    offload_parameters: bool = False
    moments: int = 2
    """How many numbers the optimizer keeps for each weight: AdamW two, SGD with momentum one."""

    @property
    def host_steps(self) -> bool:
        """Whether gradients and optimizer state are in another memory than the model."""
        return self.on_gpu and self.offload_optimizer

    def share(self, count: int) -> int:
        """Returns a rank's part of what the optimizer steps."""
        return -(-count // self.ranks) if self.stage > 0 else count


@dataclass(frozen=True, slots=True)
class Start:
    """What a device keeps of a full fine-tuning's start: a `model` to compare with, whole on every
    rank, and `anchors` of what the optimizer steps, each rank its part.
    """

    model: bool = False
    anchors: bool = False


NOTHING = Start()


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a rank's device holds at one moment, in bytes."""

    moment: str
    parameters: int = 0
    gradients: int = 0
    optimizer: int = 0
    activations: int = 0
    buffers: int = 0

    @property
    def states(self) -> int:
        """What is held whatever the batches are."""
        return self.parameters + self.gradients + self.optimizer

    @property
    def total(self) -> int:
        """Everything."""
        return self.states + self.activations + self.buffers


def footprints(
    weights: Weights,
    sharding: Sharding,
    *,
    training_bytes: int,
    evaluation_bytes: int,
    start: Start = NOTHING,
    kept_bytes: int = 0,
) -> tuple[Footprint, ...]:
    """Returns a rank's memory at the moments of a job, which keeps `kept_bytes` besides.

    `training_bytes` are a micro-batch's activations, `evaluation_bytes` those of a pass without
    gradients. A backward pass frees activations as fast as it makes gradients, so that its heights
    are its two ends: all activations with the first gradient, or all gradients.
    """
    trained = (
        _backward(weights, sharding, training_bytes),
        _reducing(weights, sharding),
        _step(weights, sharding),
        _evaluation(weights, sharding, evaluation_bytes),
    )
    copy = weights.total * weights.entry_bytes if start.model else 0
    anchors = _anchors(weights, sharding) if start.anchors else 0
    kept = (
        replace(
            each,
            parameters=each.parameters + copy,
            optimizer=each.optimizer + anchors,
            buffers=each.buffers + kept_bytes,
        )
        for each in trained
    )
    return (_loading(weights, sharding), *kept)


def _loading(weights: Weights, sharding: Sharding) -> Footprint:
    """The whole model on every rank, at every stage; stages 1 and 2 then copy what trains."""
    loaded = weights.total * weights.loaded_bytes
    copied = weights.trained if sharding.stage in (1, 2) else 0
    started = (weights.total + copied) * weights.entry_bytes
    return Footprint("loading", loaded, buffers=max(0, started - loaded))


def _backward(weights: Weights, sharding: Sharding, training_bytes: int) -> Footprint:
    """The start of a backward pass, of the last micro-batch if there are several."""
    held = sharding.stage == 3 or sharding.accumulates
    return Footprint(
        "backward",
        _parameters(weights, sharding),
        _gradients(weights, sharding) if held else 0,
        _optimizer(weights, sharding),
        training_bytes,
        _gathered(weights, sharding) + _bucket(weights, sharding) + _first(weights),
    )


def _reducing(weights: Weights, sharding: Sharding) -> Footprint:
    """The end of a backward pass; stage 0 reduces flat copies of the gradients.

    A rank alone does not in fp32 (`trainers.one_rank`).
    """
    flat = _bucket(weights, sharding)
    if sharding.stage == 0 and (sharding.ranks > 1 or sharding.mixed):
        flat = min(weights.trained, BUCKET) * weights.entry_bytes
    return Footprint(
        "reducing",
        _parameters(weights, sharding),
        _gradients(weights, sharding),
        _optimizer(weights, sharding),
        buffers=_gathered(weights, sharding) + flat,
    )


def _step(weights: Weights, sharding: Sharding) -> Footprint:
    """The optimizer's step, on float32 gradients; stages 1 and 2 have let go of their own."""
    gradients, temporaries = 0, 0
    if not sharding.host_steps:
        gradients = _step_gradients(weights, sharding)
        temporaries = _step_temporaries(weights, sharding)
    return Footprint(
        "step",
        _parameters(weights, sharding),
        gradients,
        _optimizer(weights, sharding),
        buffers=_kept_bucket(weights, sharding) + temporaries,
    )


def _step_gradients(weights: Weights, sharding: Sharding) -> int:
    held = _gradients(weights, sharding)
    copied = MASTER * _stepped(weights, sharding)
    if sharding.stage == 0:
        return held + copied if sharding.mixed else held
    return held + copied if sharding.stage == 3 else copied


def _step_temporaries(weights: Weights, sharding: Sharding) -> int:
    """AdamW's: two of a parameter on a CPU, one on a GPU, but of all parameters at once.

    From stage 1 on there is but one flat parameter.
    """
    if sharding.on_gpu:
        return 4 * _stepped(weights, sharding)
    return 8 * (_stepped(weights, sharding) if sharding.stage else weights.largest)


def _stepped(weights: Weights, sharding: Sharding) -> int:
    count = sharding.share(weights.trained)
    return min(count, SUB_GROUP) if sharding.stage == 3 else count


def _evaluation(weights: Weights, sharding: Sharding, evaluation_bytes: int) -> Footprint:
    return Footprint(
        "evaluation",
        _parameters(weights, sharding),
        _gradients(weights, sharding) if sharding.stage == 3 else 0,
        _optimizer(weights, sharding),
        evaluation_bytes,
        _gathered(weights, sharding) + _kept_bucket(weights, sharding),
    )


def _parameters(weights: Weights, sharding: Sharding) -> int:
    if sharding.stage < 3:
        return weights.total * weights.entry_bytes
    away = sharding.on_gpu and sharding.offload_parameters
    sharded = 0 if away else -(-weights.total // sharding.ranks)
    return (sharded + (weights.small if sharding.ranks > 1 else 0)) * weights.entry_bytes


def _optimizer(weights: Weights, sharding: Sharding) -> int:
    if sharding.host_steps:
        return 0
    if sharding.stage == 0 and not sharding.mixed:
        return sharding.moments * weights.entry_bytes * weights.trained
    return (MASTER + sharding.moments * MOMENT) * sharding.share(weights.trained)


def _anchors(weights: Weights, sharding: Sharding) -> int:
    """As many as what the optimizer steps, in the same precision and place."""
    if sharding.host_steps:
        return 0
    is_plain = sharding.stage == 0 and not sharding.mixed
    entry_bytes = weights.entry_bytes if is_plain else MASTER
    return entry_bytes * sharding.share(weights.trained)


def _gradients(weights: Weights, sharding: Sharding) -> int:
    """Once they are reduced; stage 1 keeps all of an accumulation."""
    if sharding.host_steps:
        return 0
    whole = sharding.stage == 1 and sharding.accumulates
    count = weights.trained if whole else sharding.share(weights.trained)
    return count * weights.entry_bytes


def _first(weights: Weights) -> int:
    """The gradient of one parameter, before it is copied into the bucket."""
    return weights.largest * weights.entry_bytes


def _bucket(weights: Weights, sharding: Sharding) -> int:
    """Of a rank alone, stages 1 and 2 have none (`trainers.one_rank`), if nothing is offloaded.

    A CPU's memory is only taken as far as it is written to.
    """
    if sharding.stage < 3 and sharding.ranks == 1 and not sharding.offload_optimizer:
        return 0
    count = BUCKET if sharding.on_gpu else min(BUCKET, weights.trained)
    return count * weights.entry_bytes if sharding.stage > 0 else 0


def _kept_bucket(weights: Weights, sharding: Sharding) -> int:
    """Stage 3 keeps its bucket; stages 1 and 2 make one for each backward pass."""
    return _bucket(weights, sharding) if sharding.stage == 3 else 0


def _gathered(weights: Weights, sharding: Sharding) -> int:
    """What stage 3 has gathered for a pass; alone, a rank has everything already."""
    if sharding.stage < 3 or sharding.ranks == 1:
        return 0
    return min(weights.total, GATHERED) * weights.entry_bytes
