-- One row is what one payer bears of a month's cost of a service, by the rules that count (active)
-- or, if there are any, with those in shadow. focus_allocation_shares has the same rows, kept.
-- payer is null, and waiting names the pool, where no rule spread a pool.
-- A charge is taken by the first rule that matches. A split is of each month, provider, currency and
-- service by itself: shares are differences of total times cumulative ratio, in decimals, so they
-- add up to the total whatever it is. Ratios are multiples of 1e-12, the largest not above the
-- true one: a double proposes, decimals decide. Direct cost below 0 weighs as 0.
CREATE OR REPLACE VIEW ${database}.focus_allocated_now AS
WITH grouped AS (
    SELECT
        yearmonth,
${grouped_columns},
        SUM(BilledCost) AS billed,
        SUM(EffectiveCost) AS effective
    FROM ${database}.focus_daily
    GROUP BY 1, ${grouped_places}
),

charges AS (
    SELECT
        grouped.yearmonth,
${charge_columns},
        grouped.billed,
        grouped.effective
    FROM grouped
${charge_joins}
),

matched AS (
    SELECT
        charges.*${scope_flags},
        ${active_matches} AS active_no,
        ${shadow_matches} AS shadow_no
    FROM ${charges}
),

-- Without a rule in shadow both sets are the same: one is worked out, for half of the time.
rule_sets (x_RuleSet) AS (
    VALUES
${rule_sets}
),

ruled AS (
    SELECT
        CAST(rule_sets.x_RuleSet AS varchar) AS x_RuleSet,
        CASE WHEN rule_sets.x_RuleSet = 'active' THEN matched.active_no ELSE matched.shadow_no END
            AS rule_no,
        matched.*
    FROM matched
    CROSS JOIN rule_sets
),

assigned AS (
    SELECT
        ruled.x_RuleSet,
        ruled.yearmonth,
        ruled.x_Provider,
        ruled.BillingCurrency,
        CASE WHEN steps.rule_no IS NULL OR steps.is_payer THEN ruled.ServiceCategory END AS ServiceCategory,
        ruled.ServiceName,
        CASE WHEN steps.rule_no IS NULL OR steps.is_payer THEN ruled.BillingAccountId END AS BillingAccountId,
        CASE WHEN steps.rule_no IS NULL OR steps.is_payer THEN ruled.SubAccountId END AS SubAccountId,
        CASE
            WHEN steps.rule_no IS NULL
                THEN COALESCE(
                    ruled.x_CostCenter,
                    of_account.cost_center,
                    of_billing_account.cost_center,
                    '(unallocated)'
                )
            WHEN steps.is_payer
                THEN COALESCE(steps.target, ${derived_payer}, '(unallocated)')
        END AS payer,
        steps.to_pool AS waiting,
        ruled.rule_no${scope_columns},
        ruled.billed,
        ruled.effective
    FROM ruled
    LEFT JOIN ${database}.focus_allocation_steps AS steps
        ON ruled.x_RuleSet = steps.rule_set AND ruled.rule_no = steps.rule_no
    LEFT JOIN ${database}.focus_account_cost_centers AS of_account
        ON ruled.SubAccountId = of_account.account
        AND ruled.yearmonth >= COALESCE(of_account.valid_from, '000000')
        AND ruled.yearmonth <= COALESCE(of_account.valid_until, '999999')
    LEFT JOIN ${database}.focus_account_cost_centers AS of_billing_account
        ON ruled.BillingAccountId = of_billing_account.account
        AND ruled.yearmonth >= COALESCE(of_billing_account.valid_from, '000000')
        AND ruled.yearmonth <= COALESCE(of_billing_account.valid_until, '999999')
),

-- Two sums of the same rows: this one by payer alone, since a month has few payers and many groups.
direct AS (
    SELECT
        x_RuleSet,
        yearmonth,
        x_Provider,
        BillingCurrency,
        payer${scope_names},
        SUM(billed) AS billed,
        SUM(effective) AS effective
    FROM assigned
    WHERE payer IS NOT NULL
    GROUP BY ${direct_places}
),

scopes (scope, any_provider, any_currency) AS (
    VALUES
${scope_rows}
),

-- What weighs in proportional splits: the direct effective cost of each payer; billed cost where a
-- provider gives no effective cost at all.
bases AS (
    SELECT
        shares.x_RuleSet,
        scopes.scope,
        shares.yearmonth,
        CASE WHEN scopes.any_provider THEN '*' ELSE COALESCE(shares.x_Provider, '') END
            AS provider_key,
        CASE WHEN scopes.any_currency THEN '*' ELSE COALESCE(shares.BillingCurrency, '') END
            AS currency_key,
        shares.payer,
        COALESCE(SUM(shares.effective), SUM(shares.billed), CAST(0 AS decimal(38, 18))) AS base
    FROM direct AS shares
    CROSS JOIN scopes
    WHERE ${in_scope}
    GROUP BY 1, 2, 3, 4, 5, 6
),

