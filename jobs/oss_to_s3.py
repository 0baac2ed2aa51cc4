"""Alibaba Function Compute: a new OSS object, byte for byte, to the raw S3 bucket.

``handler`` is for an OSS trigger, ``timer_handler`` for a timer: two functions, one zip.
"""

import json
import os

from focus_lake.log import Log
from focus_lake.oss.job import copy_events, copy_missing


def handler(event, context):
    """Copy the objects that the OSS trigger names; raises if one was not copied."""
    return json.dumps(copy_events(event, os.environ, _log(context)))


def timer_handler(event, context):
    """Copy every object of the export that S3 does not have; raises if one was not copied."""
    return json.dumps(copy_missing(os.environ, _log(context)))


def _log(context) -> Log:
    return Log(fields={"request_id": getattr(context, "request_id", None)})
