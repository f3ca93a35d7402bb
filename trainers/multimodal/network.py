"""A vision-language model of transformers as a batch of rows calls it.

Rows with and without a picture mix. Every call runs tower and projector as long as somebody needs
it: other ranks, which gather their parameters under ZeRO-3, or an optimizer, for which a part that
trains must have gradients in every step. So a batch without a picture runs them on a blank one, and
what they make of it is added to the embeddings with weight 0.

Shapes: B rows, T positions, N pictures, P patches, D numbers of a patch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from transformers import PreTrainedModel

from trainers.multimodal.features import Features
from trainers.multimodal.parts import LANGUAGE_MODEL, Parts, as_seen, inner_of, part, projected


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a batch: pixels or the numbers of kept features, and grids if there are any.

    `rows` says of each row whether it has one.
    """

    rows: Tensor
    values: Tensor | None = None
    numbers: Tensor | None = None
    grid: Tensor | None = None


class VisionLanguageModel(nn.Module):
    """Calls `network` on rows that may have a picture each; see the module's docstring.

    `trained` names the parts whose weights train, or on which an adapter is put.
    """

    base_model_prefix = "network"  # peft asks every model with a configuration for it

    def __init__(self, network: PreTrainedModel, parts: Parts, *, trained: Sequence[str]) -> None:
        super().__init__()
        self.network = network
        self.parts = parts
        self.features: Features | None = None
        self.trained: tuple[str, ...] = ()
        self.train_only(trained)

    @property
    def config(self) -> Any:
        """The configuration of the network."""
        return self.network.config

    @property
    def generation_config(self) -> Any:
        """What the network generates by."""
        return self.network.generation_config

    @generation_config.setter
    def generation_config(self, config: Any) -> None:
        self.network.generation_config = config

    @property
    def sees_anew(self) -> bool:
        """Whether the tower trains, so that what it makes of pictures changes."""
        return self.parts.tower in self.trained

    def train_only(self, parts: Sequence[str]) -> None:
        """Has the weights of these parts need gradients, and no others."""
        self.trained = tuple(parts)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(self._trains(name))

    def get_decoder(self) -> nn.Module:
        """Returns the language model under the output head."""
        return part(self.network, LANGUAGE_MODEL)

    def get_output_embeddings(self) -> nn.Module:
        """Returns the output head."""
        head: nn.Module = self.network.get_output_embeddings()
        return head

    def linear_layers(self) -> list[str]:
        """Returns the names of the linear layers of the parts that train, for an adapter."""
        return [
            name
            for name, module in self.named_modules()
            if isinstance(module, nn.Linear)
            and self._trains(name.removeprefix("network."))
            and module is not self.network.get_output_embeddings()
        ]

    def train(self, mode: bool = True) -> "VisionLanguageModel":
        """Sets the mode of all but a frozen tower, whose outputs do not depend on it."""
        super().train(mode)
        if not self.sees_anew:
            part(self.network, self.parts.tower).eval()
        return self

    def forward(  # noqa: PLR0913  # a batch's inputs by name
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        pixel_values: Tensor | None = None,
        has_picture: Tensor | None = None,
        picture_index: Tensor | None = None,
        image_grid_thw: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
    ) -> Any:
        """Returns what the network gives for the rows, `logits` among it."""
        pictures = _pictures(pixel_values, has_picture, picture_index, image_grid_thw)
        seen, idle = self._seen(pictures)
        with self._added(idle):
            return self.network(
                input_ids=input_ids,
                attention_mask=attention_mask,
                use_cache=use_cache,
                logits_to_keep=logits_to_keep,
                **self._arguments(input_ids, pictures, seen),
            )

    @torch.no_grad()
    def generate(  # noqa: PLR0913  # a batch's inputs by name
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        pixel_values: Tensor | None = None,
        has_picture: Tensor | None = None,
        picture_index: Tensor | None = None,
        image_grid_thw: Tensor | None = None,
        synced_gpus: bool = False,
    ) -> Tensor:
        """Returns the ids of prompts and what is said behind them, as `generation_config` says."""
        pictures = _pictures(pixel_values, has_picture, picture_index, image_grid_thw)
        seen, _ = self._seen(pictures)
        ids: Tensor = self.network.generate(
            input_ids=input_ids,
            attention_mask=attention_mask,
            synced_gpus=synced_gpus,
            **self._arguments(input_ids, pictures, seen),
        )
        return ids

    def _trains(self, name: str) -> bool:
        """Tells whether a parameter or module of the network belongs to a part that trains.

        The projector may lie within the tower; what is in neither goes with the language model.
        """
        for own in (self.parts.projector, self.parts.tower):
            if name.startswith(f"model.{own}."):
                return own in self.trained
        return LANGUAGE_MODEL in self.trained

    def _seen(self, pictures: Pictures) -> tuple[list[Tensor], Tensor | None]:
        """Returns projected features of each picture, and what an idle pass is to add, if one is.

        That is a zero which hangs on all that was run.
        """
        if bool(pictures.rows.any()):
            return self._look(pictures, pictures.rows), None
        if not self._must_keep_step():
            return [], None
        first = torch.zeros_like(pictures.rows)
        first[0] = True
        looked = self._look(pictures, first)
        return [], torch.stack([each.float().sum() for each in looked]).sum() * 0.0

    def _must_keep_step(self) -> bool:
        if dist.is_initialized() and dist.get_world_size() > 1:
            return True
        trains = {self.parts.tower, self.parts.projector} & set(self.trained)
        return torch.is_grad_enabled() and self.training and bool(trains)

    def _look(self, pictures: Pictures, rows: Tensor) -> list[Tensor]:
        """Returns the projected features of the pictures of `rows`, of blank ones for others."""
        if pictures.numbers is not None:
            assert self.features is not None, "rows were encoded for features that nobody keeps"
            return self.features.projected(self.network, pictures.numbers[rows].clamp(min=0))
        assert pictures.values is not None
        dtype = next(part(self.network, self.parts.tower).parameters()).dtype
        values = pictures.values[rows].to(dtype)
        if pictures.grid is None:
            return projected(self.network, values, None)
        grid = pictures.grid[rows]
        if not bool(grid.any()):
            grid = _whole_grid(values, self.network)
        flat = [each[:size] for each, size in zip(values, grid.prod(-1).tolist(), strict=True)]
        return projected(self.network, torch.cat(flat), grid)

    def _arguments(
        self, input_ids: Tensor, pictures: Pictures, seen: list[Tensor]
    ) -> dict[str, Any]:
        """Returns what the network is called with beside tokens.

        Raises:
            AssertionError: a row has image tokens for another picture than its own, or for none,
                of which the network would make an answer without complaint.
        """
        places = input_ids == self.config.image_token_id
        wanted, sizes = iter(seen), []
        for has_one in pictures.rows.tolist():
            sizes.append(len(next(wanted)) if has_one else 0)
        found = places.sum(dim=1).tolist()
        assert found == sizes, f"rows with {found} image tokens have pictures of {sizes}"
        if not seen:
            return {}
        arguments: dict[str, Any] = {"mm_encoder_outputs": as_seen(seen)}
        if pictures.grid is not None:
            arguments["image_grid_thw"] = pictures.grid[pictures.rows]
            arguments["mm_token_type_ids"] = places.long()
        return arguments

    @contextmanager
    def _added(self, idle: Tensor | None) -> Iterator[None]:
        """Adds `idle`, a zero, to all embeddings of tokens as long as the context lasts."""
        if idle is None:
            yield
            return

        def add(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
            return output + idle.to(output.dtype)

        handle = inner_of(self.network).get_input_embeddings().register_forward_hook(add)
        try:
            yield
        finally:
            handle.remove()


def _pictures(
    values: Tensor | None, rows: Tensor | None, numbers: Tensor | None, grid: Tensor | None
) -> Pictures:
    if numbers is not None:
        return Pictures(numbers >= 0, numbers=numbers, grid=grid)
    assert rows is not None, "rows without a word on their pictures"
    return Pictures(rows, values=values, grid=grid)


def _whole_grid(values: Tensor, network: PreTrainedModel) -> Tensor:
    """Returns the grid of one blank picture within the patches that there are."""
    merge = int(network.config.vision_config.spatial_merge_size)
    return torch.tensor([[1, merge, merge]], device=values.device)
