"""What goes on in a sweep now, as the page says it before all else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from markupsafe import Markup

from orchestrator.reporting.page.page import surroundings

WIDTH, HEIGHT = 120.0, 24.0
"""Of the picture of a job's losses."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are of something, of how many; `most` says that these are the most."""

    name: str
    done: int
    total: int
    most: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A job that runs, in words; `line` are the points of the picture of its losses."""

    name: str
    time: str
    place: str = ""
    steps: str = ""
    loss: str = ""
    line: str = ""
    probes: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that failed, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Now:
    """The state of a sweep in a word and in a sentence, and what it is made of.

    `title` is that of the page. `trouble` says what of the page is not as new as this.
    """

    title: str
    state: str
    said: str
    counts: tuple[Count, ...] = ()
    running: tuple[Running, ...] = ()
    failed: tuple[Failed, ...] = ()
    more_failed: int = 0
    trouble: str = ""


def now_html(now: Now) -> Markup:
    """Returns it as a part of the page."""
    return Markup(surroundings().get_template("now.html").render(asdict(now)))


def empty_page(now: Now) -> str:
    """Returns a page that has nothing but that, and is asked for again."""
    return surroundings().get_template("empty.html").render(title=now.title, now=now_html(now))


def drawn(losses: Sequence[tuple[int, float]]) -> str:
    """Returns the points of a line through losses by step; none through fewer than two."""
    if len(losses) < 2:
        return ""
    steps, values = zip(*losses, strict=True)
    wide, high = steps[-1] - steps[0] or 1, max(values) - min(values) or 1.0
    points = (
        ((step - steps[0]) / wide * WIDTH, 1 + (max(values) - value) / high * (HEIGHT - 2))
        for step, value in losses
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
