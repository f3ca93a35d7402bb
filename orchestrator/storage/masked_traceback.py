"""Shows errors, also those that nobody catches, without secrets."""

import sys
import threading
import traceback
from collections.abc import Iterable, Mapping
from types import TracebackType

from orchestrator.storage.address import NO_ENVIRONMENT, Address
from orchestrator.storage.environment_secrets import secrets_of
from orchestrator.storage.masking import without


class MaskedTraceback:
    """Masks errors: secrets of URLs, of the environment, and of addresses that are known.

    As a context it ends with any error of the program, which it shows, and shows those of other
    threads; Python itself would show them as they are.
    """

    def __init__(self, environment: Mapping[str, str] = NO_ENVIRONMENT) -> None:
        self._secrets = secrets_of(environment)
        self._addresses: list[Address] = []
        self._before = threading.excepthook

    def __enter__(self) -> "MaskedTraceback":
        threading.excepthook = self._show_of_thread
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        threading.excepthook = self._before
        if not isinstance(error, Exception):
            return False
        self._show(error)
        return True

    def hide(self, addresses: Iterable[object]) -> None:
        """Keeps the secrets of these to itself from now on, as far as they are addresses."""
        self._addresses += [each for each in addresses if isinstance(each, Address)]

    def cleaned(self, error: object) -> str:
        """Returns what an error says, without secrets."""
        text = str(error)
        for address in self._addresses:
            text = address.cleaned(text)
        return without(text, self._secrets)

    def _show_of_thread(self, uncaught: threading.ExceptHookArgs) -> None:
        if uncaught.exc_value is not None and not isinstance(uncaught.exc_value, SystemExit):
            self._show(uncaught.exc_value)

    def _show(self, error: BaseException) -> None:
        """Prints an error with its traceback on standard error."""
        sys.stderr.write(self.cleaned("".join(traceback.format_exception(error))))
