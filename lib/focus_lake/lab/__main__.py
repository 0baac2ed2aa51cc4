"""python -m focus_lake.lab: how well anomalies are found and months forecast, on made series."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from focus_lake.errors import OptionsError
from focus_lake.lab import database, library, methods, score
from focus_lake.lab.methods import KNOWN_DAYS, Point
from focus_lake.lab.score import Found
from focus_lake.lab.series import DAYS, FIRST, Series, make
from focus_lake.options import option, run_job
from focus_lake.plan import settings

Errors = dict[int, list[float]]  # known days -> absolute errors as shares of the month
EVENTS = """
SELECT x_Provider, x_FirstDay, x_LastDay FROM focus_cost_anomalies
WHERE x_Scope = 'provider' AND x_Status <> 'suppressed'
"""
ACCURACY = """
SELECT x_KnownDays, ABS(x_Error) FROM focus_forecast_accuracy
WHERE x_Scope = 'provider' AND yearmonth >= '{:%Y%m}' AND x_Error IS NOT NULL
"""


@dataclass(frozen=True)
class LabOptions:
    """Options of the lab."""

    seed: tuple[str, ...] = option(
        "seeds, comma-separated; the settings were chosen on seed 1", ("2", "3", "4")
    )
    series: int = option("series a seed", 12)
    library: bool = option("compare with statsforecast, installed once into --environment", True)
    environment: str = option("folder of the library's own Python environment", "build/lab")


def main(options: LabOptions) -> int:
    """Make the series, run every method, print what came of it."""
    seeds = _seeds(options)
    ours: Errors = {known: [] for known in KNOWN_DAYS}
    plain, listed, simple = Found(), Found(), Found()
    points: list[Point] = []
    floor = float(settings.table()["anomaly_amount"])
    for seed in seeds:
        series = make(seed, options.series)
        points += methods.points(series)
        simple.add(score.anomalies(series, methods.z_score(series, floor), floor))
        _judge(series, floor, ours, plain, listed)
    print(
        f"seeds {', '.join(map(str, seeds))}: {options.series} series of {DAYS} days each, "
        f"{len(points)} forecasts, {sum(listed.found.values()) + sum(listed.missed.values())} "
        "planted anomalies"
    )
    _tell_forecasts(ours, _others(points, options))
    _tell_anomalies(plain, listed, simple)
    return 0


def _seeds(options: LabOptions) -> list[int]:
    try:
        seeds = [int(seed) for seed in options.seed]
    except ValueError:
        raise OptionsError(f"--seed {','.join(options.seed)}: whole numbers by commas") from None
    if not seeds or options.series < 1:
        raise OptionsError("--seed and --series: at least one")
    return seeds


def _judge(
    series: Sequence[Series], floor: float, ours: Errors, plain: Found, listed: Found
) -> None:
    """Ask the views: forecasts, anomalies, and anomalies with what a user knows listed."""
    connection = database.made(series)
    for known, error in connection.execute(ACCURACY.format(methods.LEARN_FROM)).fetchall():
        ours[known].append(float(error))
    plain.add(score.anomalies(series, _events(connection), floor))
    database.suppress(connection, series)
    listed.add(score.anomalies(series, _events(connection), floor))
    connection.close()


def _events(connection: Any) -> list[tuple[str, int, int]]:
    found = connection.execute(EVENTS).fetchall()
    return [(name, (first - FIRST).days, (last - FIRST).days) for name, first, last in found]


def _others(points: list[Point], options: LabOptions) -> dict[str, Errors]:
    found = {
        "run rate": _errors(points, [methods.run_rate(point) for point in points]),
        "straight line": _errors(points, [methods.straight_line(point) for point in points]),
    }
    if options.library:
        try:
            said = library.forecasts(points, Path(options.environment))
        except library.NoLibrary as error:
            print(f"statsforecast is left out: {error}")
        else:
            found["statsforecast AutoTheta"] = _errors(points, said)
    return found


def _errors(points: list[Point], said: list[float]) -> Errors:
    errors: Errors = {known: [] for known in KNOWN_DAYS}
    for point, rest in zip(points, said, strict=True):
        errors[point.known_days].append(abs(rest - point.came) / point.month)
    return errors


def _tell_forecasts(ours: Errors, others: dict[str, Errors]) -> None:
    for known in KNOWN_DAYS:
        print(f"forecast error on day {known}: {_percent(ours[known])}")
    for name, errors in others.items():
        told = ", ".join(f"day {known} {_percent(errors[known])}" for known in KNOWN_DAYS)
        print(f"  {name}: {told}")


def _tell_anomalies(plain: Found, listed: Found, simple: Found) -> None:
    print(f"anomalies: {_shares(plain)}")
    print(f"  with the known jobs and holidays listed: {_shares(listed)}")
    print(f"  z-score: {_shares(simple)}")
    for kind in sorted({*listed.found, *listed.missed}):
        whole = listed.found[kind] + listed.missed[kind]
        print(f"  {kind}: {listed.found[kind]} of {whole} found")


def _shares(found: Found) -> str:
    return f"precision {found.precision:.2f}, recall {found.recall:.2f}"


def _percent(errors: list[float]) -> str:
    return f"{100 * score.mean(errors):.1f} %"


if __name__ == "__main__":
    sys.exit(run_job(LabOptions, __doc__ or "", main))
