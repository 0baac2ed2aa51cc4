"""Pages that people read, made from the catalog: python -m focus_lake.report."""
