-- One row is what one delivery changed against what was there before, by service and sub-account.
-- Snapshots: every published push whose data are still in the lake against the push before it.
-- Increments: what a report added to all reports before it of the same billing month. x_Delivery
-- says which. Upserts: what a delivery added, and what it took the place of, in the same way.
-- x_..InNewDays is the part of the change on days that had not been delivered, or had
-- just begun: a month to date that grows. The rest restates days that were already billed. A charge
-- dated after its own push delivers no day. A cost that a source does not have is null, as is its
-- change. Sub-accounts without an id are told apart by SubAccountName.
CREATE OR REPLACE VIEW ${database}.focus_restatements AS
WITH pushed AS (
    SELECT
        lake.delivery,
        lake.x_Provider,
        lake.x_Export,
        lake.yearmonth,
        lake.x_BillingMonth,
        lake.batch_ts,
        lake.ServiceName,
        lake.SubAccountId,
        CASE WHEN ${sub_account_is_blank} THEN lake.SubAccountName END AS SubAccountName,
        lake.BillingCurrency,
        CAST(lake.ChargePeriodStart AS date) AS x_ChargeDate,
        SUM(lake.BilledCost) AS BilledCost,
        SUM(lake.EffectiveCost) AS EffectiveCost,
        SUM(lake.x_RowSign) AS x_RowCount
    FROM (
${every_normalized_table}
    ) AS lake
    INNER JOIN ${database}.focus_batches AS batches
        ON lake.x_Provider = batches.provider
        AND lake.yearmonth = batches.yearmonth
        AND lake.batch_ts = batches.batch_ts
        AND lake.publication = batches.publication
    WHERE batches.status = 'published'
    GROUP BY
        lake.delivery,
        lake.x_Provider,
        lake.x_Export,
        lake.yearmonth,
        lake.x_BillingMonth,
        lake.batch_ts,
        lake.ServiceName,
        lake.SubAccountId,
        CASE WHEN ${sub_account_is_blank} THEN lake.SubAccountName END,
        lake.BillingCurrency,
        CAST(lake.ChargePeriodStart AS date)
),

-- reached: the day up to which a delivery has charges, without what is dated after it.
numbered AS (
    SELECT
        *,
        DENSE_RANK() OVER (
            PARTITION BY x_Provider, x_Export, yearmonth ORDER BY batch_ts
        ) AS push,
        COALESCE(
            MAX(
                CASE
                    WHEN REPLACE(CAST(x_ChargeDate AS varchar), '-', '') <= SUBSTR(batch_ts, 1, 8)
                        THEN x_ChargeDate
                END
            ) OVER (PARTITION BY x_Provider, x_Export, yearmonth, batch_ts),
            DATE '0001-01-01'
        ) AS reached
    FROM pushed
    WHERE delivery = 'snapshot'
),

-- Each cost appears twice: as what its own push says, and as what the next push replaces.
sides AS (
    SELECT
        numbered.*,
        side.later,
        numbered.push + side.later AS compared
    FROM numbered
    CROSS JOIN (VALUES (0), (1)) AS side (later)
),

against AS (
    SELECT
        *,
        MAX(CASE WHEN later = 0 THEN batch_ts END) OVER (
            PARTITION BY x_Provider, x_Export, yearmonth, compared
        ) AS new_batch_ts,
        MAX(CASE WHEN later = 1 THEN batch_ts END) OVER (
            PARTITION BY x_Provider, x_Export, yearmonth, compared
        ) AS old_batch_ts,
        MAX(CASE WHEN later = 1 THEN reached END) OVER (
            PARTITION BY x_Provider, x_Export, yearmonth, compared
        ) AS old_reached
    FROM sides
),

