"""Made cost series with labels, and what methods make of them: python -m focus_lake.lab."""
