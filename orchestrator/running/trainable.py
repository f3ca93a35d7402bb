"""The Ray Tune trainable: takes one Job after another through its warm gang."""

import os
from typing import Any

from ray import tune

from cluster.warm_gang import WarmGang
from orchestrator.jobs.ticket import Ticket
from orchestrator.running.job_runner import JobRun
from orchestrator.running.workers import Experience
from orchestrator.storage.environment_secrets import secrets_of
from orchestrator.storage.masking import without
from trainers.job import Beat, Report


class JobTrainable(tune.Trainable):  # type: ignore[misc]  # Ray has no types
    """Runs the jobs of its ticket, one report a step; its gang outlives them.

    A job that fails ends as a result that says so, never as an error of Tune's: an error would
    end this actor and its gang with it.
    """

    _waiting: tuple[Ticket, ...] = ()
    _secrets: frozenset[str] = frozenset()

    def setup(self, config: dict[str, Any]) -> None:
        """Takes the first ticket; the gang is formed when the first step needs it."""
        self._warm = WarmGang()
        self._experience = Experience()
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes the next ticket, keeping the gang."""
        self._take(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Runs the job to its next report; the last one says if it left no result, and why.

        What a job is that others follow says `ended`, with that reason or nothing.
        """
        try:
            result = self._run.advance()
        except Exception as error:  # noqa: BLE001  the trial boundary: one job, not the sweep
            self._warm.close()
            said = without(f"{type(error).__name__}: {error}", self._secrets)
            return self._ended(said)  # it goes on record
        if isinstance(result, Report):
            return {
                "job_step": result.step,
                "num_steps": result.num_steps,
                "loss": result.metrics["loss"],
                "done": False,
            }
        if isinstance(result, Beat):
            waits = {"no_room": result.no_room} if result.no_room else {}
            return {"job_step": -1, "done": False, **waits}
        return self._ended("")

    def cleanup(self) -> None:
        """Ends the gang; what it was training is saved first."""
        try:
            self._run.pause()
        finally:
            self._warm.close()

    def _take(self, config: dict[str, Any]) -> None:
        ticket = Ticket.model_validate_json(config["ticket"])
        self._waiting = ticket.following
        self._begin(ticket)

    def _begin(self, ticket: Ticket) -> None:
        # What the ranks say of errors, they say in this process's environment.
        self._secrets = secrets_of(os.environ, referred=ticket.hidden)
        self._run = JobRun(ticket, self._warm, self._experience, secrets=self._secrets)

    def _ended(self, error: str) -> dict[str, Any]:
        """Returns what is said of a job that has ended, having taken up the one that follows."""
        if self._waiting:
            ticket, *others = self._waiting
            self._waiting = tuple(others)
            self._begin(ticket)
            return {"job_step": -1, "done": False, "ended": error}
        return {"job_step": -1, "done": True, **({"error": error} if error else {})}
