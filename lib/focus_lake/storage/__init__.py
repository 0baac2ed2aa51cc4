"""Files in a folder or a bucket, behind one small interface: ``storage.at(place)``."""

from focus_lake.storage.base import Entry, Store
from focus_lake.storage.places import Places, at

__all__ = ["Entry", "Places", "Store", "at"]
