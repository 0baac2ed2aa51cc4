"""Data files that travel with the library, read the same from a checkout, a wheel and a zip."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from focus_lake.errors import FocusLakeError


class ResourceMissing(FocusLakeError):
    """A data file that should have been packaged with the library is not there."""


def data(*parts: str) -> Traversable:
    """A data file or folder of the package, e.g. data("spec", "columns.csv").

    It may lie inside a zip: read it with .read_text(encoding="utf-8"), list it with .iterdir();
    it is not a path of the file system. ResourceMissing if it is not there.
    """
    return _there(files("focus_lake").joinpath(*parts))


def sql(*parts: str) -> Traversable:
    """A file or folder of sql/, e.g. sql("1_tables"); the whole tree without parts.

    setup.py packages the top folder sql/ as focus_lake/sql; in a checkout it is read where it is.
    """
    package = files("focus_lake")
    packaged = package.joinpath("sql")
    if not packaged.is_dir() and isinstance(package, Path):
        packaged = package.parent.parent / "sql"
    return _there(packaged.joinpath(*parts))


def _there(resource: Traversable) -> Traversable:
    if not (resource.is_file() or resource.is_dir()):
        raise ResourceMissing(f"{resource} is missing: the package was built without its data")
    return resource
