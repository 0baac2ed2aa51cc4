"""Errors of our own: each names the file or value and says what to do about it."""

from __future__ import annotations


class FocusLakeError(Exception):
    """Base of every error that a user can do something about."""


class OptionsError(FocusLakeError):
    """The options are wrong; a job ends with exit code 2."""


class UnknownColumn(FocusLakeError):
    """A column name that neither FOCUS nor focus_lake knows."""


class DeclarationError(FocusLakeError):
    """A provider declaration (TOML) is wrong; names file and key."""


class BatchRejected(FocusLakeError):
    """One batch cannot be published.

    code: short reason, as used by ``--accept`` and in the ledger;
    file: the raw file (and member) it was found in, if one is to blame.
    """

    def __init__(self, code: str, message: str, file: str | None = None):
        super().__init__(f"{file}: {message}" if file else message)
        self.code, self.message, self.file = code, message, file


class LedgerError(FocusLakeError):
    """The ledger cannot be read, e.g. a line that is not JSON."""


class VersionConflict(FocusLakeError):
    """Another run changed the ledger meanwhile; this run changed nothing."""


class StorageError(FocusLakeError):
    """A folder or bucket cannot be listed, read or written."""


class ClusterError(FocusLakeError):
    """Spark does not start, or one of its tasks fails."""


class CatalogError(FocusLakeError):
    """A table or view cannot be deployed; carries the statement and the engine's reason."""
