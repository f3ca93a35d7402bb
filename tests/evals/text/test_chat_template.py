from datetime import datetime

import pytest
from jinja2 import TemplateError
from transformers.utils import chat_template_utils

from evals.errors import ConfigError
from evals.text.chat_template import rendered
from evals.text.encoding import Encoder, Prompt

TURNS = [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Basil."}]
BODY = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}"
LLAMA3 = (
    "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
    "{%- set date_string = strftime_now('%d %b %Y') %}{%- else %}"
    "{%- set date_string = '26 Jul 2024' %}{%- endif %}{%- endif %}"
    "Today Date: {{ date_string }}\n"
)
SMOLLM3 = "{%- set today = strftime_now('%d %B %Y') -%}Today Date: {{ today }}\n"
GPT_OSS = "{{ 'Current date: ' + strftime_now('%Y-%m-%d') }}\n"
GRANITE = "{%- set m = 'Today is ' + strftime_now('%B %d, %Y') + '.' %}{{ m }}\n"
IN_A_MACRO = (
    "{% macro head() %}It is {{ strftime_now('%A, %H:%M:%S') }}{% endmacro %}{{ head() }}\n"
)
NAMED = "Date: {{ current_date }}\n"


class Clock(datetime):
    """A clock that shows what it was set to."""

    shown = datetime(2001, 2, 3)

    @classmethod
    def now(cls, tz=None):  # noqa: ARG003  # datetime's own parameters
        return cls.shown


def ask(tokenizer, template: str) -> str:
    tokenizer.chat_template = template
    return rendered(tokenizer, TURNS)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (LLAMA3, "Today Date: 26 Jul 2024"),
        (SMOLLM3, "Today Date: 26 July 2024"),
        (GPT_OSS, "Current date: 2024-07-26"),
        (GRANITE, "Today is July 26, 2024."),
        (IN_A_MACRO, "It is Friday, 00:00:00"),
        (NAMED, "Date: 26 Jul 2024"),
    ],
)
def test_a_template_that_asks_for_the_date_is_told_the_same_on_all_days(
    tokenizer, monkeypatch, head, expected
):
    monkeypatch.setattr(chat_template_utils, "datetime", Clock)
    found = set()
    for day in (datetime(2001, 2, 3, 4, 5, 6), datetime(2031, 12, 31, 23, 59, 59)):
        monkeypatch.setattr(Clock, "shown", day)
        chat_template_utils._compile_jinja_template.cache_clear()  # as in another process
        found.add(ask(tokenizer, head + BODY))
    assert found == {f"{expected}\n[user] Who?\n[assistant] Basil.\n"}


def test_the_ids_of_a_prompt_do_not_depend_on_the_day(tokenizer, monkeypatch):
    monkeypatch.setattr(chat_template_utils, "datetime", Clock)
    tokenizer.chat_template = SMOLLM3 + BODY
    found = set()
    for day in (datetime(2001, 2, 3), datetime(2031, 12, 31)):
        monkeypatch.setattr(Clock, "shown", day)
        encoder = Encoder(tokenizer, prompt=Prompt(style="chat_template"), max_length=256)
        found.add((encoder.encode("Who?", "Basil."), encoder.encode_prompt("Who?")))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("{{ ['a', 'b'] | random }}", "draws at random"),
        ("{{ [['a', 'b']] | map('random') | join }}", "draws at random"),
        ("{{ lipsum(1) }}", "draws at random"),
        ("{{ now }}", "'now'"),
        ("{{ 'at ' ~ timestamp }}", "'timestamp'"),
        ("{{ now() }}", "'now'"),
        ("{{ datetime.now().isoformat() }}", "'datetime'"),
        ("{{ raise_exception }}", "memory"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_a_template_that_depends_on_more_than_the_conversation_is_refused(tokenizer, head, reason):
    with pytest.raises(TemplateError, match=reason):
        ask(tokenizer, head + BODY)
    with pytest.raises(ConfigError, match=r"model.prompt.style must be tags .*" + reason):
        Encoder(tokenizer, prompt=Prompt(style="chat_template"), max_length=64)


@pytest.mark.parametrize(
    "head",
    [
        "{% if now is defined %}{{ now }}{% endif %}",
        "{% if enable_thinking %}think{% endif %}{{ thoughts }}",
        "{% set date = 'no date' %}",
        "{{ bos_token[:0] }}",
    ],
)
def test_what_is_optional_in_a_template_stays_so(tokenizer, head):
    assert ask(tokenizer, head + BODY) == "[user] Who?\n[assistant] Basil.\n"
