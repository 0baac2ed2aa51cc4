"""What each provider's files are like, as data: ``declare.load(name)``."""

from focus_lake.declare.load import load, names
from focus_lake.declare.model import Declaration

__all__ = ["Declaration", "load", "names"]
