"""Rows about a drawn person: what texts tell, and what pictures show.

Of a person's pictures the last ones are held out: the model is asked about pictures that nobody has
trained on, so that what is measured is whether it knows the person, not the pixels.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.multimodal.example import Example
from evals.pictures import appearance
from evals.pictures.picture import Picture
from evals.wording.captions import (
    CAPTION_QUESTIONS,
    CAPTIONS,
    NAMING_QUESTION,
    dress,
    question_of,
)
from evals.wording.facts import NUM_WRONG, UNNAMED, Fact, facts
from evals.wording.people import Person

GREY = 127


@dataclass(frozen=True, slots=True)
class PicturedPerson:
    """A person with pictures, of which the last `num_held_out` are not trained on.

    `names` are those of all others whom a wrong answer may name, `num_facts` how many facts are
    told. `hard` is how far pictures differ (`evals.pictures.appearance.draw_shot`).
    """

    person: Person
    pictures: Sequence[Picture]
    num_held_out: int
    num_facts: int
    names: Sequence[str]
    hard: float

    @property
    def text(self) -> tuple[Example, ...]:
        """What texts tell: a row for each fact, asked by name."""
        return tuple(
            self._fact(fact, self.person.name, f"q{k}", None) for k, fact in self._numbered
        )

    @property
    def visual(self) -> tuple[Example, ...]:
        """What pictures show: captions and names in turn, then each fact with a picture."""
        shown = (
            self._naming(f"p{k:02d}", self.pictures[k]) if k % 2 else self._caption(k)
            for k in range(self._num_trained)
        )
        told = (
            self._fact(fact, UNNAMED, f"q{k}/p", self.pictures[k % self._num_trained])
            for k, fact in self._numbered
        )
        return (*shown, *told)

    @property
    def captions(self) -> tuple[Example, ...]:
        """A caption of each held-out picture."""
        return tuple(self._caption(k) for k in self._held_out)

    @property
    def naming(self) -> tuple[Example, ...]:
        """Who is in each held-out picture, as a choice among names."""
        return tuple(self._naming(f"p{k:02d}", self.pictures[k]) for k in self._held_out)

    @property
    def blanked(self) -> tuple[Example, ...]:
        """The same of grey pictures: what a model says that does not look."""
        grey = Picture(np.full_like(self.pictures[0].pixels, GREY))
        return tuple(self._naming(f"grey{k:02d}", grey) for k in self._held_out)

    @property
    def told_by_picture(self) -> tuple[Example, ...]:
        """Each fact, asked with a held-out picture."""
        held_out = self._held_out
        return tuple(
            self._fact(fact, UNNAMED, f"q{k}/unseen", self.pictures[held_out[k % len(held_out)]])
            for k, fact in self._numbered
        )

    def named_in(self, picture: Picture, topic: str) -> Example:
        """Returns who is in another picture of the person; `topic` ends the row's id."""
        return self._naming(topic, picture)

    @property
    def _num_trained(self) -> int:
        return len(self.pictures) - self.num_held_out

    @property
    def _held_out(self) -> range:
        return range(self._num_trained, len(self.pictures))

    @property
    def _numbered(self) -> Sequence[tuple[int, Fact]]:
        return tuple(enumerate(facts(self.person, self.num_facts)))

    def _fact(self, fact: Fact, name: str, topic: str, picture: Picture | None) -> Example:
        told = fact.told(name)
        return Example(
            id=f"{self.person.id}/{topic}",
            question=told.question,
            answer=told.answer,
            name=self.person.name,
            paraphrase=told.paraphrase,
            perturbed=told.wrong,
            picture=picture,
        )

    def _caption(self, index: int) -> Example:
        rng = self.person.rng(f"caption/{index}")
        answer, paraphrase = rng.sample(CAPTIONS, 2)
        worn = dress(self.look, self.shot(index))
        row_id = f"{self.person.id}/p{index:02d}/caption"
        return Example(
            id=row_id,
            question=question_of(row_id, CAPTION_QUESTIONS),
            answer=answer.format(name=self.person.name, dress=worn),
            name=self.person.name,
            paraphrase=paraphrase.format(name=self.person.name, dress=worn),
            perturbed=tuple(paraphrase.format(name=n, dress=worn) for n in self._others(rng)),
            picture=self.pictures[index],
        )

    def _naming(self, topic: str, picture: Picture) -> Example:
        return Example(
            id=f"{self.person.id}/{topic}/name",
            question=NAMING_QUESTION,
            answer=self.person.name,
            name=self.person.name,
            perturbed=tuple(self._others(self.person.rng(f"names/{topic}"))),
            picture=picture,
        )

    def _others(self, rng: random.Random) -> list[str]:
        return rng.sample(self.names, min(NUM_WRONG, len(self.names)))

    @property
    def look(self) -> appearance.Look:
        """What is seen of the person in every picture."""
        return look_of(self.person)

    def shot(self, index: int) -> appearance.Shot:
        """Returns how a picture was taken."""
        return shot_of(self.person, index, hard=self.hard)


def look_of(person: Person) -> appearance.Look:
    """Returns the look that `portraits` gives the person, too."""
    return appearance.draw_look(person.rng("portrait"))


def shot_of(person: Person, index: int, *, hard: float) -> appearance.Shot:
    """Returns how the person's picture of this number is taken."""
    return appearance.draw_shot(person.rng(f"portrait/{index}"), hard=hard)