replaced AS (
    SELECT
        x_Provider,
        x_Export,
        yearmonth,
        x_BillingMonth,
        new_batch_ts,
        old_batch_ts,
        ServiceName,
        SubAccountId,
        SubAccountName,
        BillingCurrency,
        SUM(CASE WHEN later = 1 THEN BilledCost END) AS billed_before,
        SUM(CASE WHEN later = 0 THEN BilledCost END) AS billed_after,
        SUM(CASE WHEN x_ChargeDate >= old_reached AND later = 1 THEN BilledCost END)
            AS new_billed_before,
        SUM(CASE WHEN x_ChargeDate >= old_reached AND later = 0 THEN BilledCost END)
            AS new_billed_after,
        SUM(CASE WHEN later = 1 THEN EffectiveCost END) AS effective_before,
        SUM(CASE WHEN later = 0 THEN EffectiveCost END) AS effective_after,
        SUM(CASE WHEN x_ChargeDate >= old_reached AND later = 1 THEN EffectiveCost END)
            AS new_effective_before,
        SUM(CASE WHEN x_ChargeDate >= old_reached AND later = 0 THEN EffectiveCost END)
            AS new_effective_after,
        CAST(SUM(x_RowCount * later) AS bigint) AS rows_before,
        CAST(SUM(x_RowCount * (1 - later)) AS bigint) AS rows_after
    FROM against
    -- The first push replaces nothing, and nothing has replaced the last one.
    WHERE new_batch_ts IS NOT NULL AND old_batch_ts IS NOT NULL
    GROUP BY
        x_Provider,
        x_Export,
        yearmonth,
        x_BillingMonth,
        new_batch_ts,
        old_batch_ts,
        ServiceName,
        SubAccountId,
        SubAccountName,
        BillingCurrency
),

reports AS (
    SELECT
        x_Provider,
        x_Export,
        x_BillingMonth,
        yearmonth,
        batch_ts,
        MAX(
            CASE
                WHEN REPLACE(CAST(x_ChargeDate AS varchar), '-', '') <= SUBSTR(batch_ts, 1, 8)
                    THEN x_ChargeDate
            END
        ) AS reached
    FROM pushed
    WHERE delivery <> 'snapshot'
    GROUP BY
        x_Provider,
        x_Export,
        x_BillingMonth,
        yearmonth,
        batch_ts
),

