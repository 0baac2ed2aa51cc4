"""Pages made from the declarations, and a trial of one on files:

python -m focus_lake.declare columns > docs/columns.md
python -m focus_lake.declare providers > docs/providers.md
python -m focus_lake.declare try NAME --raw DIR [--declarations FOLDER] [--rows 5]
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from focus_lake.declare import dictionary, providers_page
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.options import parse

PAGES = {"columns": dictionary.render, "providers": providers_page.render}


def main(argv: Sequence[str]) -> int:
    """Print the page that is asked for, or what the trial found; 2 for words that mean nothing."""
    if argv and argv[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if len(argv) == 1 and argv[0] in PAGES:
        print(PAGES[argv[0]](), end="")
        return 0
    if len(argv) < 2 or argv[0] != "try" or argv[1].startswith("--"):
        print(__doc__, file=sys.stderr)
        return 2
    # A floor above this one: the trial reads files as the job does.
    trial = importlib.import_module("focus_lake.normalize.trial")
    try:
        found: int = trial.run(argv[1], parse(trial.TrialOptions, argv[2:]))
    except OptionsError as error:
        print(error, file=sys.stderr)
        return 2
    except FocusLakeError as error:
        print(error, file=sys.stderr)
        return 1
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
