"""Times for people."""


def duration(seconds: float) -> str:
    """Returns so many seconds in words, at least one."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
