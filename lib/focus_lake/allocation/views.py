"""Rules as SQL: the placeholders of the allocation views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from focus_lake import resources
from focus_lake.allocation.conditions import TAG, Condition, quoted
from focus_lake.allocation.rules import ACTIVE, SHADOW, Rule
from focus_lake.allocation.steps import rules_of, scope_key
from focus_lake.spec import daily

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
ATTRIBUTES = ("x_Brand", "x_Project", "x_Owner", "x_CostCenter", "x_Environment", "x_Application")
# What shares are kept by, whatever the rules look at.
KEPT = ("x_Provider", "BillingCurrency", "ServiceName", "BillingAccountId", "SubAccountId")


# The share that a provider split off itself names its owner in AllocatedTags; else the tags do.
OWNED = """COALESCE(
            NULLIF(TRIM(x_AllocatedCostCenter), ''),
            NULLIF(TRIM(x_AllocatedOwner), ''),
            NULLIF(TRIM(x_CostCenter), '')
        ) AS x_CostCenter"""


# Rules in one CASE. Java compiles no method of more than 8,000 bytes: 200 rules in one took Trino
# 38 microseconds a charge, ten times as long as in such parts.
RULES_AT_ONCE = 20
PARTS = """(
        SELECT
            charges.*,
{parts}
        FROM charges
    ) AS charges"""

# Where no rule of a step weighs, what weighs is not worked out; else Trino does so for each step.
WEIGHED = """    LEFT JOIN weighed
        ON taken.x_RuleSet = weighed.x_RuleSet
        AND steps.weighed = weighed.spread
        AND taken.yearmonth = weighed.yearmonth
        AND COALESCE(steps.provider_key, taken.x_Provider, '') = weighed.provider_key
        AND COALESCE(steps.currency_key, taken.BillingCurrency, '') = weighed.currency_key
