"""Pages made from the declarations: python -m focus_lake.declare PAGE > docs/PAGE.md"""

from __future__ import annotations

import argparse

from focus_lake.declare import dictionary, providers_page

PAGES = {"columns": dictionary.render, "providers": providers_page.render}


def main() -> None:
    """Print the page that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m focus_lake.declare", description=__doc__)
    parser.add_argument("page", choices=PAGES)
    print(PAGES[parser.parse_args().page](), end="")


if __name__ == "__main__":
    main()