followed AS (
    SELECT
        *,
        LAG(batch_ts) OVER (
            PARTITION BY x_Provider, x_Export, x_BillingMonth ORDER BY batch_ts, yearmonth
        ) AS old_batch_ts,
        COALESCE(
            MAX(reached) OVER (
                PARTITION BY x_Provider, x_Export, x_BillingMonth
                ORDER BY batch_ts, yearmonth
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            DATE '0001-01-01'
        ) AS old_reached
    FROM reports
),

added AS (
    SELECT
        pushed.delivery,
        pushed.x_Provider,
        pushed.x_Export,
        pushed.yearmonth,
        pushed.x_BillingMonth,
        pushed.batch_ts AS new_batch_ts,
        followed.old_batch_ts,
        pushed.ServiceName,
        pushed.SubAccountId,
        pushed.SubAccountName,
        pushed.BillingCurrency,
        SUM(pushed.BilledCost) AS billed,
        SUM(CASE WHEN pushed.x_ChargeDate >= followed.old_reached THEN pushed.BilledCost END)
            AS new_billed,
        SUM(pushed.EffectiveCost) AS effective,
        SUM(CASE WHEN pushed.x_ChargeDate >= followed.old_reached THEN pushed.EffectiveCost END)
            AS new_effective,
        SUM(pushed.x_RowCount) AS row_count
    FROM pushed
    INNER JOIN followed
        ON pushed.x_Provider = followed.x_Provider
        AND COALESCE(pushed.x_Export, '') = COALESCE(followed.x_Export, '')
        AND pushed.x_BillingMonth = followed.x_BillingMonth
        AND pushed.yearmonth = followed.yearmonth
        AND pushed.batch_ts = followed.batch_ts
    WHERE pushed.delivery <> 'snapshot'
    GROUP BY
        pushed.delivery,
        pushed.x_Provider,
        pushed.x_Export,
        pushed.yearmonth,
        pushed.x_BillingMonth,
        pushed.batch_ts,
        followed.old_batch_ts,
        pushed.ServiceName,
        pushed.SubAccountId,
        pushed.SubAccountName,
        pushed.BillingCurrency
),

-- What was there before an increment is the sum of those before it.
summed AS (
    SELECT
        *,
        SUM(billed) OVER earlier AS billed_before,
        SUM(effective) OVER earlier AS effective_before,
        COALESCE(SUM(row_count) OVER earlier, 0) AS rows_before
    FROM added
    WINDOW earlier AS (
        PARTITION BY
            x_Provider,
            x_Export,
            x_BillingMonth,
            ServiceName,
            SubAccountId,
            SubAccountName,
            BillingCurrency
        ORDER BY new_batch_ts, yearmonth
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

compared AS (
    SELECT
        'snapshot' AS delivery,
        *
    FROM replaced
    UNION ALL
    SELECT
        delivery,
        x_Provider,
        x_Export,
        yearmonth,
        x_BillingMonth,
        new_batch_ts,
        old_batch_ts,
        ServiceName,
        SubAccountId,
        SubAccountName,
        BillingCurrency,
        billed_before,
        CASE WHEN billed IS NOT NULL THEN COALESCE(billed_before, 0) + billed ELSE billed_before END,
        CAST(0 AS decimal(38, 18)),
        new_billed,
        effective_before,
        CASE
            WHEN effective IS NOT NULL THEN COALESCE(effective_before, 0) + effective
            ELSE effective_before
        END,
        CAST(0 AS decimal(38, 18)),
        new_effective,
        CAST(rows_before AS bigint),
        CAST(rows_before + row_count AS bigint)
    FROM summed
    WHERE old_batch_ts IS NOT NULL
),

-- Nothing is 0 where there is no row; a cost that no row has is null.
told AS (
    SELECT
        *,
        CASE WHEN rows_before = 0 THEN CAST(0 AS decimal(38, 18)) ELSE billed_before END
            AS billed_old,
        CASE WHEN rows_after = 0 THEN CAST(0 AS decimal(38, 18)) ELSE billed_after END
            AS billed_new,
        CASE WHEN rows_before = 0 THEN CAST(0 AS decimal(38, 18)) ELSE effective_before END
            AS effective_old,
        CASE WHEN rows_after = 0 THEN CAST(0 AS decimal(38, 18)) ELSE effective_after END
            AS effective_new,
        COALESCE(new_billed_after, 0) - COALESCE(new_billed_before, 0) AS billed_in_new_days,
        COALESCE(new_effective_after, 0) - COALESCE(new_effective_before, 0)
            AS effective_in_new_days
    FROM compared
)

SELECT
    x_Provider,
    x_Export,
    yearmonth,
    new_batch_ts AS batch_ts,
    old_batch_ts AS x_PreviousBatchTs,
    ServiceName,
    SubAccountId,
    BillingCurrency,
    billed_old AS x_BilledCostBefore,
    billed_new AS BilledCost,
    billed_new - billed_old AS x_BilledCostChange,
    CASE WHEN billed_new - billed_old IS NOT NULL THEN billed_in_new_days END
        AS x_BilledCostChangeInNewDays,
    effective_old AS x_EffectiveCostBefore,
    effective_new AS EffectiveCost,
    effective_new - effective_old AS x_EffectiveCostChange,
    CASE WHEN effective_new - effective_old IS NOT NULL THEN effective_in_new_days END
        AS x_EffectiveCostChangeInNewDays,
    rows_before AS x_RowCountBefore,
    rows_after AS x_RowCount,
    x_BillingMonth,
    SubAccountName,
    CAST(delivery AS varchar) AS x_Delivery
FROM told
WHERE
    billed_new IS DISTINCT FROM billed_old
    OR billed_in_new_days <> 0
    OR effective_new IS DISTINCT FROM effective_old
    OR effective_in_new_days <> 0
    OR rows_after <> rows_before
