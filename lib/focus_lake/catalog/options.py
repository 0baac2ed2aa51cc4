"""What every job that asks the views is told: which engine, which lake; and the engine opened."""

from __future__ import annotations

from dataclasses import dataclass

from focus_lake.catalog.engines.base import Engine
from focus_lake.catalog.render import CatalogPlace
from focus_lake.errors import OptionsError
from focus_lake.log import Log
from focus_lake.options import option
from focus_lake.storage import Store

ENGINES = ("athena", "trino", "duckdb")


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Options of a job that asks the views."""

    engine: str = option("athena, trino or duckdb")
    lake: str = option("the lake: folder or s3://bucket/prefix")
    database: str = option("database (DuckDB: name of the file in the lake)", "focus")
    s3_endpoint: str = option(
        "address of an S3-compatible server, instead of AWS", "", ("endpoint",)
    )
    workgroup: str = option("Athena: workgroup", "primary")
    output_location: str = option("Athena: s3:// folder of results, if the workgroup has none", "")
    region: str = option("AWS region, if the environment names none", "")
    trino_host: str = option("Trino: host", "127.0.0.1")
    trino_port: int = option("Trino: port", 8080)
    trino_catalog: str = option("Trino: catalog of the Hive connector", "hive")
    trino_user: str = option("Trino: user", "focus_lake")

    def check_engine(self) -> None:
        """Raise OptionsError for an engine that nobody knows."""
        if self.engine not in ENGINES:
            raise OptionsError(f"--engine {self.engine}: use one of {', '.join(ENGINES)}")


@dataclass(frozen=True, kw_only=True)
class DeployOptions(EngineOptions):
    """Options of a job that also makes the views."""

    declarations: str = option("folder of your own NAME.toml and focus_NAME.sql", "")
    reporting_currency: str = option("currency that costs are converted to, ISO 4217", "USD")
    other_tools: bool = option("deploy focus_consolidation_view for AWS's FOCUS dashboard", False)
    location: str = option("the lake as the engine's tables spell it, if not as --lake", "")


def open_engine(options: EngineOptions, lake: Store, place: CatalogPlace, log: Log) -> Engine:
    """The engine asked for; only its own client library is imported."""
    if options.engine == "duckdb":
        from focus_lake.catalog.engines.duckdb import DuckDB

        return DuckDB(lake, place)
    if options.engine == "trino":
        from focus_lake.catalog.engines.trino import Trino

        return Trino(
            options.trino_host,
            options.trino_port,
            options.trino_catalog,
            options.trino_user,
            place,
        )
    from focus_lake.catalog.engines.athena import Athena

    return Athena(lake, place, options.workgroup, options.output_location, options.region, log)
