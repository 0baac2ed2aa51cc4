"""The pages of the day into the lake, and once a month the board report to those who read it."""

import sys
from pathlib import Path

# In a checkout the library beside this file is used; on Glue it comes with --extra-py-files.
library = Path(__file__).resolve().parent.parent / "lib"
if (library / "focus_lake").is_dir():
    sys.path.insert(0, str(library))

from focus_lake.options import run_job  # noqa: E402
from focus_lake.report.publish import PublishOptions, main  # noqa: E402

if __name__ == "__main__":
    if code := run_job(PublishOptions, __doc__, main):  # Glue takes any sys.exit for failure
        sys.exit(code)
