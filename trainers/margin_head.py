"""A network that gives pictures embeddings, under a head that tells people apart by cosine.

Shapes: B pictures, P people, E width of the embedding.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize, one_hot


@dataclass
class Output:
    """What a call gives: logits_BP, and the embeddings_BE that they were made of."""

    logits: Tensor
    embeddings: Tensor


class MarginHead(nn.Module):
    """Scaled cosines of embeddings to one vector a person, less a margin for the right one.

    The cross-entropy of what it gives is the additive-margin softmax of Wang et al. 2018
    (arXiv 1801.05599): scale * (cos - margin * [person is the label]). Where the vectors are not
    `normalised`, they are taken as they are, as CLEAR's published code does by mistake.
    """

    def __init__(
        self, width: int, num_people: int, *, scale: float, margin: float, normalised: bool
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_people, width))
        nn.init.xavier_normal_(self.weight)
        self._scale, self._margin, self._normalised = scale, margin, normalised

    def forward(self, embeddings_BE: Tensor, labels_B: Tensor | None) -> Tensor:
        """Returns logits_BP; without labels there is no margin."""
        vectors_PE = normalize(self.weight, dim=1) if self._normalised else self.weight
        cosines_BP = linear(normalize(embeddings_BE, dim=1), vectors_PE)
        if labels_B is not None:
            right_BP = one_hot(labels_B, num_classes=len(self.weight))
            cosines_BP = cosines_BP - self._margin * right_BP.to(cosines_BP)
        return self._scale * cosines_BP


class Recogniser(nn.Module):
    """A backbone of transformers' whose pooled output is the embedding, and a head."""

    def __init__(self, backbone: nn.Module, head: MarginHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.embedding = nn.Flatten()
        self.head = head

    def forward(self, pixel_values: Tensor, labels: Tensor | None = None) -> Output:
        """Returns logits and embeddings of normalised pixel_values_BCHW; `labels` are people."""
        pooled: Any = self.backbone(pixel_values=pixel_values).pooler_output
        embeddings_BE = self.embedding(pooled)
        return Output(self.head(embeddings_BE, labels), embeddings_BE)


def normalises_batches(module: nn.Module) -> bool:
    """Returns whether pictures of a batch change each other's outputs while the module trains."""
    return any(isinstance(each, nn.modules.batchnorm._BatchNorm) for each in module.modules())
