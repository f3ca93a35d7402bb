"""Renders conversations by a tokenizer's chat template, the same on every day and in every process.

A template may ask for today's date, by `strftime_now` or by a name. It is told `TODAY`, so that
rows, scores and reference likelihoods of one job do not depend on when it ran. One that depends on
anything else but the conversation is refused.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Template, TemplateError, Undefined, nodes
from transformers import PreTrainedTokenizerBase
from transformers.utils import chat_template_utils

TODAY = datetime(2024, 7, 26)
"""The day that templates are told it is: the one that Llama 3's has where it is told none."""
_DATE = TODAY.strftime("%d %b %Y")
_DATE_NAMES = frozenset(
    {"date_string", "date", "today", "today_date", "todays_date", "current_date", "date_today"}
)
"""What templates call a date that they hope to be given as text."""
_OUTSIDE_NAMES = frozenset(
    {"now", "utcnow", "time", "datetime", "timestamp", "current_time", "random", "uuid", "uuid4"}
)
"""What they call what no conversation holds, and what no constant can stand for."""
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
"""How Python shows a thing that has no text of its own: by where it lies in memory."""
_FAILURES = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What expressions of a template raise that it was not written for."""


def rendered(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Mapping[str, Any]]) -> str:
    """Returns the conversation `turns` as the tokenizer's template writes it.

    Raises:
        TemplateError: the template cannot render it, or depends on anything else.
    """
    try:
        source = tokenizer.get_chat_template()
        _seal(chat_template_utils._compile_jinja_template(source))
        dates = dict.fromkeys(_loaded_names(source) & _DATE_NAMES, _DATE)
        text: str = tokenizer.apply_chat_template(list(turns), tokenize=False, **dates)
    except _FAILURES as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from error
    if _ADDRESS.search(text):
        raise TemplateError("it writes where something lies in memory")
    return text


class _Unknown(Undefined):
    """A value that nobody gave: empty when it is written, unless it would tell the time."""

    __slots__ = ()

    def __str__(self) -> str:
        if self._undefined_name in _OUTSIDE_NAMES:
            raise TemplateError(f"it asks for {self._undefined_name!r}, which is no constant")
        return super().__str__()


def _seal(template: Template) -> None:
    """Cuts off from clock and chance the template that transformers keeps.

    transformers takes no `strftime_now` from its callers, so the template's own is held still. That
    is done for each rendering, as transformers compiles anew what it has not used for long.
    """
    template.globals["strftime_now"] = TODAY.strftime
    template.globals["lipsum"] = _refuse_chance
    template.environment.filters["random"] = _refuse_chance
    template.environment.undefined = _Unknown


@lru_cache
def _loaded_names(source: str) -> frozenset[str]:
    """Returns the names whose values a template reads."""
    environment = chat_template_utils._compile_jinja_template(source).environment
    found = environment.parse(source).find_all(nodes.Name)
    return frozenset(name.name for name in found if name.ctx == "load")


def _refuse_chance(*_: Any, **__: Any) -> NoReturn:
    raise TemplateError("it draws at random")