weights AS (
    SELECT
        bases.x_RuleSet,
        targets.spread,
        bases.yearmonth,
        bases.provider_key,
        bases.currency_key,
        targets.target,
        bases.base,
        CAST(
            SUM(bases.base) OVER (
                PARTITION BY
                    bases.x_RuleSet,
                    targets.spread,
                    bases.yearmonth,
                    bases.provider_key,
                    bases.currency_key
            ) AS decimal(38, 18)
        ) AS whole
    FROM bases
    INNER JOIN ${database}.focus_allocation_targets AS targets
        ON bases.scope = targets.scope
        AND bases.payer = targets.target
        AND bases.yearmonth >= targets.valid_from
        AND bases.yearmonth <= targets.valid_until
    WHERE bases.base > 0
),

-- 25 digits of each weight, so that a product with a ratio of 13 digits is exact: a small whole
-- keeps all its decimals, a large one those that matter.
scaled AS (
    SELECT
        weights.*,
        CASE
            WHEN whole < 10000000 THEN
                CAST(
                    CAST(base AS decimal(25, 18)) * CAST(1000000 AS decimal(7, 0))
                    AS decimal(25, 12)
                )
            WHEN whole < 10000000000000 THEN CAST(base AS decimal(25, 12))
            ELSE
                CAST(
                    CAST(base AS decimal(25, 5)) * CAST('0.0000001' AS decimal(7, 7))
                    AS decimal(25, 12)
                )
        END AS weight
    FROM weights
),

running AS (
    SELECT
        scaled.*,
        CAST(
            SUM(weight) OVER (
                PARTITION BY x_RuleSet, spread, yearmonth, provider_key, currency_key
                ORDER BY target
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS decimal(25, 12)
        ) AS upto,
        CAST(
            SUM(weight) OVER (
                PARTITION BY x_RuleSet, spread, yearmonth, provider_key, currency_key
            ) AS decimal(25, 12)
        ) AS weight_of_all
    FROM scaled
),

proposed AS (
    SELECT
        running.*,
        CAST(
            ROUND(CAST(upto AS double) / CAST(weight_of_all AS double), 12) AS decimal(13, 12)
        ) AS ratio
    FROM running
    WHERE weight_of_all > 0
),

decided AS (
    SELECT
        x_RuleSet,
        spread,
        yearmonth,
        provider_key,
        currency_key,
        target,
        CASE
            WHEN
                CAST(ratio + CAST('0.000000000001' AS decimal(13, 12)) AS decimal(13, 12))
                * weight_of_all <= upto
                THEN CAST(ratio + CAST('0.000000000001' AS decimal(13, 12)) AS decimal(13, 12))
            WHEN ratio * weight_of_all <= upto THEN ratio
            ELSE CAST(ratio - CAST('0.000000000001' AS decimal(13, 12)) AS decimal(13, 12))
        END AS until
    FROM proposed
),

weighed AS (
    SELECT
        decided.*,
        LAG(until, 1, CAST(0 AS decimal(13, 12))) OVER (
            PARTITION BY x_RuleSet, spread, yearmonth, provider_key, currency_key
            ORDER BY target
        ) AS since
    FROM decided
),

begun AS (
    SELECT
        x_RuleSet,
        yearmonth,
        x_Provider,
        BillingCurrency,
        ServiceCategory,
        ServiceName,
        BillingAccountId,
        SubAccountId,
        payer,
        waiting,
        rule_no,
        FALSE AS is_shared,
        SUM(billed) AS billed,
        SUM(effective) AS effective
    FROM assigned
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

${shares_of_charges},

${shares_of_stage_2},

${shares_of_stage_3}

SELECT
    shares.x_RuleSet,
    shares.yearmonth,
    shares.x_Provider,
    shares.BillingCurrency,
    shares.ServiceCategory,
    shares.ServiceName,
    shares.BillingAccountId,
    shares.SubAccountId,
    COALESCE(shares.payer, '(unallocated)') AS x_Payer,
    CASE WHEN shares.is_shared OR shares.waiting IS NOT NULL THEN 'shared' ELSE 'direct' END
        AS x_AllocationType,
    CASE
        WHEN shares.waiting IS NOT NULL THEN shares.waiting
        WHEN shares.is_shared THEN steps.pool
    END AS x_Pool,
    steps.id AS x_AllocationRule,
    steps.version AS x_AllocationRuleVersion,
    ${shown_billed} AS BilledCost,
    ${shown_effective} AS EffectiveCost
FROM staged_3 AS shares
LEFT JOIN ${database}.focus_allocation_steps AS steps
    ON shares.x_RuleSet = steps.rule_set AND shares.rule_no = steps.rule_no${shown_places}