"""


def values(rows: Rows, declarations: Sequence) -> dict[str, str]:
    """The placeholders, for the rules that count."""
    rules = {which: rules_of(rows, which) for which in (ACTIVE, SHADOW)}
    every = [rule for which in rules.values() for rule in which]
    tags = _tags(every)
    expressions = {name: f"charges.{name}" for name in _looked_at(every)}
    expressions |= {f"{TAG}{key}": f"charges.x_Tag{n}" for n, key in enumerate(tags, 1)}
    spelled = sorted({row["attribute"] for row in rows["tag_values"]})
    return {
        **meant(spelled),
        **_charges(every, tags, spelled),
        **_matched(rules, expressions),
        **_scopes(every, expressions),
        **_trace(expressions),
        "derived_payer": _derived(rules, expressions),
        **_shown(any(rule.takes_pool for rule in every)),
        "shares_of_charges": _step("charged", "begun", rules, 1),
        "shares_of_stage_2": _step("staged_2", "charged", rules, 2),
        "shares_of_stage_3": _step("staged_3", "staged_2", rules, 3),
    }


def _shown(is_stepped: bool) -> dict[str, str]:
    """The two costs of the last SELECT. Only where pools are spread can several rows be one; to
    group them for nothing would take most of the memory."""
    if not is_stepped:
        costs = {"billed": "shares.billed", "effective": "shares.effective"}
        return {**{f"shown_{name}": sql for name, sql in costs.items()}, "shown_places": ""}
    places = "\nGROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13"
    costs = {f"shown_{name}": f"SUM(shares.{name})" for name in ("billed", "effective")}
    return {**costs, "shown_places": places}


def meant(spelled: Sequence[str]) -> dict[str, str]:
    """Placeholders of focus_daily_meant: attributes in their meant spelling."""
    names = [column.name for column in daily.table()] + ["yearmonth"]
    shown = [f"    {_meant(name, spelled, 'days')} AS {name}" for name in names]
    return {"meant_days": ",\n".join(shown), "meant_joins": _joins(spelled, "days")}


def _meant(name: str, spelled: Sequence[str], table: str) -> str:
    written = f"{table}.{name}"
    if name not in ATTRIBUTES:
        return written
    written = f"NULLIF(TRIM({written}), '')"
    return f"COALESCE(meant_{name}.meant, {written})" if name in spelled else written


def _joins(spelled: Sequence[str], table: str) -> str:
    return "\n".join(
        f"LEFT JOIN ${{database}}.focus_tag_values AS meant_{name}\n"
        f"    ON meant_{name}.attribute = '{name}' AND meant_{name}.value = TRIM({table}.{name})"
        for name in spelled
    )


def _looked_at(rules: Sequence[Rule]) -> list[str]:
    """Columns that any rule looks at or shares are kept by, in the column order of the days."""
    names = {*KEPT, "x_CostCenter", "ServiceCategory"}
    for rule in rules:
        for condition in (*([] if rule.takes_pool else rule.conditions), *rule.split.scope):
            names.add(condition.column)
        names.add(rule.split.derive)
    return [column.name for column in daily.of_role("key") if column.name in names]


def _tags(rules: Sequence[Rule]) -> list[str]:
    names = {
        condition.column for rule in rules for condition in (*rule.conditions, *rule.split.scope)
    } | {rule.split.derive for rule in rules}
    return sorted(name.removeprefix(TAG) for name in names if name.startswith(TAG))


def _charges(rules: Sequence[Rule], tags: Sequence[str], spelled: Sequence[str]) -> dict[str, str]:
    """Days grouped by what rules look at, first as written and then as meant."""
    names = _looked_at(rules)
    spelled = [name for name in spelled if name in names]
    raw = [f"        {OWNED if name == 'x_CostCenter' else name}" for name in names]
    for number, key in enumerate(tags, 1):
        raw.append(f"        ELEMENT_AT(x_Tags, {quoted(key)}) AS x_Tag{number}")
    shown = {name: _meant(name, spelled, "grouped") for name in names}
    listed = [f"        {expression} AS {name}" for name, expression in shown.items()]
    listed += [f"        grouped.x_Tag{number}" for number, _ in enumerate(tags, 1)]
    return {
        "grouped_columns": ",\n".join(raw),
        "grouped_places": ", ".join(str(n) for n in range(2, len(raw) + 2)),
        "charge_columns": ",\n".join(listed),
        "charge_joins": _indented(_joins(spelled, "grouped")),
    }


def _matched(rules: Mapping[str, list[Rule]], expressions: Mapping[str, str]) -> dict[str, str]:
    """Which rule takes a charge, in each rule set: the first that matches."""
    found: dict[str, str] = {}
    parts: list[str] = []
    is_same = rules[SHADOW] == rules[ACTIVE]
    for which, ordered in rules.items():
        cases = [
            (number, _test(rule, expressions, "charges.yearmonth"))
            for number, rule in enumerate(ordered, 1)
            if not rule.takes_pool and not (is_same and which == SHADOW)
        ]
        found[f"{which}_matches"] = _first_match(cases, which, parts)
    listed = ",\n".join(parts)
    return {
        **found,
        "charges": PARTS.replace("{parts}", listed) if parts else "charges",
        "rule_sets": "        ('active')" if is_same else "        ('active'),\n        ('shadow')",
        "shadow_set": ACTIVE if is_same else SHADOW,
    }


def _first_match(cases: Sequence[tuple[int, str]], which: str, parts: list[str]) -> str:
    """The number of the first rule that matches. Of many rules each part becomes a column, added to
    `parts`; it stands twice here, since Trino would put what stands once back in its place."""
    if len(cases) <= RULES_AT_ONCE:
        return _case(cases)
    whens = []
    for at in range(0, len(cases), RULES_AT_ONCE):
        name = f"{which}_part_{at // RULES_AT_ONCE + 1}"
        parts.append(f"            {_case(cases[at : at + RULES_AT_ONCE])} AS {name}")
        whens.append(f"            WHEN charges.{name} IS NOT NULL THEN charges.{name}")
    return "\n".join(["CASE", *whens, "        END"])


def _case(cases: Sequence[tuple[int, str]]) -> str:
    if not cases:
        return "CAST(NULL AS bigint)"
    lines = "\n".join(f"                WHEN {test} THEN CAST({n} AS bigint)" for n, test in cases)
    return f"CASE\n{lines}\n            END"


def _test(rule: Rule, expressions: Mapping[str, str], month: str) -> str:
    tests = [condition.sql(expressions[condition.column]) for condition in rule.conditions]
    if rule.valid_from:
        tests.append(f"{month} >= '{rule.valid_from}'")
    if rule.valid_until:
        tests.append(f"{month} <= '{rule.valid_until}'")
    return " AND ".join(tests) or "TRUE"


def _trace(expressions: Mapping[str, str]) -> dict[str, str]:
    """How the trace names charges, and how it finds the value that a condition looks at."""
    named = []
    for name, expression in expressions.items():
        column = expression.replace("charges.", "")
        named.append(f"            COALESCE({quoted(f'{name} ')} || {column} || '; ', '')")
    cases = " ".join(
        f"WHEN {quoted(name)} THEN {expression.replace('charges.', 'named.')}"
        for name, expression in expressions.items()
    )
    return {
        "charge_names": ",\n".join(named),
        "seen": f"CASE conditions.column_name {cases} END",
    }


def _scopes(rules: Sequence[Rule], expressions: Mapping[str, str]) -> dict[str, str]:
    """Direct cost that only some splits weigh by: a flag for each scope, and the scopes as rows."""
    scopes: dict[str, tuple[Condition, ...]] = {}
    for rule in rules:
        if rule.split.scope:
            scopes[scope_key(rule.split)] = rule.split.scope
    flags, rows, cases = [], ["        ('all', FALSE, FALSE)"], []
    for number, (key, conditions) in enumerate(scopes.items(), 1):
        test = " AND ".join(each.sql(expressions[each.column]) for each in conditions)
        flags.append(f",\n            {test} AS scope_{number}")
        any_of = [_any(conditions, name) for name in ("x_Provider", "BillingCurrency")]
        rows.append(f"        ({quoted(key)}, {any_of[0]}, {any_of[1]})")
        cases.append(f"WHEN {quoted(key)} THEN shares.scope_{number} ")
    names = [f"scope_{number}" for number in range(1, len(scopes) + 1)]
    chosen = f"CASE scopes.scope {''.join(cases)}ELSE TRUE END" if cases else "TRUE"
    return {
        "scope_flags": "".join(flags),
        "scope_columns": "".join(f",\n        ruled.{name}" for name in names),
        "scope_names": "".join(f",\n        {name}" for name in names),
        "direct_places": ", ".join(str(n) for n in range(1, 6 + len(names))),
        "scope_rows": ",\n".join(rows),
        "in_scope": chosen,
    }


def _any(conditions: Sequence[Condition], column: str) -> str:
    return "TRUE" if any(each.column == column for each in conditions) else "FALSE"


def _derived(rules: Mapping[str, list[Rule]], expressions: Mapping[str, str]) -> str:
    """Who pays where a rule derives the payer from a column."""
    cases = [
        f"WHEN ruled.x_RuleSet = '{which}' AND ruled.rule_no = {number} "
        f"THEN NULLIF(TRIM({expressions[rule.split.derive].replace('charges.', 'ruled.')}), '')"
        for which, ordered in rules.items()
        for number, rule in enumerate(ordered, 1)
        if rule.split.derive
    ]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS varchar)"


def _step(name: str, before: str, rules: Mapping[str, list[Rule]], stage: int) -> str:
    """The SQL that splits what rules of a stage take; nothing but a new name if there are none."""
    takers = [
        (which, number, rule)
        for which, ordered in rules.items()
        for number, rule in enumerate(ordered, 1)
        if (rule.takes_pool and rule.stage == stage) or (stage == 1 and not rule.takes_pool)
    ]
    if stage == 1:
        untaken = "before.payer IS NULL AND before.waiting IS NULL"
        next_rule = f"CASE WHEN {untaken} THEN before.rule_no END"
    elif takers:
        next_rule = _takers(takers)
    else:
        return f"{name} AS (\n    SELECT * FROM {before}\n)"
    text = resources.data("allocation", "step.sql").read_text(encoding="utf-8")
    body = text.split("\n", 1)[1]  # without the line that says what it is
    weighs = any(rule.split.method == "proportional" for _, _, rule in takers)
    named = {
        "name": name,
        "before": before,
        "rule": next_rule,
        "weighed": WEIGHED if weighs else "",
    }
    unless = "            WHEN weighed.spread IS NOT NULL THEN NULL\n"
    named["unless_weighed"] = unless if weighs else ""
    for column in ("target", "until", "since"):
        both = f"COALESCE(weighed.{column}, fixed.{column})"
        named[column] = both if weighs else f"fixed.{column}"
    for key, sql in named.items():
        body = body.replace(f"{{{key}}}", sql)
    return body


def _takers(takers: Sequence[tuple[str, int, Rule]]) -> str:
    expressions = {
        "x_Pool": "before.waiting",
        **{name: f"before.{name}" for name in ("x_Provider", "ServiceName", "BillingCurrency")},
    }
    cases = "\n".join(
        f"                WHEN before.x_RuleSet = '{which}' AND "
        f"{_test(rule, expressions, 'before.yearmonth')} THEN CAST({number} AS bigint)"
        for which, number, rule in takers
    )
    return f"CASE\n{cases}\n            END"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
