"""What Athena's UNLOAD wrote, read back as Arrow: millions of rows in seconds, not minutes.

UNLOAD wants an empty folder, writes any number of files, and deletes nothing after a failure
(Athena user guide, 'UNLOAD', read 2026-11-26). So each attempt has a folder of its own, which the
bucket's lifecycle clears; not among the query results, where analysts may write. The guide does
not say how names and timestamps are written: names in lower case, and INT96, are read as well.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from focus_lake.catalog.engines.base import AT_ONCE
from focus_lake.errors import CatalogError
from focus_lake.storage.base import Store

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "kept/_unloaded"  # of the lake; no table lies there


def new_folder() -> str:
    """A folder that nobody has written to."""
    return f"{FOLDER}/{uuid.uuid4().hex}"


def statement(sql: str, target: str) -> str:
    """The UNLOAD of a query's rows to an s3:// folder."""
    return f"UNLOAD (\n{sql}\n) TO '{target}/' WITH (format = 'PARQUET', compression = 'SNAPPY')"


def batches(store: Store, folder: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of all files in the folder, in these columns and types; a file that has other ones
    is a CatalogError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for entry in store.list(folder):
        with store.open(entry.path) as file:
            try:
                parquet = pq.ParquetFile(file, coerce_int96_timestamp_unit="us")
                wanted = [field.name.lower() for field in schema]
                for batch in parquet.iter_batches(AT_ONCE, columns=wanted):
                    columns = [
                        batch.column(name).cast(field.type)
                        for name, field in zip(wanted, schema, strict=True)
                    ]
                    yield pa.record_batch(columns, schema)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
                raise CatalogError(
                    f"{store.url(entry.path)}: not what was asked of Athena: {error}; run the "
                    "refresh again, and report it if it says the same"
                ) from error
