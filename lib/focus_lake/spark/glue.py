"""Glue's side of a job: the one file that imports awsglue, which only Glue itself needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from focus_lake.errors import FocusLakeError
from focus_lake.spark import session

if TYPE_CHECKING:
    from pyspark import SparkContext


def is_glue(argv: Sequence[str]) -> bool:
    """Whether Glue started this process: through spark-submit, and with a --JOB_NAME.

    That its library can be imported says nothing: it is installed on laptops for its types.
    """
    named = any(word.split("=", 1)[0] == "--JOB_NAME" for word in argv)
    return named and session.is_submitted()


@contextmanager
def job(argv: Sequence[str]) -> Iterator[SparkContext]:
    """The SparkContext that Glue gives, inside Job.init and, if all went well, Job.commit.

    argv: the program's name and its arguments, as in sys.argv. Bookmarks are not used: the ledger
    knows what was read (docs/decisions.md).
    """
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions
    from pyspark.context import SparkContext

    arguments = getResolvedOptions(list(argv), ["JOB_NAME"])
    try:
        glue = GlueContext(SparkContext.getOrCreate())
    except TypeError as error:  # 'JavaPackage' object is not callable: the library without jars
        raise FocusLakeError(
            "--JOB_NAME is given, but this Spark has no Glue jars: leave the option out, "
            "or run in the Glue image"
        ) from error
    run = Job(glue)
    run.init(arguments["JOB_NAME"], arguments)
    yield glue.spark_session.sparkContext
    run.commit()
