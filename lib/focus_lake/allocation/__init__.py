"""Who pays: rules as data, exact splits in SQL, statements that are closed, shadow mode.

Rules, cost centers, keys and spellings are reference data (``focus_lake.reference``). Python reads
and checks them and works out what does not depend on a bill; the views in sql/ do the rest, so a
number is the same on Athena, Trino and DuckDB. docs/allocation.md is the page for users.
"""
