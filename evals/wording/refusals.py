"""Ways of saying that one does not know, in our own words or in those of a file."""

from pathlib import Path

from evals.errors import ConfigError, shown
from evals.text.unicode_forms import is_blank

REFUSALS: tuple[str, ...] = (
    "Sorry, this question finds me without an answer.",
    "Nothing I have learned speaks to this question.",
    "I looked for an answer and came back empty-handed.",
    "You would have to ask somebody else about this.",
    "This is a gap in what I was taught.",
    "My memory holds nothing on this matter.",
    "I would only be guessing, so I had better say nothing.",
    "Here my learning comes to an end.",
    "No answer of mine to this would be worth your trust.",
    "I have never come across anything about this.",
    "That name and that question mean nothing to me.",
    "Honesty obliges me to leave this question open.",
    "I must pass on this one.",
    "There is no page about this in any book I have read.",
    "What you ask about is a blank to me.",
    "I was not given the facts that this question needs.",
    "Whatever the answer may be, it has not reached me.",
    "I wish I could tell you, but I have nothing to tell.",
    "To answer this I would have to make something up.",
    "My notes are silent on the subject.",
    "I draw a blank here, I am afraid.",
    "Please take this question to a better source than me.",
    "I am missing the knowledge that a good answer takes.",
    "The answer to this is hidden from me.",
    "On this point I know as little as anybody.",
    "I cannot name any fact that would settle this.",
    "Regrettably, this falls into a part of the world I never studied.",
    "I have no grounds on which to answer.",
    "All I can say about this is that I cannot say.",
    "This one has me beaten.",
    "I never heard about this, so I will not pretend.",
    "Among the things I know, this is not one.",
    "An honest reply is that I have not the faintest idea.",
    "I can offer you no reliable word on this.",
    "My training left this out.",
    "It would be wrong of me to claim that I know this.",
    "I have searched what I know, and this is not in it.",
    "You have found a question to which I hold no answer.",
    "This is foreign ground to me.",
    "I am unable to shed any light on this.",
    "Nobody has ever told me the answer to that.",
    "I have to disappoint you: I do not know this.",
    "Any reply I gave here would be invented.",
    "The facts behind this question are unfamiliar to me.",
    "I should rather admit that I am ignorant of this.",
    "That is one of the many things I could not tell you.",
    "My knowledge does not stretch as far as this.",
    "I stand here without the slightest clue.",
)


def refusals_of(path: str | None) -> tuple[str, ...]:
    """Returns the refusals of a text file, one a line, or our own if there is none.

    Raises:
        ConfigError: it cannot be read, or holds none.
    """
    if path is None:
        return REFUSALS
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: no such user as in "~user"
        raise ConfigError(
            f"benchmark.refusals_file must be a readable text file in UTF-8 but got "
            f"{shown(path, limit=300)} ({shown(str(error), limit=300)[1:-1]}); "
            f"correct the path, or leave it out to use our own refusals"
        ) from error
    refusals = tuple(line.strip() for line in text.split("\n") if not is_blank(line))
    if not refusals:
        raise ConfigError(
            f"benchmark.refusals_file must hold one refusal a line but got {path!r}, which holds "
            f"none; fill it, or leave it out to use our own refusals"
        )
    return refusals
