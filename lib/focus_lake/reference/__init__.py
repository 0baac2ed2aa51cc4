"""Your own reference data: files under ``<lake>/reference/``, checked before they are read.

A *kind* is one sort of file: cost centers, budgets, invoices. To add one:

1. Write ``reference/kinds/NAME.toml`` (see ``cost_centers.toml``): what a row is, its columns with
   type and description, its key, and the ``set`` of kinds it moves with.
2. What columns and key cannot say is a function ``check(sheet, sheets)`` that yields
   ``(row, message)``; name it in the kind: ``checks = ["focus_lake.ROOM.checks:budgets"]``.
   ``sheets`` has every kind, so that a row can be held against another kind's rows.
3. Put an example in ``reference/examples/NAME/``; ``make run`` installs it for the sample.

Nothing else is needed. The refresh reads ``<lake>/reference/NAME/*.csv`` (or ``*.toml``), and

- names every fault with file, line and remedy; the job then ends with 1;
- writes a checked copy to ``<lake>/checked/NAME/revision=DIGEST/``, which never changes;
- makes the table ``focus_reference_NAME`` (every revision, as written) and the view ``focus_NAME``
  (the rows of the revision that counts, typed) on Athena, Trino and DuckDB.

If one kind of a set has a fault, the whole set stays on the revisions it had, and everything else
is refreshed. Views in sql/ read ``${database}.focus_NAME``. A kind whose rows become SQL (rules)
names a function ``placeholders = "focus_lake.ROOM.views:values"``: it takes the rows that count
of every kind, ``{kind: [row, ...]}``, and the declarations shown, and gives placeholders for sql/.

Files are UTF-8, with or without a byte-order mark, and separated by commas; semicolons are
refused by name. Files whose names begin with . or _ are passed over.
"""
