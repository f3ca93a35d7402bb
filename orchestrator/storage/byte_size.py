"""Sizes as people write and read them: "20 GB", "512 MiB"."""

from pydantic import ByteSize, TypeAdapter, ValidationError

from evals.errors import ConfigError

_SIZE = TypeAdapter(ByteSize)


def read_size(raw: object, *, key: str) -> int:
    """Returns the bytes that a person asked for at `key`.

    Raises:
        ConfigError: it is no size.
    """
    try:
        size = -1 if isinstance(raw, bool) else int(_SIZE.validate_python(raw))
    except ValidationError:
        size = -1
    if size < 0:
        raise ConfigError(
            f"{key} must be a size such as 20 GB or 512 MiB but got {raw!r}; "
            "give a number with a unit, or bytes without one"
        )
    return size


def size_text(size: int) -> str:
    """Returns a size for people, "1.5 GiB"."""
    if size >= 2**30:
        return f"{size / 2**30:.1f} GiB"
    if size >= 2**20:
        mib = size / 2**20
        return f"{mib:.1f} MiB" if mib < 10 else f"{mib:.0f} MiB"
    return f"{size / 2**10:.0f} KiB" if size else "0 MiB"
