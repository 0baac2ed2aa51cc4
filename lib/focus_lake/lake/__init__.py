"""What is in the lake: the ledger, the live batches, written files and their audit."""
