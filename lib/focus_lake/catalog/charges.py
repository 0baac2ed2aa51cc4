"""Which charges count for what, in SQL: the one place for rules about rows that views share.

A purchase that later charges are covered by is billed once and used up later: FOCUS wants its
EffectiveCost to be 0, and the covered usage carries list and contracted cost again. What the rule
looks for, EffectiveCost being 0: a commitment on any charge but usage and tax (a refund of the
purchase, too, whatever its category), or a Purchase that was billed. A licence of price 0 is
neither. Some exports leave list cost off the covered usage (Azure's reservations): then the
purchase is the only one to have it, and counts.
"""

from __future__ import annotations

IS_PREPAID = (
    "CASE WHEN EffectiveCost = 0 AND ((ChargeCategory = 'Purchase' AND BilledCost <> 0) OR "
    "(ChargeCategory NOT IN ('Usage', 'Tax') AND COALESCE(CommitmentDiscountId, "
    "CommitmentDiscountCategory, CommitmentDiscountType) IS NOT NULL)) THEN 1 ELSE 0 END"
)
COMMITMENT = "x_Provider, yearmonth, x_BillingMonth, BillingCurrency, CommitmentDiscountId"
# A share of cost is one of what was charged: a credit is not a cost that somebody could own, and no
# resource has tax, so nobody could tag it.
IS_CHARGED = "EffectiveCost > 0 AND COALESCE(ChargeCategory, '') <> 'Tax'"


def values() -> dict[str, str]:
    """The placeholders of cost views: of single charges, then of charges by commitment."""
    return {
        "is_prepaid": IS_PREPAID,
        "is_charged": IS_CHARGED,
        **{f"{name}_on_usage": _on_usage(f"{name.title()}Cost") for name in ("list", "contracted")},
        **{f"counts_{name}": _counts(name) for name in ("list", "contracted")},
    }


def _on_usage(cost: str) -> str:
    """Whether usage has that cost: 2 yes, 1 no, null where there is no usage."""
    seen = f"CASE WHEN {cost} <> 0 THEN 2 ELSE 1 END"
    return f"MAX(CASE WHEN ChargeCategory = 'Usage' THEN {seen} END)"


def _counts(name: str) -> str:
    """1 where that cost counts, 0 on a purchase whose usage has it again."""
    usage = f"MAX({name}_on_usage) OVER (PARTITION BY {COMMITMENT})"
    return (
        f"CASE WHEN is_prepaid = 0 OR (CommitmentDiscountId IS NOT NULL AND {usage} = 1) "
        "THEN CAST(1 AS decimal(1, 0)) ELSE CAST(0 AS decimal(1, 0)) END"
    )
