"""Measures one case of reference_memory.py, in a process of its own, and prints it as JSON.

The student is a Llama of random weights with a LoRA adapter; the method's loss runs through the
trainers' own Method and views. What the method compares with is the same model with the adapter
off (`off`), or a deep copy that was made before the adapter was added (`copy`).

Every step brings rows that were never seen, so that no cached likelihood spares a reference pass.
"""

import argparse
import copy
import json
import resource
import statistics
import sys
import time

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from evals.choice import choose
from evals.collated import IGNORE
from evals.text.encoding import model_inputs
from trainers import losses
from trainers.adapters import add_adapter, trainable
from trainers.batch import Batch, single
from trainers.decoder_call import ARGUMENTS
from trainers.method import Method, Reference, Step, build_method
from trainers.requirements import Source
from trainers.settings import AdapterSettings
from trainers.views import ReferenceView, StudentView

SEED = 0


class CopyView:
    """A reference with weights of its own."""

    def __init__(self, teacher: nn.Module) -> None:
        self._view = StudentView(teacher, ARGUMENTS)

    @torch.no_grad()
    def logits(self, batch: Batch) -> Tensor:
        """Returns logits_BTV (float32)."""
        return self._view.logits(batch)

    @torch.no_grad()
    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted."""
        return self._view.answer_logits(batch)

    @torch.no_grad()
    def attended_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) at attended positions."""
        return self._view.attended_logits(batch)

    @torch.no_grad()
    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Returns hidden_BTH of decoder layer `layer`."""
        return self._view.hidden(batch, layer)

    @torch.no_grad()
    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Returns logits_BTV and the hidden_BTH of decoder layer `layer`."""
        return self._view.both(batch, layer)

    def sequence_nll(self, batch: Batch) -> Tensor:
        """Returns nll_B, each row's summed answer NLL in nats."""
        return losses.sequence_nll(self.answer_logits(batch), batch)


def main() -> None:
    options = _parser().parse_args()
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(SEED)
    model = _llama(options).to(device)
    model_bytes = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    teacher = copy.deepcopy(model) if options.reference == "copy" else None
    student = add_adapter(model, AdapterSettings(), seed=SEED)
    reference = ReferenceView(student, ARGUMENTS) if teacher is None else CopyView(teacher)
    method = build_method(choose("trainers.methods", {"name": options.method}, key="method"))
    steps = [_batches(options, method, index, device) for index in range(options.steps)]
    seconds = _train(student, method, reference, steps)
    json.dump(
        {
            "device": device,
            "model_bytes": model_bytes,
            "peak_bytes": _peak_bytes(device),
            "step_s": statistics.median(seconds[1:]),  # the first step warms up
        },
        sys.stdout,
    )


def _llama(options: argparse.Namespace) -> PreTrainedModel:
    shape = LlamaConfig(
        vocab_size=options.vocab_size,
        hidden_size=options.hidden_size,
        intermediate_size=8 * options.hidden_size // 3,
        num_hidden_layers=options.num_layers,
        num_attention_heads=12,
        num_key_value_heads=12,
    )
    return LlamaForCausalLM(shape).eval()


def _batches(
    options: argparse.Namespace, method: Method, index: int, device: str
) -> dict[Source, Batch]:
    """Returns random rows for every source; the second half of a row is its answer."""
    batches = {}
    for source in sorted(method.requirements.drawn):
        size = (options.batch_size, options.length)
        input_ids_BT = torch.randint(options.vocab_size, size, device=device)
        labels_BT = input_ids_BT.clone()
        labels_BT[:, : options.length // 2] = IGNORE
        ids = tuple(f"{source}-{index}-{row}" for row in range(options.batch_size))
        batches[source] = single(
            ids, model_inputs(input_ids_BT, torch.ones_like(input_ids_BT), labels_BT)
        )
    return batches


def _train(
    student: nn.Module, method: Method, reference: Reference, steps: list[dict[Source, Batch]]
) -> list[float]:
    """Takes one AdamW step on each of `steps` and returns the seconds of each."""
    optimizer = torch.optim.AdamW([value for _, value in trainable(student)], lr=1e-4)
    view = StudentView(student, ARGUMENTS)
    seconds = []
    for index, batches in enumerate(steps):
        started = time.perf_counter()
        step = Step(batches, view, reference, index, len(steps), epoch=0, seed=SEED)
        loss = method.loss(step)
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # waits for the device
        seconds.append(time.perf_counter() - started)
    return seconds


def _peak_bytes(device: str) -> int:
    """Returns this process's peak: CUDA memory on a GPU, resident set size on a CPU."""
    if device != "cpu":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--method", required=True)
    parser.add_argument("--reference", choices=["off", "copy"], required=True)
    for name in ("hidden-size", "num-layers", "vocab-size", "batch-size", "length", "steps"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser


if __name__ == "__main__":
    main()
