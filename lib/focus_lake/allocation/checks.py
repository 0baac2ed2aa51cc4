"""What is wrong with rules, keys, accounts and names beyond their columns; each with its line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date

from focus_lake.allocation.rules import ACTIVE, ALL, SHADOW, TO_POOL, Rule, RuleError, meanings
from focus_lake.allocation.rules import read as read_rule
from focus_lake.reference.read import Sheets
from focus_lake.reference.sheet import Row, Sheet
from focus_lake.spec.columns import did_you_mean

Found = Iterator[tuple]
NOBODY = "(unallocated)"
SHORTENED = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+")  # 1.23457E+11, as spreadsheets do


def rules(sheet: Sheet, sheets: Sheets) -> Found:
    """Faults of the rules: what they say, whom they name, what they feed."""
    meant = _meant(sheets)
    read: list[tuple[Row, Rule]] = []
    for row in sheet.rows:
        try:
            rule = read_rule(
                {**row.values, "x_SourceFile": row.file, "x_SourceLine": row.line}, meant
            )
        except RuleError as error:
            yield row, f"rule {row['id']}: {error}", error.key
            continue
        read.append((row, rule))
    yield from _versions(read)
    for row, rule in read:
        if rule.status in (ACTIVE, SHADOW):
            yield from _targets(row, rule, sheet, sheets)
            yield from _tags(row, rule, sheets)
            yield from _keys_of(row, rule, sheet, sheets)
    counting = [(row, rule) for row, rule in read if rule.status in (ACTIVE, SHADOW)]
    yield from _stages(counting)
    sheet.warnings += _unspread(counting, sheets.months)


def keys(sheet: Sheet, sheets: Sheets) -> Found:
    """Targets of a key file that are not cost centers."""
    known = {row["cost_center"] for row in sheets["cost_centers"].rows}
    meant = _meant(sheets)
    for row in sheet.rows:
        target = meant.get(("x_CostCenter", row["target"]), row["target"])
        if target not in known and not target.startswith(TO_POOL):
            yield row, f"target {target} is not a cost center{_or_meant(target, known)}", "target"
        if row["quantity"] < 0:
            sheet.warnings.append(
                f"{row.where()}: quantity {row['quantity']} of {target} counts as 0"
            )


def accounts(sheet: Sheet, sheets: Sheets) -> Found:
    """Accounts whose cost center nobody knows."""
    known = {row["cost_center"] for row in sheets["cost_centers"].rows}
    for row in sheet.rows:
        center = row["cost_center"]
        if SHORTENED.fullmatch(row["account"]):
            yield (
                row,
                f"account {row['account']} is a number that a spreadsheet has shortened; format "
                "the column as text and write the account anew",
            )
        if center not in known:
            yield row, f"cost center {center} does not exist{_or_meant(center, known)}"


def centers(sheet: Sheet, sheets: Sheets) -> Found:
    """Cost centers that are called like something else."""
    for row in sheet.rows:
        name = row["cost_center"]
        if name in (NOBODY, ALL) or name.startswith(TO_POOL):
            means = "nobody pays" if name == NOBODY else "more than one, or a pool"
            yield row, f"a cost center cannot be called {name}: that means {means}; rename it"


def tag_values(sheet: Sheet, sheets: Sheets) -> Found:
    """Values that mean a value which itself means another one: the first would not arrive there."""
    meant = meanings([row.values for row in sheet.rows])
    known = {row["cost_center"] for row in sheets["cost_centers"].rows}
    for row in sheet.rows:
        attribute, value, means = row["attribute"], row["value"], row["meant"]
        last = meant.get((attribute, means), means)
        if last != means and value != means:
            yield row, f"{attribute} {value} means {means}, which itself means {last}; write {last}"
        if attribute == "x_CostCenter" and known and last not in known:
            hint = _or_meant(means, known)
            sheet.warnings.append(f"{row.where()}: cost center {means} is not listed{hint}")


def _meant(sheets: Sheets) -> dict[tuple[str, str], str]:
    return meanings([row.values for row in sheets["tag_values"].rows])


def _versions(read: list[tuple[Row, Rule]]) -> Found:
    """Overlapping months are found by the key; here: one version number for two rules."""
    seen: dict[tuple[str, int], Row] = {}
    for row, rule in read:
        other = seen.setdefault((rule.id, rule.version), row)
        if other is not row:
            yield (
                row,
                f"rule {rule.id} has version {rule.version} twice, see {other.where()}; a changed "
                "rule gets the next version",
                "version",
            )


def _targets(row: Row, rule: Rule, sheet: Sheet, sheets: Sheets) -> Found:
    centers: dict[str, list[Row]] = defaultdict(list)
    for center in sheets["cost_centers"].rows:
        centers[center["cost_center"]].append(center)
    for target in rule.split.targets:
        if target == ALL:
            if not centers:
                yield (
                    row,
                    f'rule {rule.id} has targets = "all", but no cost center is listed; write '
                    "reference/cost_centers/*.csv",
                    "split",
                )
        elif target.startswith(TO_POOL):
            if rule.split.method == "proportional":
                yield (
                    row,
                    f"rule {rule.id}: {target} has no direct cost to be weighed by; name cost "
                    "centers, or use percent, even or by_key",
                    "split",
                )
        elif target not in centers:
            hint = _or_meant(target, centers)
            yield row, f"rule {rule.id}: target {target} does not exist{hint}", "split"
        else:
            yield from _lifetime(row, rule, target, centers[target])
            sheet.warnings += _too_early(row, rule, target, centers[target], sheets.months)


def _or_meant(name: str, known: Collection[str]) -> str:
    return did_you_mean(name, known) or "; add it to reference/cost_centers/, or correct it"


def _lifetime(row: Row, rule: Rule, target: str, periods: list[Row]) -> Found:
    """A target must be there in every month of the rule that has begun."""
    now = date.today().strftime("%Y%m")
    ends = max(period["valid_until"] or "999999" for period in periods)
    starts = min(period["valid_from"] or "" for period in periods)
    if ends < min(rule.valid_until or "999999", now):
        until = f"until {rule.valid_until}" if rule.valid_until else "until further notice"
        yield (
            row,
            f"rule {rule.id}: target {target} ended with {ends}, the rule holds {until}; end this "
            f'version with valid_until = "{ends}" and write the next one without it',
            "split",
        )
    if rule.valid_from and starts > rule.valid_from:
        yield (
            row,
            f"rule {rule.id}: target {target} begins with {starts}, the rule with "
            f"{rule.valid_from}; begin the rule later, or the cost center earlier",
            "split",
        )


def _too_early(
    row: Row, rule: Rule, target: str, periods: list[Row], months: Collection[str]
) -> Iterator[str]:
    """A target of a rule without a beginning, in billed months in which it was not there yet."""
    starts = min(period["valid_from"] or "" for period in periods)
    early = [month for month in sorted(months) if month < starts and rule.holds_in(month)]
    if early and not rule.valid_from:
        yield (
            f"{row.where('split')}: rule {rule.id}: target {target} begins with {starts}, but "
            f"bears cost of {early[0]}; begin this version with {starts}, too"
        )


def _tags(row: Row, rule: Rule, sheets: Sheets) -> Found:
    """Tag keys of a condition that no summary keeps would never match."""
    if sheets.tag_keys is None:
        return
    names = [condition.column for condition in (*rule.conditions, *rule.split.scope)]
    for name in (*names, rule.split.derive):
        key = name.removeprefix("Tags.")
        if name.startswith("Tags.") and key not in sheets.tag_keys:
            hint = did_you_mean(key, sheets.tag_keys)
            yield (
                row,
                f"rule {rule.id}: no provider's declaration keeps the tag key {key}{hint}; list it "
                "there under summary_keys",
                "match",
            )


def _keys_of(row: Row, rule: Rule, sheet: Sheet, sheets: Sheets) -> Found:
    """A by_key rule needs its key in every month that is billed."""
    if rule.split.method != "by_key":
        return
    key = rule.split.key
    lines = [line for line in sheets["allocation_keys"].rows if line["key"] == key]
    if not lines:
        known = {line["key"] for line in sheets["allocation_keys"].rows}
        hint = did_you_mean(key, known) or "; write reference/allocation_keys/*.csv"
        yield row, f"rule {rule.id}: key {key} is in no key file{hint}", "split"
        return
    there = {line["yearmonth"] for line in lines}
    for month in sorted(sheets.months - there):
        if not rule.holds_in(month):
            continue
        text = (
            f"rule {rule.id}: key {key} has no line for {month}, see {lines[-1].file}; add the "
            "month, or end the rule before it"
        )
        if month < date.today().strftime("%Y%m"):
            yield row, text, "split"
        else:
            sheet.warnings.append(f"{row.where('split')}: {text}; until then it is unallocated")


def _stages(read: list[tuple[Row, Rule]]) -> Found:
    """Pools flow from earlier stages to later ones only; a cycle therefore cannot be."""
    takers: dict[str, list[Rule]] = defaultdict(list)
    for _, rule in read:
        for pool in rule.pools_taken:
            takers[pool].append(rule)
    fed = {pool for _, rule in read for pool in rule.pools_fed}
    for row, rule in read:
        if rule.takes_pool:
            yield from _pool_conditions(row, rule, fed)
        for pool in sorted(rule.pools_fed):
            later = [taker for taker in takers[pool] if taker.stage > rule.stage]
            for taker in takers[pool]:
                if taker.stage <= rule.stage:
                    yield (
                        row,
                        f"rule {rule.id} of stage {rule.stage} feeds pool {pool}, which rule "
                        f"{taker.id} spreads in stage {taker.stage} already; a pool is spread in a "
                        "later stage than it is fed, so that no cost goes round in a cycle",
                        "stage",
                    )
            if not later and not takers[pool]:
                yield (
                    row,
                    f"rule {rule.id}: no rule spreads pool {pool}; write one of a later stage with "
                    f'match x_Pool = "{pool}"',
                    "split",
                )


def _unspread(read: list[tuple[Row, Rule]], months: Collection[str]) -> Iterator[str]:
    """Billed months in which a pool is fed and no rule that counts spreads it."""
    for row, rule in read:
        if rule.status != ACTIVE:
            continue
        for pool in sorted(rule.pools_fed):
            takers = [each for _, each in read if pool in each.pools_taken]
            found = [
                month
                for month in sorted(months)
                if takers
                and rule.holds_in(month)
                and not any(each.status == ACTIVE and each.holds_in(month) for each in takers)
            ]
            if found:
                yield (
                    f"{row.where('split')}: rule {rule.id}: no active rule spreads pool {pool} in "
                    f"{', '.join(found[:3])}{' and more' if found[3:] else ''}; until one does, it "
                    f"is {NOBODY}"
                )


def _pool_conditions(row: Row, rule: Rule, fed: set[str]) -> Found:
    columns = {condition.column for condition in rule.conditions}
    allowed = {"x_Pool", "x_Provider", "ServiceName", "BillingCurrency"}
    if extra := sorted(columns - allowed):
        yield (
            row,
            f"rule {rule.id}: with x_Pool a rule can look at {', '.join(sorted(allowed))} only, "
            f"not at {', '.join(extra)}: a pool has no accounts or tags",
            "match",
        )
    if not rule.pools_taken:
        yield row, f'rule {rule.id}: name pools as x_Pool = "..", or a list of them', "match"
    if rule.split.derive:
        yield row, f"rule {rule.id}: a pool has no column to derive a payer from", "split"
    for pool in sorted(rule.pools_taken - fed):
        hint = did_you_mean(pool, fed) or f'; give it something with target = "pool:{pool}"'
        yield row, f"rule {rule.id}: no rule feeds pool {pool}{hint}", "match"
