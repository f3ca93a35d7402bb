"""Scores pictures by a model's embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from evals.evaluating import evaluating
from evals.faces.encoding import Encoder
from evals.faces.enrolment import cosines, enrolment_vectors
from evals.faces.example import Face, Task
from evals.faces.scores import SCALE, FaceScore, TaskScores
from evals.shard import Shard


class Embeds(Protocol):
    """What gives each picture an embedding."""

    def embeddings(self, faces: Sequence[Face]) -> Tensor:
        """Returns embeddings_NE of pictures, float32 on the CPU."""
        ...


@dataclass(frozen=True, slots=True)
class Embedder:
    """A model that gives each picture an embedding."""

    model: nn.Module
    encoder: Encoder
    batch_size: int
    device: torch.device

    def embeddings(self, faces: Sequence[Face]) -> Tensor:
        """Returns embeddings_NE of pictures, float32 on the CPU."""
        with evaluating(self.model):
            starts = range(0, len(faces), self.batch_size)
            parts = [faces[start : start + self.batch_size] for start in starts]
            return torch.cat([self._embedded(part) for part in parts])

    def _embedded(self, faces: Sequence[Face]) -> Tensor:
        rows = self.encoder.collate([self.encoder.answered(face) for face in faces])
        pixel_values = rows.inputs["pixel_values"].to(self.device)
        embeddings_NE: Tensor = self.model(pixel_values=pixel_values).embeddings.float().cpu()
        return embeddings_NE


def score_tasks(embedder: Embeds, tasks: Sequence[Task], *, shard: Shard) -> list[TaskScores]:
    """Returns this shard's scores of `tasks`; every rank calls the model equally often.

    Everybody is enrolled on every rank, from the same pictures.
    """
    enrolled = tasks[0].enrolled
    labels_N = torch.tensor([face.label for face in enrolled])
    num_people = int(labels_N.max()) + 1
    found_NE = embedder.embeddings(enrolled)
    vectors_PE = enrolment_vectors(found_NE, labels_N, num_people=num_people)
    return [_scored(embedder, task, vectors_PE, shard) for task in tasks]


def _scored(embedder: Embeds, task: Task, vectors_PE: Tensor, shard: Shard) -> TaskScores:
    own = shard.take(task.examples)
    # Under ZeRO-3 all ranks must call the model equally often: as often as the first of them.
    asked = own + task.examples[: len(shard.parts(task.examples)[0]) - len(own)]
    if not asked:
        return TaskScores(task.name, task.role, ())
    cosines_NP = cosines(embedder.embeddings(asked), vectors_PE)
    nll_NP = -torch.log_softmax(SCALE * cosines_NP, dim=1)
    found = zip(own, cosines_NP, nll_NP, strict=False)
    items = [_score(face, cosines_P, nll_P) for face, cosines_P, nll_P in found]
    return TaskScores(task.name, task.role, tuple(sorted(items, key=lambda item: item.id)))


def _score(face: Face, cosines_P: Tensor, nll_P: Tensor) -> FaceScore:
    others_P = torch.cat([cosines_P[: face.label], cosines_P[face.label + 1 :]])
    return FaceScore(
        face.id,
        face.person,
        float(cosines_P[face.label]),
        float(others_P.max()),
        float(nll_P[face.label]),
    )
