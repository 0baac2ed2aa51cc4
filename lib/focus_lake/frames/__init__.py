"""Raw bills as Spark SQL DataFrames: a second road to the published rows, for audits and notebooks.

Read from the top: `raw_frame` gives one row a delivered record, all columns text; `typed_frame`
types it in plain Spark SQL; `published_frame` gives what analysts see. The three share the column
table and the declarations with the road that publishes, and no code that reads or types.
"""

from focus_lake.frames.published import published_frame
from focus_lake.frames.raw import raw_frame
from focus_lake.frames.typed import typed_frame

__all__ = ["published_frame", "raw_frame", "typed_frame"]
