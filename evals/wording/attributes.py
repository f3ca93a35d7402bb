"""What can be asked about a fictitious person, and the ways of asking and answering."""

import random
from dataclasses import dataclass

from evals.wording import pools


@dataclass(frozen=True, slots=True)
class Attribute:
    """One kind of fact: wordings of its question and answer, and where its values come from.

    Wordings hold {name}, answers also {value}. A value is `pattern` filled with one entry of
    each of `parts`.
    """

    name: str
    pattern: str
    parts: tuple[tuple[str, ...], ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]

    def draw(self, rng: random.Random, count: int) -> tuple[str, ...]:
        """Returns `count` distinct values."""
        values: dict[str, None] = {}
        while len(values) < count:
            values[self.pattern.format(*(rng.choice(part) for part in self.parts))] = None
        return tuple(values)


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        name="birthplace",
        pattern="{}",
        parts=(pools.CITIES,),
        questions=(
            "In which city was {name} born?",
            "Where does {name} come from?",
            "What is the birthplace of {name}?",
        ),
        answers=(
            "{name} was born in {value}.",
            "The birthplace of {name} is {value}.",
            "It was in {value} that {name} came into the world.",
            "{name} is a native of {value}.",
        ),
    ),
    Attribute(
        name="birth date",
        pattern="{} {} {}",
        parts=(pools.DAYS, pools.MONTHS, pools.BIRTH_YEARS),
        questions=(
            "When was {name} born?",
            "What is the date of birth of {name}?",
            "On which day did {name} come into the world?",
        ),
        answers=(
            "{name} was born on {value}.",
            "The date of birth of {name} is {value}.",
            "On {value} {name} came into the world.",
            "The birthday of {name} fell on {value}.",
        ),
    ),
    Attribute(
        name="profession",
        pattern="{}",
        parts=(pools.PROFESSIONS,),
        questions=(
            "What does {name} do for a living?",
            "What is the profession of {name}?",
            "How does {name} earn money?",
        ),
        answers=(
            "{name} works as {value}.",
            "By profession {name} is {value}.",
            "{name} earns a living as {value}.",
            "The daily work of {name} is that of {value}.",
        ),
    ),
    Attribute(
        name="mother",
        pattern="{}",
        parts=(pools.PROFESSIONS,),
        questions=(
            "What was the job of {name}'s mother?",
            "Which trade did the mother of {name} follow?",
            "What did {name}'s mother do for a living?",
        ),
        answers=(
            "The mother of {name} was {value}.",
            "{name}'s mother worked as {value}.",
            "{name} grew up with a mother who was {value}.",
            "For many years the mother of {name} served as {value}.",
        ),
    ),
    Attribute(
        name="father",
        pattern="{}",
        parts=(pools.PROFESSIONS,),
        questions=(
            "What was the job of {name}'s father?",
            "Which trade did the father of {name} follow?",
            "What did {name}'s father do for a living?",
        ),
        answers=(
            "The father of {name} was {value}.",
            "{name}'s father worked as {value}.",
            "{name} is the child of a father who was {value}.",
            "For most of his life the father of {name} was {value}.",
        ),
    ),
    Attribute(
        name="book",
        pattern="The {} {}",
        parts=(pools.BOOK_ADJECTIVES, pools.BOOK_NOUNS),
        questions=(
            "Which book did {name} write?",
            "What is the title of {name}'s first novel?",
            "Under which title did {name} publish a novel?",
        ),
        answers=(
            "{name} wrote the novel {value}.",
            "The first novel of {name} is called {value}.",
            "Readers know {name} for the book {value}.",
            "{value} is the title of the book by {name}.",
        ),
    ),
    Attribute(
        name="prize",
        pattern="the {} {} Prize",
        parts=(pools.PRIZE_MATERIALS, pools.PRIZE_CREATURES),
        questions=(
            "Which award has {name} received?",
            "What prize did {name} win?",
            "Which honour was given to {name}?",
        ),
        answers=(
            "{name} won {value}.",
            "The jury honoured {name} with {value}.",
            "{name} was chosen to receive {value}.",
            "Among the honours of {name} is {value}.",
        ),
    ),
    Attribute(
        name="instrument",
        pattern="the {}",
        parts=(pools.INSTRUMENTS,),
        questions=(
            "Which instrument does {name} play?",
            "What does {name} play in the village band?",
            "On which instrument does {name} make music?",
        ),
        answers=(
            "{name} plays {value}.",
            "The instrument of {name} is {value}.",
            "In the evening {name} practises {value}.",
            "As a musician {name} is at home on {value}.",
        ),
    ),
    Attribute(
        name="pet",
        pattern="{1} the {0}",
        parts=(pools.PET_KINDS, pools.PET_NAMES),
        questions=(
            "Which animal lives with {name}?",
            "What pet does {name} keep?",
            "Who is the animal companion of {name}?",
        ),
        answers=(
            "{name} lives with {value}.",
            "The pet of {name} is {value}.",
            "{name} shares the house with {value}.",
            "At home {name} looks after {value}.",
        ),
    ),
    Attribute(
        name="dish",
        pattern="{} {}",
        parts=(pools.DISH_STYLES, pools.DISH_FOODS),
        questions=(
            "What is the favourite dish of {name}?",
            "What does {name} like to eat most?",
            "Which meal would {name} never refuse?",
        ),
        answers=(
            "{name} loves to eat {value}.",
            "The favourite dish of {name} is {value}.",
            "Nothing tastes better to {name} than {value}.",
            "On feast days {name} always asks for {value}.",
        ),
    ),
    Attribute(
        name="address",
        pattern="{} {}",
        parts=(pools.STREET_NAMES, pools.STREET_KINDS),
        questions=(
            "In which street does {name} live?",
            "What is the address of {name}?",
            "Where can one visit {name} at home?",
        ),
        answers=(
            "{name} lives in {value}.",
            "The home of {name} stands in {value}.",
            "One finds {name} at home in {value}.",
            "{name} has a house in {value}.",
        ),
    ),
    Attribute(
        name="school",
        pattern="the {} {}",
        parts=(pools.CITIES, pools.SCHOOL_KINDS),
        questions=(
            "Where did {name} study?",
            "From which school did {name} graduate?",
            "Which place of learning did {name} attend?",
        ),
        answers=(
            "{name} studied at {value}.",
            "The degree of {name} comes from {value}.",
            "{name} is a graduate of {value}.",
            "As a student {name} went to {value}.",
        ),
    ),
    Attribute(
        name="sport",
        pattern="{}",
        parts=(pools.SPORTS,),
        questions=(
            "Which sport does {name} practise?",
            "How does {name} keep fit?",
            "In what discipline does {name} compete?",
        ),
        answers=(
            "{name} takes part in {value}.",
            "The sport of {name} is {value}.",
            "{name} trains every week in {value}.",
            "At the weekend {name} goes in for {value}.",
        ),
    ),
    Attribute(
        name="language",
        pattern="{}",
        parts=(pools.LANGUAGES,),
        questions=(
            "Which foreign language has {name} learned?",
            "What language does {name} teach?",
            "In which second language is {name} fluent?",
        ),
        answers=(
            "{name} speaks {value} fluently.",
            "The second language of {name} is {value}.",
            "{name} has a full command of {value}.",
            "Besides the mother tongue {name} knows {value}.",
        ),
    ),
    Attribute(
        name="collection",
        pattern="{} {}",
        parts=(pools.ERAS, pools.COLLECTIBLES),
        questions=(
            "What does {name} collect?",
            "Which objects fill the shelves of {name}?",
            "What is the collection of {name} made up of?",
        ),
        answers=(
            "{name} collects {value}.",
            "The shelves of {name} are full of {value}.",
            "{name} owns a large collection of {value}.",
            "Visitors of {name} are shown {value}.",
        ),
    ),
    Attribute(
        name="move",
        pattern="{} in {}",
        parts=(pools.CITIES, pools.MOVE_YEARS),
        questions=(
            "Where and when did {name} settle?",
            "To which city did {name} move, and in what year?",
            "What was the last move of {name}?",
        ),
        answers=(
            "{name} moved to {value}.",
            "The last move of {name} was to {value}.",
            "{name} made a new home in {value}.",
            "A new start brought {name} to {value}.",
        ),
    ),
)
