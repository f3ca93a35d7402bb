"""What a multimodal benchmark holds: questions, each with or without a picture."""

from dataclasses import dataclass

from evals.pictures.picture import Picture
from evals.text import example as text


@dataclass(frozen=True, slots=True)
class Example(text.Example):
    """One question, put to the picture if there is one."""

    picture: Picture | None = None
