"""How the pictures of a batch travel to a model: what any such way must say."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor
from transformers import BaseImageProcessor

from evals.pictures.picture import Picture


class PictureInputs(Protocol):
    """Makes a model's inputs of pictures.

    `image_token_id` stands in a row as often as the picture has tokens.
    """

    @property
    def image_token_id(self) -> int:
        """The id of the token that the model replaces by what it sees."""
        ...

    @property
    def processor(self) -> BaseImageProcessor:
        """The image processor that was saved with the model."""
        ...

    def num_tokens(self, picture: Picture) -> int:
        """Returns how many tokens of a row the picture takes.

        Raises:
            ConfigError: the model's processor cannot take the picture.
        """
        ...

    def inputs(self, pictures: Sequence[Picture | None]) -> Mapping[str, Tensor]:
        """Returns the inputs of rows with these pictures, None for a row without one.

        The first dimension of each counts the rows.
        """
        ...
