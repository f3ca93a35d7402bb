"""Obeys what people ask of a sweep while it runs, once each, whatever becomes of its driver.

What is asked stands in the sweep's folder, what was obeyed in its ledger. A command is obeyed in
full before its line in the ledger says so, and obeying it again changes nothing: so one at which
the driver was killed is obeyed by the next. What is about the search waits until that begins.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from evals.errors import ConfigError
from orchestrator.config.commands import check_command
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.callbacks import SweepCallback
from orchestrator.limits.ledger import Ledger
from orchestrator.limits.steering import Steered
from orchestrator.searching.study import MethodSearch
from orchestrator.storage.commands import Command, CommandReader, Verb

EVERY_S = 0.5
"""Seconds between two looks at the file."""
AT_ANY_TIME = (Verb.PAUSE, Verb.RESUME)


class Control(SweepCallback):
    """Obeys commands in the order of their lines; `tell` hears of each that was obeyed.

    What was decided in earlier runs holds from the start.
    """

    def __init__(
        self,
        config: SweepConfig,
        ledger: Ledger,
        searches: Mapping[str, MethodSearch],
        *,
        folder: Path,
        tell: Callable[[Steered], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._searches = searches
        self._tell = tell
        self._clock = clock
        self._reader = CommandReader(folder)
        self._looked_at = -EVERY_S
        self._waiting: list[Command] = []
        self._begun = self._over = False
        for label, search in searches.items():
            limit = ledger.steering.limit(label)
            if limit is not None:
                search.limit(limit)

    @property
    def limit(self) -> str | None:
        """The sweep's budget that is used up, as the ledger says it; None if none is."""
        return self._ledger.limit

    @property
    def paused(self) -> bool:
        """Whether nothing new may start."""
        return self._ledger.steering.paused

    def look(self) -> bool:
        """Obeys what was read at the look before, and reads what is new.

        Returns whether what has not started yet is to be taken back: since the sweep is paused, or
        so that the next look finds as running what runs.
        """
        self._obey_all()
        now = self._clock()
        if now - self._looked_at >= EVERY_S:
            self._looked_at = now
            self._read()
        return self.paused or any(map(self._may_be_obeyed, self._waiting))

    def on_search_begin(self) -> None:
        """Obeys what has waited for this."""
        self._begun = True
        self._read()
        self._obey_all()

    def on_search_end(self) -> None:
        """Takes in that no method may ask for another trial in this run."""
        self._over = True

    def _read(self) -> None:
        known = {*self._ledger.steering.obeyed, *(command.id for command in self._waiting)}
        for command in self._reader.read():
            if command.id not in known:
                known.add(command.id)
                self._waiting.append(command)

    def _may_be_obeyed(self, command: Command) -> bool:
        return self._begun or command.verb in AT_ANY_TIME

    def _obey_all(self) -> None:
        for command in [each for each in self._waiting if self._may_be_obeyed(each)]:
            refused = self._refusal(command)
            done = self._obeyed(command)
            if refused:
                done = iter([_steered(command).model_copy(update={"refused": refused})])
            for steered in done:
                self._ledger.steer(steered)
                self._tell(steered)
            self._waiting.remove(command)

    def _refusal(self, command: Command) -> str:
        """Returns why a command is not obeyed; empty if it is."""
        try:
            check_command(command, self._config)
        except ConfigError as error:
            return str(error)
        if command.verb in AT_ANY_TIME:
            already = self.paused == (command.verb == Verb.PAUSE)
            return f"the sweep is {'' if self.paused else 'not '}paused" if already else ""
        if self._over:
            return "the search is over; resume the sweep for more once it has ended"
        search = self._searches.get(command.label)
        if command.verb == Verb.STOP and search is not None and not search.remaining:
            return f"{command.label} has no trial left to begin"
        return ""

    def _obeyed(self, command: Command) -> Iterator[Steered]:
        """Does what is asked, and yields what the ledger is to say of it."""
        match command.verb:
            case Verb.STOP | Verb.TRIALS:
                yield self._limited(command, command.label, command.trials or 0)
            case Verb.FINISH:
                for label, search in self._searches.items():
                    if search.remaining:
                        yield self._limited(command, label, 0)
                yield _steered(command)
            case Verb.ADD:
                search = self._searches[command.label]
                before = search.num_trials
                number = search.add(command.id, command.params)
                facts = {"trials": search.num_trials, "before": before, "number": number}
                yield _steered(command).model_copy(update=facts)
            case _:
                yield _steered(command)

    def _limited(self, command: Command, label: str, trials: int) -> Steered:
        """Has a method's search end at `trials`, or where it is if that is beyond them."""
        search = self._searches[label]
        before = search.num_trials
        search.limit(max(trials, search.num_taken))
        facts = {"label": label, "trials": search.num_trials, "before": before}
        return _steered(command).model_copy(update=facts)


def _steered(command: Command) -> Steered:
    return Steered(
        id=command.id,
        verb=command.verb,
        label=command.label,
        params=command.params,
        note=command.note,
    )
