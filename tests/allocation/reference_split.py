"""Who pays, worked out in Fractions by the words of the documentation; no code of the library.

Charges and rules are plain dictionaries, as a TOML file would hold them.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

NOBODY = "(unallocated)"


def matches(rule: dict, charge: dict, month: str) -> bool:
    if not rule.get("valid_from", "") <= month <= rule.get("valid_until", "999999"):
        return False
    return all(_holds(charge.get(name), wanted) for name, wanted in rule["match"].items())


def _holds(value, wanted) -> bool:
    if isinstance(wanted, str):
        return value == wanted
    if isinstance(wanted, list):
        return value in wanted
    (operator, argument), *_ = wanted.items()
    return {
        "is_null": lambda: value is None,
        "not_null": lambda: value is not None,
        "prefix": lambda: value is not None and value.startswith(argument),
        "not": lambda: value not in argument,
    }[operator]()


def allocate(charges: list[dict], rules: list[dict], centers: list[str], keys: list[dict]) -> dict:
    """(month, provider, currency, payer) -> [billed, effective], as Fractions."""
    out: dict = defaultdict(lambda: [Fraction(0), Fraction(0)])
    direct: dict = defaultdict(Fraction)
    pools: dict = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for charge in charges:
        month, amounts = charge["month"], (charge["billed"], charge["effective"])
        cell = month, charge["x_Provider"], charge["BillingCurrency"]
        rule = next((r for r in _in_order(rules) if _takes(r, charge, month)), None)
        if rule is None or rule["split"].get("target", "pool:")[:5] != "pool:":
            payer = rule["split"]["target"] if rule else charge.get("x_CostCenter") or NOBODY
            _add(out[(*cell, payer)], amounts)
            direct[(*cell, payer)] += Fraction(charge["effective"])
        else:
            _add(pools[rule["id"], *cell, charge["ServiceName"]], amounts)
    waiting = _spread(pools, {r["id"]: r for r in rules}, direct, centers, keys, out)
    for stage in (2, 3):
        taken = defaultdict(lambda: [Fraction(0), Fraction(0)])
        for (pool, *cell), amounts in list(waiting.items()):
            for rule in _in_order(rules):
                if rule["stage"] == stage and rule["match"].get("x_Pool") == pool:
                    _add(taken[rule["id"], *cell], amounts)
                    del waiting[pool, *cell]
                    break
        more = _spread(taken, {r["id"]: r for r in rules}, direct, centers, keys, out)
        for key, amounts in more.items():
            _add(waiting[key], amounts)
    for (_, *cell), amounts in waiting.items():
        _add(out[(*cell[:3], NOBODY)], amounts)
    return out


def _in_order(rules: list[dict]) -> list[dict]:
    return sorted(rules, key=lambda rule: rule["stage"])


def _takes(rule: dict, charge: dict, month: str) -> bool:
    return "x_Pool" not in rule["match"] and matches(rule, charge, month)


def _spread(pools, rules, direct, centers, keys, out) -> dict:
    """Shares of each pool to payers in `out`; what goes to other pools is given back."""
    waiting: dict = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for (rule_id, *cell), amounts in pools.items():
        split, (month, provider, currency, _) = rules[rule_id]["split"], cell
        weights = _weights(split, (month, provider, currency), direct, centers, keys)
        for target, share in weights.items():
            part = [amount * share for amount in amounts]
            if target.startswith("pool:"):
                _add(waiting[target[5:], *cell], part)
            else:
                _add(out[month, provider, currency, target], part)
    return waiting


def _weights(split: dict, cell: tuple, direct, centers, keys) -> dict[str, Fraction]:
    method = split["method"]
    if method == "direct":
        return {split["target"]: Fraction(1)}
    targets = centers if split.get("targets", "all") == "all" else split["targets"]
    if method == "percent":
        weights = {name: Fraction(text) for name, text in split["percent"].items()}
    elif method == "even":
        weights = dict.fromkeys(targets, Fraction(1))
    elif method == "proportional":
        weights = {name: direct.get((*cell, name), Fraction(0)) for name in targets}
    else:
        mine = [row for row in keys if (row["month"], row["key"]) == (cell[0], split["key"])]
        weights = {row["target"]: Fraction(row["quantity"]) for row in mine}
        weights = {name: value for name, value in weights.items() if name in targets}
    weights = {name: max(value, Fraction(0)) for name, value in weights.items()}
    whole = sum(weights.values())
    if whole:
        return {name: value / whole for name, value in weights.items()}
    if split.get("no_basis") == "even":
        return {name: Fraction(1, len(targets)) for name in targets}
    return {NOBODY: Fraction(1)}


def _add(sums: list, amounts) -> None:
    for place, amount in enumerate(amounts):
        sums[place] += Fraction(amount)
