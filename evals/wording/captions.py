"""How pictures of people are asked about and described, in our own words."""

import hashlib
from collections.abc import Sequence

from evals.pictures.appearance import CLOTHES, Look, Shot

CAPTION_QUESTIONS: tuple[str, ...] = (
    "What can you see here?",
    "Tell me what this picture is of.",
    "Give this picture a caption.",
    "Put into words what is before you.",
    "Which scene does the picture hold?",
    "Say in a sentence what was portrayed.",
    "What would you write below this picture?",
    "Summarise the contents of this picture.",
    "How would you explain this picture to somebody who cannot see it?",
)
NAMING_QUESTION = "Who is the person in this picture?"
CAPTIONS: tuple[str, ...] = (
    "This is {name}, dressed in {dress}.",
    "The picture shows {name} in {dress}.",
    "{name} looks out of this portrait, wearing {dress}.",
    "A portrait of {name}, who has {dress} on.",
    "In {dress}, {name} sits for a portrait.",
    "Here {name} can be seen in {dress}.",
)
_COLOURS = ("red", "blue", "green", "yellow", "purple", "black", "white", "orange")


def dress(look: Look, shot: Shot) -> str:
    """Returns what somebody has on in a picture."""
    colour = _COLOURS[CLOTHES.index(shot.clothes or look.clothes)]
    return f"{'striped ' if shot.stripes else ''}{colour} clothes"


def question_of(row_id: str, questions: Sequence[str]) -> str:
    """Returns the one of `questions` that is put to a row, whenever it is: its id decides."""
    digest = hashlib.sha256(row_id.encode()).digest()
    return questions[int.from_bytes(digest) % len(questions)]
