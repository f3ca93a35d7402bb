"""Writes the pages that the plug-ins' own docstrings and settings make: `python docs/generate.py`.

Pages are `methods.md`, `metrics.md` and `settings.md`, the list of decisions, and
`sweep.schema.json` for editors. With `--check` nothing is written, and the exit code is 1 if a page
is not what would be.
"""

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path

from evals import plugins
from evals.attack import PACKAGE as ATTACKS
from evals.attack import load_attack
from evals.benchmark import Role
from evals.metric import Metric, Need, load_metric
from evals.settings import EvaluationSettings
from orchestrator.config.fields import Row, rows, sections
from orchestrator.config.keys import Section, own_sections, plug_in_sections
from orchestrator.config.schema import sweep_schema
from orchestrator.config.sweep_config import PLUGINS, SweepConfig
from trainers.requirements import ReferenceUse

DOCS = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/generate.py; edit what it reads instead. -->"
ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5}(?:v\d+)?)")
VARIANTS = ("_repo", "_clear_vision", "_open_unlearning")
REFERENCE = {
    ReferenceUse.NONE: "not needed",
    ReferenceUse.LIKELIHOODS: "only likelihoods",
    ReferenceUse.MODEL: "the model",
}

METHODS = """\
# Methods

The loss is minimised. NLL is the negative log-likelihood of an answer in nats; "mean" runs over
answer tokens unless said otherwise. *Reference* is the model before unlearning, *student* the one
that is trained. KL(p || q) is the mean over attended positions. The learning rate and L1 are
searched for every method; of the hyperparameters below those with a range can be, by
`search: {<name>: default}`, or with a range of your own ([sweeps.md](sweeps.md)). *Batches* are the
rows that a method reads with its defaults: those to forget, those to retain, *idk* (forget
questions with refusals) and *random* (forget questions with other people's answers). Of the
reference a method may need the model itself, or only likelihoods, which are computed once and kept.
The *retain term* is the mean NLL of retain answers (`nll`), or KL(reference || student) over the
attended positions of retain rows (`kl`). `kl_padded` is over all positions of the batch, padding
included, as in the published codes of TOFU, NPO, CLEAR and open-unlearning: such a mean is the
smaller, the longer the padding. Here a batch is padded to its longest row, in the codes of TOFU and
CLEAR to a fixed length.

Where published code does something else than the method it names, that behaviour has a name of its
own, so that both can be run and compared: `..._clear_repo` is the code published with CLEAR,
`..._open_unlearning` that framework's, `..._repo` the method's own. What means of CLEAR's code run
over says `positions`: attended positions, or all of the batch's as published (`padded`)."""

METRIC_COLUMNS = (
    "name",
    "heading",
    "what it is",
    "better",
    "range",
    "chance",
    "needs",
    "probed",
)

METRICS = """\
# Metrics

`evaluation.metrics` chooses what is measured. The default is the columns of CLEAR's Table 1:
{default}. All come
from one pass of likelihoods over the answers, save those that need *generation*, which takes longer
and is done only if a metric asks for it. What needs *gold* compares with the gold model, what needs
*holdout* with people whom no model was trained on. What can be *probed* can stop a trial early
([sweeps.md](sweeps.md)).

*Better* says which way is better; "gold" means the nearer to the gold model's value the better:
such a metric can be constrained, but is no objective. *Chance* is what a model gets that finds all
answers equally likely; it is left out where that depends on more."""

ATTACK_COLUMNS = ("name", "heading", "what it is", "better", "range", "chance", "of each kind")

ATTACKS_SAID = """\
With `attacks` in a sweep's YAML many models are trained beside those of its search
([sweeps.md](sweeps.md#attacks)), and all attacks on what the benchmark is made of are made. They
have a column each beside the metrics. *Of each kind* says how many targets, and how many shadows,
are the least."""

DECISIONS = """\
# Decisions

Why some of it is as it is. A page says what was decided, why, and what follows."""

SETTINGS = """\
# Settings

Every key of a sweep's YAML with its default. What each part is for, with examples:
[sweeps.md](sweeps.md), [cluster.md](cluster.md). `key=value` on the command line sets any of them,
as in `search.trials=20`. An unknown key is refused."""


def main(arguments: Sequence[str]) -> int:
    """Writes all pages, or checks them, and returns the exit code."""
    stale = [name for name, made in PAGES.items() if _read(DOCS / name) != made()]
    for name in stale:
        if "--check" in arguments:
            print(f"docs/{name} is not what docs/generate.py writes; run it", file=sys.stderr)
        else:
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
            print(f"wrote docs/{name}")
    return 1 if stale and "--check" in arguments else 0


def methods_page() -> str:
    """Returns the page of all methods: those of papers first, then what published code does."""
    names = plugins.names("trainers.methods")
    papers = [name for name in names if not name.endswith(VARIANTS)]
    variants = [name for name in names if name.endswith(VARIANTS)]
    overview = _table(("name", "what it does"), map(_method_line, [*papers, *variants]))
    parts = [_method_section(name) for name in [*papers, *variants]]
    return _page(METHODS, overview, *parts)


def metrics_page() -> str:
    """Returns the page of all metrics."""
    names = plugins.names("evals.metrics")
    default = ", ".join(f"`{name}`" for name in EvaluationSettings().metrics)
    overview = _table(METRIC_COLUMNS, map(_metric_line, names))
    parts = [_prose(f"evals.metrics.{name}", name) for name in names]
    attacks = plugins.names(ATTACKS)
    against = _table(ATTACK_COLUMNS, map(_attack_line, attacks))
    parts += ["# Attacks", ATTACKS_SAID, against]
    parts += [_prose(f"{ATTACKS}.{name}", name) for name in attacks]
    return _page(METRICS.format(default=default), overview, *parts)


