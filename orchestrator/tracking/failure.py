"""What a library says when something fails, in a line."""

REASON_LENGTH = 200
ASIDE = "(raised as a result of Query-invoked autoflush"
"""How SQLAlchemy begins where it says first when, and then what."""


def first_line(error: Exception) -> str:
    """Returns what an error says first, cut where it gets long."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith(ASIDE)]
    text = (lines or [type(error).__name__])[0].strip()
    return text if len(text) <= REASON_LENGTH else f"{text[:REASON_LENGTH]}..."
