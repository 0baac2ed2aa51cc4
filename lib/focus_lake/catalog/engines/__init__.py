"""The SQL engines that hold the catalog, one file each."""
