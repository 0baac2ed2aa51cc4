"""What was done and what should have come: runs, deliveries, the journal, masking."""