def settings_page() -> str:
    """Returns the page of all keys, section by section, and of the plug-ins' own."""
    whole, *own = own_sections()
    parts = [_settings_table(whole.rows)]
    first = {model: key for key, model in sections(SweepConfig).items()}
    for section in own:
        like = first.get(section.model, section.key)
        parts.append(_settings_section(section, like=like))
    parts += [_settings_section(section) for key in PLUGINS for section in plug_in_sections(key)]
    return _page(SETTINGS, *parts)


def decisions_page() -> str:
    """Returns the list of all decisions, by their numbers and headings."""
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    lines = ((page.name[:4], f"[{_title(page)}]({page.name})") for page in pages)
    return _page(DECISIONS, _table(("", "decision"), lines))


def schema_file() -> str:
    """Returns what an editor checks a sweep's YAML by."""
    return json.dumps(sweep_schema(), indent=1, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "methods.md": methods_page,
    "metrics.md": metrics_page,
    "settings.md": settings_page,
    "decisions/README.md": decisions_page,
    "sweep.schema.json": schema_file,
}


def _method_line(name: str) -> tuple[str, str]:
    return f"[`{name}`](#{name})", _first_line(f"trainers.methods.{name}")


def _method_section(name: str) -> str:
    module = import_module(f"trainers.methods.{name}")
    found = list(rows(module.Config))
    asks = module.Method(module.Config()).requirements
    reads = f"Batches: {', '.join(sorted(asks.drawn))}. Reference: {REFERENCE[asks.reference_use]}."
    table = _table(
        ("hyperparameter", "default", "takes", "range", ""),
        ((f"`{r.name}`", r.default, r.takes, r.searched, r.what) for r in found),
    )
    return "\n\n".join([_prose(module.__name__, name), reads, *([table] if found else [])])


def _metric_line(name: str) -> tuple[str, ...]:
    metric = load_metric(name)
    low, high = (f"{bound:.3g}".replace("inf", "∞") for bound in metric.bounds)
    return (
        f"[`{name}`](#{name})",
        "" if metric.heading == name else metric.heading,
        metric.note[:1].upper() + metric.note[1:],
        metric.better,
        f"{low} to {high}",
        "" if metric.chance is None else f"{metric.chance:g}",
        _needs(metric),
        ", ".join(sorted(metric.probe)),
    )


def _attack_line(name: str) -> tuple[str, ...]:
    attack = load_attack(name)
    low, high = attack.bounds
    note = attack.note[:1].upper() + attack.note[1:]
    return (
        f"[`{name}`](#{name})",
        attack.heading,
        note,
        attack.better,
        f"{low:g} to {high:g}",
        f"{attack.chance:g}",
        f"{2 * attack.least}, steadier with {2 * attack.steady}",
    )


def _needs(metric: Metric) -> str:
    every = metric.generation_roles == frozenset(Role) - {Role.HOLDOUT, Role.AUXILIARY}
    tasks = "" if every else f" ({', '.join(sorted(metric.generation_roles))})"
    return ", ".join(f"{n}{tasks if n is Need.GENERATION else ''}" for n in sorted(metric.needs))


def _settings_section(section: Section, *, like: str | None = None) -> str:
    if like not in (None, section.key):
        return f"## `{section.key}`\n\nThe keys of [`{like}`](#{like})."
    text = _blocks(section.said)
    return f"## `{section.heading}`\n\n{text}\n\n{_settings_table(section.rows)}"


def _settings_table(found: Iterable[Row]) -> str:
    lines = ((f"`{row.name}`", row.default, row.takes, row.what) for row in found)
    return _table(("key", "default", "takes", ""), lines)


def _prose(module: str, name: str) -> str:
    return f"## {name}\n\n{_blocks(_docstring(module))}"


def _title(page: Path) -> str:
    return _read(page).partition("\n")[0].removeprefix("# ")


def _docstring(module: str) -> str:
    text = inspect.getdoc(import_module(module))
    assert text is not None, module
    return text


def _first_line(module: str) -> str:
    return _docstring(module).partition("\n")[0]


def _blocks(docstring: str) -> str:
    """Returns a docstring as Markdown: indented blocks as code, arXiv numbers as references."""
    made = []
    for block in inspect.cleandoc(docstring).split("\n\n"):
        if block.startswith("    "):
            made.append(f"```text\n{textwrap.dedent(block)}\n```")
        else:
            made.append(ARXIV.sub(r"[\g<0>]", block))
    return "\n\n".join(made)


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    made = [headings, ["---"] * len(headings), *lines]
    return "\n".join("|".join(["", *map(_cell, line), ""]) for line in made)


def _cell(text: str) -> str:
    return ARXIV.sub(r"[\g<0>]", f" {text} ".replace("|", "\\|")) if text else " "


def _page(*parts: str) -> str:
    title, _, rest = parts[0].partition("\n")
    text = "\n\n".join([title, NOTE, rest.strip(), *parts[1:]])
    numbers = sorted(set(ARXIV.findall(text)))
    links = [f"[arXiv {number}]: https://arxiv.org/abs/{number}" for number in numbers]
    return "\n\n".join([text, "\n".join(links)]).strip() + "\n"


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
