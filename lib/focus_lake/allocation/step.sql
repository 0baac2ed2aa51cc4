-- One step of focus_allocation_shares: what rules of a stage take is split, the rest goes on.
{name} AS (
    SELECT
        taken.x_RuleSet,
        taken.yearmonth,
        taken.x_Provider,
        taken.BillingCurrency,
        taken.ServiceCategory,
        taken.ServiceName,
        taken.BillingAccountId,
        taken.SubAccountId,
        CASE
            WHEN steps.rule_no IS NULL THEN taken.payer
            WHEN steps.method = 'direct' THEN steps.target
            WHEN {target} IS NULL THEN '(unallocated)'
            WHEN SUBSTR({target}, 1, 5) = 'pool:' THEN NULL
            ELSE {target}
        END AS payer,
        CASE
            WHEN steps.rule_no IS NULL THEN taken.waiting
            WHEN steps.method = 'direct' THEN steps.to_pool
            WHEN SUBSTR({target}, 1, 5) = 'pool:'
                THEN SUBSTR({target}, 6)
        END AS waiting,
        COALESCE(steps.rule_no, taken.rule_no) AS rule_no,
        CASE WHEN steps.rule_no IS NULL THEN taken.is_shared ELSE TRUE END AS is_shared,
        CASE
            WHEN {until} IS NULL THEN taken.billed
            ELSE
                CAST(taken.billed_whole * ({until} - {since}) AS decimal(38, 18))
                + CAST(taken.billed_part * {until} AS decimal(38, 18))
                - CAST(taken.billed_part * {since} AS decimal(38, 18))
        END AS billed,
        CASE
            WHEN {until} IS NULL THEN taken.effective
            ELSE
                CAST(taken.effective_whole * ({until} - {since}) AS decimal(38, 18))
                + CAST(taken.effective_part * {until} AS decimal(38, 18))
                - CAST(taken.effective_part * {since} AS decimal(38, 18))
        END AS effective
    FROM (
        SELECT
            before.*,
            CAST(TRUNCATE(before.billed) AS decimal(20, 0)) AS billed_whole,
            CAST(before.billed - TRUNCATE(before.billed) AS decimal(18, 18)) AS billed_part,
            CAST(TRUNCATE(before.effective) AS decimal(20, 0)) AS effective_whole,
            CAST(before.effective - TRUNCATE(before.effective) AS decimal(18, 18)) AS effective_part,
            {rule} AS next_rule
        FROM {before} AS before
    ) AS taken
    LEFT JOIN ${database}.focus_allocation_steps AS steps
        ON taken.x_RuleSet = steps.rule_set AND taken.next_rule = steps.rule_no
{weighed}    LEFT JOIN ${database}.focus_allocation_weights AS fixed
        ON CASE
{unless_weighed}            WHEN steps.fixed_by_month THEN CONCAT(steps.fixed, '/', taken.yearmonth)
            ELSE steps.fixed
        END = fixed.spread
)
