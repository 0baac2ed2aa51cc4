"""A department's statement as text: each line with the rule that made it, and its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from focus_lake.allocation.money import total
from focus_lake.errors import FocusLakeError

Query = Callable[[str], list[tuple]]
SERVICES = 5  # of direct cost, the largest first


class NoStatement(FocusLakeError):
    """There is no statement of that department and month."""


def text(query: Query, department: str, month: str) -> str:
    """The statement. Raises NoStatement, naming the departments that have one."""
    quoted = department.replace("'", "''")
    where = f"yearmonth = '{month}' AND x_Department = '{quoted}'"
    totals = query(
        "SELECT BillingCurrency, x_Direct, x_Shared, x_Adjustments, x_Total, x_IsClosed, "
        f"x_BusinessUnit FROM focus_chargeback WHERE {where} ORDER BY 1"
    )
    if not totals:
        known = query(
            "SELECT DISTINCT x_Department FROM focus_chargeback "
            f"WHERE yearmonth = '{month}' ORDER BY 1"
        )
        names = ", ".join(name for (name,) in known) or "no department"
        raise NoStatement(f"{month} has no statement of {department}; there is {names}")
    state = "closed: it will not change" if totals[0][5] else "open: it changes with each bill"
    unit = f", {totals[0][6]}" if totals[0][6] else ""
    lines = [f"{department}{unit}: statement for {month} ({state})", "Billed cost, as invoiced."]
    for currency, direct, shared, adjustments, whole, *_ in totals:
        lines += ["", f"{currency or 'without a currency'}", _line("Direct cost", direct)]
        lines += _direct(query, where, currency, totals[0][5])
        lines.append(_line("Shared cost", shared))
        lines += _shared(query, where, month, currency)
        if adjustments:
            lines.append(_line("Adjustments of closed months", adjustments))
            lines += _adjustments(query, where, currency)
        lines.append(_line("Total", whole))
    return "\n".join(lines)


def _direct(query: Query, where: str, currency: str | None, is_closed: bool) -> Iterator[str]:
    """The largest parts; of a closed month as they were frozen, which is without services."""
    if is_closed:
        for payer, provider, amount in query(
            "SELECT x_Payer, x_Provider, SUM(BilledCost) FROM focus_chargeback_lines "
            f"WHERE {where} AND {_is(currency)} AND x_Line = 'direct' GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            yield _line(f"  {payer}: {provider}", amount)
        return
    found = query(
        "SELECT x_Payer, x_Provider, ServiceName, SUM(BilledCost) FROM focus_allocated_cost "
        f"WHERE {where} AND {_is(currency)} AND x_AllocationType = 'direct' "
        "GROUP BY 1, 2, 3 ORDER BY ABS(SUM(BilledCost)) DESC NULLS LAST, 1, 2, 3"
    )
    for payer, provider, service, amount in found[:SERVICES]:
        yield _line(f"  {payer}: {service} of {provider}", amount)
    if len(found) > SERVICES:
        rest = total(row[3] for row in found[SERVICES:])
        yield _line(f"  {len(found) - SERVICES} more", rest)


def _shared(query: Query, where: str, month: str, currency: str | None) -> Iterator[str]:
    whole = dict(
        query(
            "SELECT x_Pool, SUM(BilledCost) FROM focus_chargeback_lines "
            f"WHERE yearmonth = '{month}' AND {_is(currency)} AND x_Line = 'shared' GROUP BY 1"
        )
    )
    lines = query(
        "SELECT x_Pool, x_AllocationRule, x_AllocationRuleVersion, SUM(BilledCost) "
        f"FROM focus_chargeback_lines WHERE {where} AND {_is(currency)} AND x_Line = 'shared' "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    for pool, rule, version, amount in lines:
        yield _line(f"  {pool}{_part(amount, whole.get(pool))}", amount)
        yield from _evidence(query, rule, version)


def _part(amount: Decimal | None, whole: Decimal | None) -> str:
    if not whole or amount is None:
        return ""
    percent = round(amount / whole * 100, 4)
    return f", {_money(percent)} % of {_money(whole)}"


def _evidence(query: Query, rule: str | None, version: int | None) -> Iterator[str]:
    """The rule in words, who agreed, and where it is written."""
    if rule is None:
        return
    found = query(
        "SELECT rules.title, steps.words, rules.why, rules.owner, rules.x_SourceFile, "
        "rules.x_SourceLine FROM focus_allocation_rules AS rules "
        "LEFT JOIN focus_allocation_steps AS steps ON steps.id = rules.id "
        "AND steps.version = rules.version AND steps.rule_set = 'active' "
        f"WHERE rules.id = '{rule.replace(chr(39), chr(39) * 2)}' AND rules.version = {version}"
    )
    if not found:
        yield f"      by rule {rule}, version {version}, which is no longer among the rules"
    for title, words, why, owner, file, line in found[:1]:
        yield f"      {title} (rule {rule}, version {version})"
        if words:
            yield f"      It {words}."
        yield f"      {why}; {owner}; {file} line {line}"


def _adjustments(query: Query, where: str, currency: str | None) -> Iterator[str]:
    for month, provider, amount in query(
        "SELECT x_BelongsTo, x_Provider, SUM(BilledCost) FROM focus_chargeback_lines "
        f"WHERE {where} AND {_is(currency)} AND x_Line = 'adjustment' GROUP BY 1, 2 ORDER BY 1, 2"
    ):
        yield _line(f"  of {month}, {provider}", amount)


def _is(currency: str | None) -> str:
    return f"BillingCurrency = '{currency}'" if currency else "BillingCurrency IS NULL"


def _line(name: str, amount: Decimal | None) -> str:
    return f"  {name:<70} {_money(amount):>26}"


def _money(amount: Decimal | None) -> str:
    """Every digit, without the zeros after the last one but two decimals at least."""
    if amount is None:
        return "-"
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"
