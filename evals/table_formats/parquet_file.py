"""Tables kept as Parquet, whose columns say themselves what they hold."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.errors import ConfigError, shown

if TYPE_CHECKING:
    import pyarrow

BATCH = 1024
"""Rows that are in memory at once."""


def rows(
    file: Path, columns: Collection[str], *, pictures: Collection[str] = (), batch: int = BATCH
) -> Iterator[dict[str, Any]]:
    """Returns the rows of the table in `file`, first to last, with those of `columns` it has.

    Of a column of `pictures` the values are the bytes of their files, or None. `batch` rows are in
    memory at once.

    Raises:
        ConfigError: no Parquet file, or a column that holds something else than text or lists of
            text, or pictures, which is never turned into it.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            schema = table.schema_arrow
            wanted = [name for name in schema.names if name in columns]
            for name in wanted:
                _check_column(file, schema, name, picture=name in pictures)
            if not wanted:
                raise _refusal(file, f"the columns {', '.join(columns)}", shown(schema.names))
            number = 0
            for found in table.iter_batches(batch, columns=wanted):
                for row in found.to_pylist():
                    yield {n: _bytes(v) if n in pictures else v for n, v in row.items()}
                number += found.num_rows
    except UnicodeDecodeError as error:
        raise _refusal(file, f"text in UTF-8 from row {number} on", error) from None
    except (pyarrow.ArrowException, OSError) as error:
        raise _refusal(file, "content that can be read", shown(str(error), limit=300)) from None


def _bytes(value: dict[str, Any] | None) -> bytes | None:
    """Returns what `datasets` keeps of a picture beside the path it came from."""
    return None if value is None else value["bytes"]


def _check_column(file: Path, schema: "pyarrow.Schema", name: str, *, picture: bool) -> None:
    if schema.names.count(name) > 1:
        raise _refusal(file, "different column names", f"{shown(name)} twice")
    kind = schema.field(name).type
    if picture:
        if not is_picture(kind):
            raise _refusal(file, f"pictures (struct<bytes: binary>) in the column {name}", kind)
        return
    if not is_text(kind) and not (is_list(kind) and is_text(kind.value_type)):
        raise _refusal(file, f"text or lists of text in the column {name}", str(kind))


def is_text(kind: "pyarrow.DataType") -> bool:
    """Returns whether a column of the type `kind` holds text."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def is_picture(kind: "pyarrow.DataType") -> bool:
    """Returns whether a column of the type `kind` holds files of pictures, as `datasets` does."""
    from pyarrow import types

    if not types.is_struct(kind) or kind.get_field_index("bytes") < 0:
        return False
    held = kind.field("bytes").type
    return bool(types.is_binary(held) or types.is_large_binary(held))


def is_list(kind: "pyarrow.DataType") -> bool:
    """Returns whether a column of the type `kind` holds lists."""
    from pyarrow import types

    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _refusal(file: object, rule: str, got: object) -> ConfigError:
    return ConfigError(
        f"{file} must be a Parquet file with {rule} but got {got}; "
        f"correct it there, or download the data set again"
    )
