"""Which method asks its study next."""

from collections.abc import Mapping

from orchestrator.limits.ledger import Ledger
from orchestrator.searching.study import MethodSearch


class Turns:
    """Chooses the next method from the studies and the ledger alone.

    So a sweep that goes on keeps the order that it would have had.
    """

    def __init__(self, searches: Mapping[str, MethodSearch], ledger: Ledger) -> None:
        self._searches = searches
        self._ledger = ledger

    @property
    def used_up(self) -> bool:
        """Whether the sweep's budget is used up, so that nothing may start any more."""
        return self._ledger.limit is not None

    @property
    def over(self) -> bool:
        """Whether no method may ask for another trial, now or once what is running has ended."""
        return self.used_up or not self._unspent()

    def next(self) -> str | None:
        """Returns the method that is furthest behind, the first of them; None if none may ask."""
        if self.used_up:
            return None
        ready = [label for label in self._unspent() if self._ledger.has_room(label)]
        return min(ready, key=lambda label: self._searches[label].next_number, default=None)

    def _unspent(self) -> list[str]:
        """Returns the methods that have trials left and have not used up what else they have."""
        return [
            label
            for label, search in self._searches.items()
            if search.remaining > 0 and self._ledger.method_limit(label) is None
        ]
