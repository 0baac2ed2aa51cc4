"""Rules of FOCUS, checked while a batch is written."""
