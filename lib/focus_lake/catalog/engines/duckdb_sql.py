"""Athena SQL, in which sql/ is written, as DuckDB SQL."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlglot import exp, parse_one

STAND_IN = "__read__"  # before the name of a table whose files are put in its place


def translate(sql: str, database: str, sources: dict[str, str] | None = None) -> str:
    """A view or query in Athena SQL as DuckDB SQL; sources: what to read instead of a table.

    The database's name is left out, so that the file may be attached under any name. JSON text of
    a map gets its keys in order, as Trino writes it; only characters beyond U+FFFF differ in the
    text, not in the value, since Trino escapes them.
    """
    named = sources or {}
    done = _translated(sql, database, frozenset(named))
    for name, source in named.items():  # thousands of files need no parser
        done = done.replace(f"{STAND_IN}{name}", f"({source})")
    return done


@lru_cache(maxsize=1024)  # a process that refreshes twice has most views in the same words
def _translated(sql: str, database: str, named: frozenset[str]) -> str:
    """The view with a stand-in for each table of `named`."""

    def adapt(node: Any) -> Any:
        if isinstance(node, exp.Table) and node.db == database:
            node.set("db", None)
            if node.name.lower() in named:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(node.alias_or_name)))
                node.set("this", exp.to_identifier(f"{STAND_IN}{node.name.lower()}"))
        if isinstance(node, exp.Anonymous) and node.name.lower() == "with_timezone":
            return exp.AtTimeZone(this=node.expressions[0], zone=node.expressions[1])
        if isinstance(node, exp.Anonymous) and node.name.lower() == "hmac_sha256":
            return _hmac(*node.expressions)
        if isinstance(node, exp.JSONFormat) and isinstance(node.this, exp.Cast):
            column = node.this.this.sql(dialect="duckdb")
            ordered = f"TO_JSON(MAP_FROM_ENTRIES(LIST_SORT(MAP_ENTRIES({column}))))"
            # TO_JSON of NULL is NULL here, so absence stays absence.
            return parse_one(f"CAST({ordered} AS TEXT)", read="duckdb")
        return node

    # The tree is ours alone: copies of it would be half of the work.
    tree = parse_one(sql, read="athena").transform(adapt, copy=False)
    return tree.sql(dialect="duckdb", copy=False)


def _hmac(text: Any, key: Any) -> Any:
    """HMAC_SHA256, which DuckDB lacks, by its definition (RFC 2104); the key is FROM_HEX of a
    literal, shorter than a block."""
    block = bytes.fromhex(key.this.this).ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
    value = text.sql(dialect="duckdb")
    first = f"UNHEX(SHA256(UNHEX('{inner}') || {value}))"
    return parse_one(f"UNHEX(SHA256(UNHEX('{outer}') || {first}))", read="duckdb")
