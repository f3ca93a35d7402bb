"""What was done to a sweep by hand while it ran, as its ledger says, and what follows from it.

A command is obeyed once: its line in the ledger says so, and what it has decided holds for every
later run of the sweep. Methods that were given unequal budgets by hand cannot be compared as if
they had not been, so every report has `Steering.notes`.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.searching.space import in_words
from orchestrator.storage.commands import Verb

LIMITING = (Verb.STOP, Verb.TRIALS, Verb.FINISH)
"""What sets how many trials a method has."""


class Steered(BaseModel):
    """A command that was obeyed, or `refused` for that reason.

    The method `label` has `trials` from then on, where it had `before`; `number` is the trial that
    was added to it, with `params` as far as a person gave them. What ends the search is a line for
    each method, and then one without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str
    verb: Verb
    label: str = ""
    trials: int | None = None
    before: int | None = None
    number: int | None = None
    params: Mapping[str, bool | int | float | str] = {}
    note: str = ""
    refused: str = ""

    @property
    def is_last(self) -> bool:
        """Whether the command needs no more be looked at: no further line of it comes."""
        return self.verb != Verb.FINISH or not self.label

    @property
    def said(self) -> str:
        """What was done, for people: "npo is stopped after 4 of 7 trials"."""
        if self.refused:
            return f"{self.verb} was not done: {self.refused}"
        texts = {
            Verb.STOP: f"{self.label} is stopped after {self.share}",
            Verb.PAUSE: "paused: what runs comes to its end, nothing new starts",
            Verb.RESUME: "resumed",
            Verb.ADD: f"trial {self.number} of {self.label} was added ({in_words(self.params)})",
            Verb.TRIALS: f"{self.label} has {self.trials} instead of {self.before} trials",
            Verb.FINISH: "the search is ended: what runs comes to its end, then what follows it",
        }
        if self.verb == Verb.FINISH and self.label:
            return f"{self.label} ends after {self.share}"
        return texts[self.verb]

    @property
    def share(self) -> str:
        """How many of its trials the method has."""
        return f"{self.trials} of {self.before} trials"


class Steering:
    """What the lines of a ledger that tell of commands add up to."""

    def __init__(self) -> None:
        self._limits: dict[str, int] = {}
        self._last: dict[str, Steered] = {}
        self._added: dict[str, list[Steered]] = {}
        self.obeyed: set[str] = set()
        """The ids of commands that need no more be looked at."""
        self.paused = False

    def take(self, steered: Steered) -> None:
        """Takes in a line."""
        if steered.is_last:
            self.obeyed.add(steered.id)
        if steered.refused:
            return
        if steered.verb in LIMITING and steered.label:
            assert steered.trials is not None
            self._limits[steered.label] = steered.trials
            self._last[steered.label] = steered
        elif steered.verb == Verb.ADD:
            self._added.setdefault(steered.label, []).append(steered)
            if steered.label in self._limits:
                self._limits[steered.label] = steered.trials or 0
        elif steered.verb in (Verb.PAUSE, Verb.RESUME):
            self.paused = steered.verb == Verb.PAUSE

    def limit(self, label: str) -> int | None:
        """Returns how many trials the method may have in all; None where the config says it."""
        return self._limits.get(label)

    def trials(self, label: str, planned: int) -> int:
        """Returns how many trials the method has that was planned so many."""
        added = (each.number + 1 for each in self._added.get(label, ()) if each.number is not None)
        return self._limits.get(label, max([planned, *added]))

    def is_added(self, label: str, number: int | None) -> bool:
        """Whether a person has added the trial."""
        return any(each.number == number for each in self._added.get(label, ()))

    def notes(self, planned: Mapping[str, int]) -> tuple[str, ...]:
        """Returns what is to be known of a table of these methods, with their planned trials."""
        return (*self._ended(planned), *self._limited(planned), *self._additions(planned))

    def _ended(self, planned: Mapping[str, int]) -> Iterator[str]:
        last = (self._last[label] for label in planned if label in self._last)
        parts = [f"{s.label} after {s.share}" for s in last if s.verb == Verb.FINISH]
        if parts:
            yield f"The search was ended by hand: {', '.join(parts)}."

    def _limited(self, planned: Mapping[str, int]) -> Iterator[str]:
        for label in planned:
            last = self._last.get(label)
            if last is None or last.verb == Verb.FINISH:
                continue
            why = f' ("{last.note}")' if last.note else ""
            if last.verb == Verb.STOP:
                yield f"{label} was stopped by hand after {last.share}{why}."
            elif last.trials != planned[label]:
                yield (
                    f"{label} was given {last.trials} instead of {planned[label]} trials by "
                    f"hand{why}."
                )

    def _additions(self, planned: Mapping[str, int]) -> Iterator[str]:
        for label in planned:
            parts = [f"{s.number} ({in_words(s.params)})" for s in self._added.get(label, ())]
            if parts:
                trials = "trial" if len(parts) == 1 else "trials"
                yield (f"Added to {label} by hand, within its budget: {trials} {', '.join(parts)}.")


def planned_trials(config: SweepConfig) -> dict[str, int]:
    """Returns how many trials the config gives each method, by label."""
    return {label: config.num_trials(label) for label in config.methods}


def given_trials(config: SweepConfig, steering: Steering) -> dict[str, int]:
    """Returns how many trials each method has, those that were changed by hand as they are."""
    return {label: steering.trials(label, num) for label, num in planned_trials(config).items()}
