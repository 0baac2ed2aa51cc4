"""While views are made, empty tables stand before those below; a query sees the views."""

from __future__ import annotations

import duckdb

from focus_lake.catalog.engines.shadows import Shadows


def test_a_view_is_bound_against_its_neighbours_and_reads_the_views_themselves():
    connection = duckdb.connect()
    shadows = Shadows(connection)

    def made(sql: str) -> None:
        connection.execute(sql)
        shadows.cast(sql)

    made("/* lowest */ CREATE OR REPLACE VIEW lowest AS SELECT CAST(7.5 AS DECIMAL(38, 18)) AS x")
    made("CREATE OR REPLACE VIEW middle AS SELECT x + x AS x, MAP {'a': 1} AS m FROM lowest")
    made("CREATE OR REPLACE VIEW untyped AS SELECT NULL AS n FROM middle")
    assert connection.execute("SELECT * FROM middle").fetchall() == []
    assert connection.execute("SELECT * FROM untyped").fetchall() == [], "it reads a shadow"
    shadows.drop()
    assert str(connection.execute("SELECT x FROM middle").fetchone()[0]) == "15.000000000000000000"
    assert connection.execute("SELECT * FROM untyped").fetchall() == [(None,)]
    made("CREATE OR REPLACE VIEW upper AS SELECT x FROM middle")
    assert connection.execute("SELECT COUNT(*) FROM upper").fetchall() == [(1,)]
    left = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert left == []
