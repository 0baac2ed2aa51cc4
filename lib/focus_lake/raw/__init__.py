"""Raw files as delivered: find the batches, open the archives, read the records as text."""
