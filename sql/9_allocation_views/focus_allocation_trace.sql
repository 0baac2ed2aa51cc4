-- One row is one rule that was tried on charges which agree in all that rules look at, in order.
-- The last row of such charges is the rule that took them, or says who pays without one; x_Why is
-- the first condition that does not hold, or what the rule does. x_Charges names the charges.
CREATE OR REPLACE VIEW ${database}.focus_allocation_trace AS
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

named AS (
    SELECT
        charges.*,
        CONCAT(
${charge_names}
        ) AS x_Charges
    FROM charges
),

tested AS (
    SELECT
        named.yearmonth,
        named.x_Provider,
        named.BillingAccountId,
        named.SubAccountId,
        named.ServiceName,
        named.x_CostCenter,
        named.BillingCurrency,
        named.x_Charges,
        named.billed,
        named.effective,
        steps.rule_no,
        conditions.condition_no,
        MAX(conditions.words) AS words,
        CASE MAX(conditions.operator)
            WHEN 'in' THEN
                MAX(CASE WHEN ${seen} = conditions.value THEN 1 ELSE 0 END)
            WHEN 'not' THEN
                1 - MAX(CASE WHEN ${seen} = conditions.value THEN 1 ELSE 0 END)
            WHEN 'prefix' THEN
                MAX(
                    CASE
                        WHEN SUBSTR(${seen}, 1, LENGTH(conditions.value)) = conditions.value THEN 1
                        ELSE 0
                    END
                )
            WHEN 'is_null' THEN
                MAX(CASE WHEN NULLIF(TRIM(${seen}), '') IS NULL THEN 1 ELSE 0 END)
            WHEN 'not_null' THEN
                MAX(CASE WHEN NULLIF(TRIM(${seen}), '') IS NULL THEN 0 ELSE 1 END)
            ELSE 1
        END AS holds
    FROM named
    INNER JOIN ${database}.focus_allocation_steps AS steps
        ON named.yearmonth >= steps.valid_from AND named.yearmonth <= steps.valid_until
    LEFT JOIN ${database}.focus_allocation_conditions AS conditions
        ON steps.rule_set = conditions.rule_set AND steps.rule_no = conditions.rule_no
    WHERE steps.rule_set = 'active' AND steps.takes_charges
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),

tried AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingAccountId,
        SubAccountId,
        ServiceName,
        x_CostCenter,
        BillingCurrency,
        x_Charges,
        billed,
        effective,
        rule_no,
        MIN(holds) AS matches,
        MIN_BY(words, CASE WHEN holds = 1 THEN 1000000 ELSE condition_no END) AS words
    FROM tested
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

decided AS (
    SELECT
        tried.*,
        COALESCE(
            MIN(CASE WHEN matches = 1 THEN rule_no END) OVER (
                PARTITION BY yearmonth, x_Provider, BillingCurrency, x_Charges
            ),
            1000000
        ) AS taken_by
    FROM tried
)

SELECT
    decided.yearmonth,
    decided.x_Provider,
    decided.BillingAccountId,
    decided.SubAccountId,
    decided.ServiceName,
    decided.x_CostCenter,
    decided.BillingCurrency,
    decided.x_Charges,
    decided.rule_no AS x_Position,
    steps.id AS x_AllocationRule,
    steps.version AS x_AllocationRuleVersion,
    decided.matches = 1 AS x_Took,
    CASE
        WHEN decided.matches = 1 THEN CONCAT('took it: ', steps.words)
        ELSE CONCAT('not taken, for it is not so that ', decided.words)
    END AS x_Why,
    decided.billed AS BilledCost,
    decided.effective AS EffectiveCost
FROM decided
INNER JOIN ${database}.focus_allocation_steps AS steps
    ON decided.rule_no = steps.rule_no AND steps.rule_set = 'active'
WHERE decided.rule_no <= decided.taken_by
UNION ALL
SELECT
    named.yearmonth,
    named.x_Provider,
    named.BillingAccountId,
    named.SubAccountId,
    named.ServiceName,
    named.x_CostCenter,
    named.BillingCurrency,
    named.x_Charges,
    CAST(NULL AS bigint),
    CAST(NULL AS varchar),
    CAST(NULL AS bigint),
    TRUE,
    CASE
        WHEN named.x_CostCenter IS NOT NULL
            THEN CONCAT('no rule takes it: its cost center ', named.x_CostCenter, ' pays')
        ELSE
            'no rule takes it, no tag names a cost center: that of its account pays, else (unallocated)'
    END,
    named.billed,
    named.effective
FROM named
LEFT JOIN decided
    ON named.x_Charges = decided.x_Charges
    AND named.yearmonth = decided.yearmonth
    AND decided.matches = 1
WHERE decided.rule_no IS NULL
