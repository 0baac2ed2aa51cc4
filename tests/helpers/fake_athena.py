"""Athena's API as a refresh uses it: notes each statement, keeps tables and partitions, and fails
where it is told to. It runs no SQL; that is proven on Spark and Trino."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from focus_lake.catalog.engines import ddl
from helpers.http_server import Quiet, Server


class FakeAthena(Server):
    """statements: what was started, in order. refuse[regex] = [reason, ...] fails that many runs;
    throttle = n answers the next n requests with ThrottlingException; unload(sql, target) writes
    what an UNLOAD does, also of one that is refused: Athena clears up nothing."""

    def __init__(self, *databases: str):
        self.databases = set(databases)
        self.statements: list[str] = []
        self.requests: list[dict] = []
        self.tables: dict[str, dict[str, str]] = {}
        self.keys: dict[str, list[str]] = {}
        self.views: dict[str, str] = {}
        self.partitions: dict[str, set[str]] = {}
        self.refuse: dict[str, list[str]] = {}
        self.throttle = 0
        self.unload: Callable[[str, str], None] | None = None
        self.queries: dict[str, dict] = {}
        super().__init__(Handler)

    def start(self, request: dict) -> dict:
        sql = request["QueryString"]
        self.statements.append(sql)
        self.requests.append(request)
        reason = next(
            (
                reasons.pop(0)
                for pattern, reasons in self.refuse.items()
                if reasons and re.search(pattern, sql)
            ),
            None,
        )
        if sql.startswith("UNLOAD") and self.unload:
            self.unload(sql, re.search(r"\) TO '(s3://[^']+/)' WITH \(", sql)[1])
        asks = sql.startswith(("SELECT", "UNLOAD"))
        rows = [] if reason or asks else self.take_effect(sql)
        query = f"query-{len(self.statements)}"
        self.queries[query] = {"sql": sql, "reason": reason, "rows": rows}
        return {"QueryExecutionId": query}

    def take_effect(self, sql: str) -> list[str]:
        name = re.search(r"(?:EXISTS|VIEW|TABLE|PARTITIONS) \w+\.(\w+)", sql)[1].lower()
        if sql.startswith("CREATE EXTERNAL TABLE"):
            table = ddl.table(sql, "hive")
            self.tables.setdefault(name, {c.lower(): t.lower() for c, t in table.columns})
            self.keys.setdefault(name, [c.lower() for c, _ in table.partitions])
        elif sql.startswith("DROP TABLE"):
            for known in (self.tables, self.keys, self.partitions):
                known.pop(name, None)
        elif sql.startswith("CREATE OR REPLACE VIEW"):
            self.tables[name] = {}
            self.views[name] = sql
        elif "ADD COLUMNS" in sql:
            for column, type_ in re.findall(r"(\w+) (\w+)[,)]", sql.split("COLUMNS")[1]):
                self.tables[name][column.lower()] = type_
        elif "PARTITION (" in sql:
            keys = {
                "/".join(map("=".join, re.findall(r"(\w+) = '([\w-]+)'", found)))
                for found in re.findall(r"PARTITION \(([^)]*)\)", sql)
            }
            known = self.partitions.setdefault(name, set())
            known.difference_update(keys) if " DROP " in sql else known.update(keys)
        elif sql.startswith("SHOW PARTITIONS"):
            return sorted(self.partitions.get(name, ()))
        elif sql.startswith("SHOW CREATE VIEW"):
            return self.views[name].splitlines()
        return []

    def metadata(self, name: str) -> dict:
        columns = [{"Name": c, "Type": t} for c, t in self.tables[name].items()]
        keys = [{"Name": key, "Type": "string"} for key in self.keys.get(name, ())]
        return {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Columns": columns,
            "PartitionKeys": keys,
        }


class Handler(Quiet):
    wbufsize = -1  # head and body in one packet: two of them would wait for each other

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        action = self.headers["X-Amz-Target"].rsplit(".", 1)[1]
        fake: FakeAthena = self.fake
        if fake.throttle:
            fake.throttle -= 1
            self.refuse("ThrottlingException", "Rate exceeded")
        elif request.get("DatabaseName", "focus") not in fake.databases:
            self.refuse("MetadataException", f"Database {request['DatabaseName']} not found")
        else:
            self.reply(getattr(self, action)(request))

    def reply(self, body: dict, status: int = 200):
        text = json.dumps(body).encode()
        self.answer(status, text, {"Content-Type": "application/x-amz-json-1.1"})

    def refuse(self, code: str, message: str):
        self.reply({"__type": code, "message": message}, 400)

    def StartQueryExecution(self, request):
        return self.fake.start(request)

    def GetQueryExecution(self, request):
        query = self.fake.queries[request["QueryExecutionId"]]
        state = {"State": "FAILED", "StateChangeReason": query["reason"]}
        return {
            "QueryExecution": {
                "QueryExecutionId": request["QueryExecutionId"],
                "Query": query["sql"],
                "StatementType": "DDL",
                "Status": state if query["reason"] else {"State": "SUCCEEDED"},
                "ResultConfiguration": {"OutputLocation": "s3://results/x.txt"},
            }
        }

    def StopQueryExecution(self, request):
        return {}

    def GetQueryResults(self, request):
        rows = self.fake.queries[request["QueryExecutionId"]]["rows"]
        info = {"Name": "partition", "Type": "string", "Label": "partition"}
        return {
            "ResultSet": {
                "Rows": [{"Data": [{"VarCharValue": row}]} for row in rows],
                "ResultSetMetadata": {"ColumnInfo": [info]},
            }
        }

    def ListTableMetadata(self, request):
        return {"TableMetadataList": [self.fake.metadata(name) for name in self.fake.tables]}

    def GetTableMetadata(self, request):
        return {"TableMetadata": self.fake.metadata(request["TableName"])}
