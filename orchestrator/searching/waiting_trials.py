"""Trials of a study that wait to be asked: those that never ended, and those added by a person."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial, Trial

BY_HAND = "by_hand"
"""What a trial that a person has added is marked by."""


class WaitingTrials:
    """The waiting trials of the study `label` in `storage`, by number; those added come first."""

    def __init__(self, label: str, study: "Study", storage: "JournalStorage") -> None:
        self._label = label
        self._study = study
        self._storage = storage
        self._fresh: set[int] = set()
        """Those which were never asked."""
        self._numbers: list[int] = []
        own = (trial.user_attrs for trial in study.get_trials(deepcopy=False))
        self._by_hand = {facts["number"] for facts in own if BY_HAND in facts}
        self.recover()

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def num_by_hand(self) -> int:
        """How many trials a person has added, whether they wait or not."""
        return len(self._by_hand)

    @property
    def num_waiting_by_hand(self) -> int:
        """How many of them wait."""
        return sum(number in self._by_hand for number in self._numbers)

    @property
    def first(self) -> int:
        """The number of the trial that is asked first of those that wait."""
        return min(self._numbers, key=lambda number: (number not in self._by_hand, number))

    def added(self, mark: str) -> int | None:
        """Returns the number of the trial that was added under that mark."""
        own = (trial.user_attrs for trial in self._study.get_trials(deepcopy=False))
        return next((facts["number"] for facts in own if facts.get(BY_HAND) == mark), None)

    def add(self, number: int) -> None:
        """Counts a trial that was queued just now for a person."""
        self._numbers.append(number)
        self._fresh.add(number)
        self._by_hand.add(number)

    def put_back(self, number: int, optuna_number: int) -> None:
        """Has a trial wait that was asked and does not run."""
        self._wait(optuna_number)
        self._numbers.append(number)

    def recover(self) -> None:
        """Has everything wait that is running, or was in another process."""
        from optuna.trial import TrialState

        for orphan in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._wait(orphan.number)
        self._numbers = [trial.user_attrs["number"] for trial in self._waiting()]

    def take(self) -> tuple["Trial", bool]:
        """Returns the first of them, which runs from now on, and whether it was asked before."""
        number = self.first
        trial = self._started(number)
        self._numbers.remove(number)
        again = number not in self._fresh
        self._fresh.discard(number)
        return trial, again

    def _started(self, number: int) -> "Trial":
        """Takes a trial that waits as Optuna does with the first of all."""
        from optuna.trial import Trial, TrialState

        waiting = self._waiting()
        trial = next(each for each in waiting if each.user_attrs["number"] == number)
        if trial is waiting[0]:
            return self._study.ask()
        trial_id = self._trial_id(trial.number)
        self._storage.set_trial_state_values(trial_id, TrialState.RUNNING)
        return Trial(self._study, trial_id)

    def _waiting(self) -> "list[FrozenTrial]":
        from optuna.trial import TrialState

        return self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))

    def _wait(self, optuna_number: int) -> None:
        from optuna.trial import TrialState

        self._storage.set_trial_state_values(self._trial_id(optuna_number), TrialState.WAITING)

    def _trial_id(self, optuna_number: int) -> int:
        study_id = self._storage.get_study_id_from_name(self._label)
        return self._storage.get_trial_id_from_study_id_trial_number(study_id, optuna_number)
