"""Allocation keys from live rows: what each cost center's workloads used of a Kubernetes cluster.

A cluster's bill is a row of the cloud; the tool that looks into the cluster (declaration
`kubernetes`) says in x_SplitCost what each workload used of it. Its sums by cluster and cost center
become the key file of a rule `by_key`, which spreads the bill. The split itself has no cost.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from focus_lake.allocation.money import EXACT
from focus_lake.allocation.rules import TO_POOL, meanings
from focus_lake.errors import FocusLakeError
from focus_lake.reference.kinds import table
from focus_lake.reference.read import Sheets
from focus_lake.spec.columns import did_you_mean
from focus_lake.storage import Store

KIND = "allocation_keys"
Query = Callable[[str], list[tuple]]
Part = tuple[str, str, str]  # month, key, cost center


class NoKeys(FocusLakeError):
    """Nothing can be written; says why, and what to do."""


@dataclass
class Keys:
    """quantities: exact sums by month, key and cost center. nobodys: by month, key and who was
    meant, what went to nobody, or to `rest` where that is given."""

    quantities: dict[Part, Decimal] = field(default_factory=dict)
    nobodys: dict[Part, Decimal] = field(default_factory=dict)

    @property
    def months(self) -> set[str]:
        return {month for month, _, _ in (*self.quantities, *self.nobodys)}


def key_of(cluster: str) -> str:
    """What rules call the key of a cluster."""
    return f"cluster {cluster}"


def split(query: Query, provider: str, month: str, sheets: Sheets, rest: str) -> Keys:
    """Who used how much of each cluster in the month, or in every one that is live.

    A workload's cost center is that of its tag in its meant spelling, else that of its account,
    which is its namespace. rest: who bears idle cost and what belongs to no known cost center;
    "" leaves it out, so that the others bear it in proportion.
    """
    if rest:
        _known(rest, sheets)
    _has_split(query, provider)
    wanted = f"WHERE x_BillingMonth = '{month}' " if month else ""
    rows = query(
        "SELECT x_BillingMonth, x_Cluster, x_CostCenter, SubAccountId, SUM(x_SplitCost) "
        f"FROM focus_{provider} {wanted}GROUP BY ALL HAVING SUM(x_SplitCost) <> 0 ORDER BY ALL"
    )
    if not rows:
        when = f"in {month}" if month else "in any month"
        raise NoKeys(
            f"focus_{provider} has no live row with x_SplitCost {when}; normalize it first"
        )
    found, centers = Keys(), {row["cost_center"] for row in sheets["cost_centers"].rows}
    for yearmonth, cluster, tag, account, used in rows:
        whom = _payer(sheets, yearmonth, tag, account)
        part = yearmonth, key_of(cluster or "(unnamed)"), whom
        if whom not in centers:
            _add(found.nobodys, part, used)
            part = (*part[:2], rest)
        if part[2]:
            _add(found.quantities, part, used)
    if not found.quantities:
        raise NoKeys(
            "no workload belongs to a cost center of reference/cost_centers/: label workloads, "
            "list their namespaces in reference/account_cost_centers/, or give --rest a cost center"
        )
    return found


def _has_split(query: Query, provider: str) -> None:
    columns = query(
        "SELECT column_name FROM information_schema.columns "
        f"WHERE table_name = 'focus_{provider.replace(chr(39), '')}'"
    )
    lacking = {"x_SplitCost", "x_Cluster"} - {name for (name,) in columns}
    if not columns:
        raise NoKeys(
            f"the catalog has no focus_{provider}: run jobs/normalize_focus.py --providers "
            f"{provider} and jobs/refresh_catalog.py, or give --provider"
        )
    if lacking:
        raise NoKeys(
            f"focus_{provider} has no {' and no '.join(sorted(lacking))}: --provider needs one "
            "that splits clusters, such as kubernetes"
        )


def _payer(sheets: Sheets, month: str, tag: str | None, account: str | None) -> str:
    """As allocation itself does: the tag's cost center as it is meant, else the account's."""
    if tag:
        meant = meanings([row.values for row in sheets["tag_values"].rows])
        return meant.get(("x_CostCenter", tag), tag)
    for row in sheets["account_cost_centers"].rows:
        starts, ends = row["valid_from"] or "", row["valid_until"] or "999999"
        if row["account"] == account and starts <= month <= ends:
            return str(row["cost_center"])
    return ""


def _known(target: str, sheets: Sheets) -> None:
    centers = {row["cost_center"] for row in sheets["cost_centers"].rows}
    if target not in centers and not target.startswith(TO_POOL):
        hint = did_you_mean(target, centers) or "; list it in reference/cost_centers/"
        raise NoKeys(f"--rest {target} is no cost center{hint}")


def _add(sums: dict[Part, Decimal], part: Part, amount: Decimal) -> None:
    sums[part] = EXACT.add(sums.get(part, Decimal(0)), amount)


def write(store: Store, provider: str, keys: Keys) -> str:
    """Put the months' lines into the provider's key file; other months there stay. Its path."""
    path = f"reference/{KIND}/{provider}.csv"
    content, version = store.read(path)
    head = [column.name for column in table()[KIND].columns]
    kept = _other_lines(content, head, path, keys.months)
    lines = [(*part, f"{used.normalize(EXACT):f}") for part, used in keys.quantities.items()]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *sorted([*kept, *lines])])
    store.put_if(path, text.getvalue().encode(), version)
    return path


def _other_lines(
    content: bytes | None, head: list[str], path: str, months: set[str]
) -> list[tuple[str, ...]]:
    rows = list(csv.reader(io.StringIO((content or b"").decode("utf-8-sig"), newline="")))
    if rows and rows[0] != head:
        raise NoKeys(f"{path} was not written by this command; move it to another name")
    return [tuple(row) for row in rows[1:] if row and row[0] not in months]


def told(keys: Keys, rest: str) -> Sequence[str]:
    """A line for each month and key: how much of it is whose, and what is nobody's."""
    lines = []
    for month, key in sorted({part[:2] for part in (*keys.quantities, *keys.nobodys)}):
        known = _listed(keys.quantities, month, key)
        lines.append(f"{month} {key}: {known or 'nobody, so a rule leaves it (unallocated)'}")
        if lost := _listed(keys.nobodys, month, key):
            others = "the others in proportion" if known else "nobody"
            lines.append(
                f"  of unknown cost centers, so borne by {rest or others}: "
                f"{lost}{'' if rest else '; --rest NAME gives it to one'}"
            )
    return lines


def _listed(sums: dict[Part, Decimal], month: str, key: str) -> str:
    found = sorted((part[2], used) for part, used in sums.items() if part[:2] == (month, key))
    return ", ".join(
        f"{name or 'no cost center'} {used.normalize(EXACT):f}" for name, used in found
    )
