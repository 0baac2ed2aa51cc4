-- One row is what one push changed against the push before it, by service and sub-account.
-- Snapshot providers only; every published push whose data are still in the lake. x_..InNewDays
-- is the part of the change on days the push before did not cover, or had just begun: a month to
-- date that grows. The rest of the change restates days that were already billed.
CREATE OR REPLACE VIEW ${database}.focus_restatements AS
WITH pushed AS (
    SELECT
        lake.x_Provider,
        lake.x_Export,
        lake.yearmonth,
        lake.batch_ts,
        lake.ServiceName,
        lake.SubAccountId,
        lake.BillingCurrency,
        CAST(lake.ChargePeriodStart AS date) AS x_ChargeDate,
        SUM(lake.BilledCost) AS BilledCost,
        SUM(lake.EffectiveCost) AS EffectiveCost,
        COUNT(*) AS x_RowCount
    FROM (
${every_normalized_table}
    ) AS lake
    INNER JOIN ${database}.focus_batches AS batches
        ON lake.x_Provider = batches.provider
        AND lake.yearmonth = batches.yearmonth
        AND lake.batch_ts = batches.batch_ts
        AND lake.publication = batches.publication
    WHERE lake.delivery = 'snapshot' AND batches.status = 'published'
    GROUP BY
        lake.x_Provider,
        lake.x_Export,
        lake.yearmonth,
        lake.batch_ts,
        lake.ServiceName,
        lake.SubAccountId,
        lake.BillingCurrency,
        CAST(lake.ChargePeriodStart AS date)
),

numbered AS (
    SELECT
        *,
        DENSE_RANK() OVER (
            PARTITION BY x_Provider, x_Export, yearmonth ORDER BY batch_ts
        ) AS push,
        MAX(x_ChargeDate) OVER (
            PARTITION BY x_Provider, x_Export, yearmonth, batch_ts
        ) AS last_day
    FROM pushed
),

-- Each cost appears twice: as what its own push says, and as what the next push replaces.
sides AS (
    SELECT
        numbered.x_Provider,
        numbered.x_Export,
        numbered.yearmonth,
        numbered.push + side.later AS push,
        CASE WHEN side.later = 0 THEN numbered.batch_ts END AS batch_ts,
        CASE WHEN side.later = 1 THEN numbered.batch_ts END AS previous_batch_ts,
        CASE WHEN side.later = 1 THEN numbered.last_day END AS previous_last_day,
        numbered.ServiceName,
        numbered.SubAccountId,
        numbered.BillingCurrency,
        numbered.x_ChargeDate,
        CASE WHEN side.later = 0 THEN numbered.BilledCost ELSE CAST(0 AS decimal(38, 18)) END
            AS billed_after,
        CASE WHEN side.later = 1 THEN numbered.BilledCost ELSE CAST(0 AS decimal(38, 18)) END
            AS billed_before,
        CASE WHEN side.later = 0 THEN numbered.EffectiveCost ELSE CAST(0 AS decimal(38, 18)) END
            AS effective_after,
        CASE WHEN side.later = 1 THEN numbered.EffectiveCost ELSE CAST(0 AS decimal(38, 18)) END
            AS effective_before,
        CASE WHEN side.later = 0 THEN numbered.x_RowCount ELSE 0 END AS rows_after,
        CASE WHEN side.later = 1 THEN numbered.x_RowCount ELSE 0 END AS rows_before
    FROM numbered
    CROSS JOIN (VALUES (0), (1)) AS side (later)
),

compared AS (
    SELECT
        x_Provider,
        x_Export,
        yearmonth,
        MAX(batch_ts) OVER (PARTITION BY x_Provider, x_Export, yearmonth, push) AS batch_ts,
        MAX(previous_batch_ts) OVER (
            PARTITION BY x_Provider, x_Export, yearmonth, push
        ) AS previous_batch_ts,
        x_ChargeDate >= MAX(previous_last_day) OVER (
            PARTITION BY x_Provider, x_Export, yearmonth, push
        ) AS in_new_days,
        ServiceName,
        SubAccountId,
        BillingCurrency,
        billed_after,
        billed_before,
        effective_after,
        effective_before,
        rows_after,
        rows_before
    FROM sides
),

changes AS (
    SELECT
        x_Provider,
        x_Export,
        yearmonth,
        batch_ts,
        previous_batch_ts,
        ServiceName,
        SubAccountId,
        BillingCurrency,
        SUM(billed_before) AS billed_before,
        SUM(billed_after) AS billed_after,
        SUM(CASE WHEN in_new_days THEN billed_after - billed_before END) AS billed_in_new_days,
        SUM(effective_before) AS effective_before,
        SUM(effective_after) AS effective_after,
        SUM(CASE WHEN in_new_days THEN effective_after - effective_before END)
            AS effective_in_new_days,
        CAST(SUM(rows_before) AS bigint) AS rows_before,
        CAST(SUM(rows_after) AS bigint) AS rows_after
    FROM compared
    -- The first push replaces nothing, and nothing has replaced the last one.
    WHERE batch_ts IS NOT NULL AND previous_batch_ts IS NOT NULL
    GROUP BY
        x_Provider,
        x_Export,
        yearmonth,
        batch_ts,
        previous_batch_ts,
        ServiceName,
        SubAccountId,
        BillingCurrency
)

SELECT
    x_Provider,
    x_Export,
    yearmonth,
    batch_ts,
    previous_batch_ts AS x_PreviousBatchTs,
    ServiceName,
    SubAccountId,
    BillingCurrency,
    billed_before AS x_BilledCostBefore,
    billed_after AS BilledCost,
    billed_after - billed_before AS x_BilledCostChange,
    COALESCE(billed_in_new_days, CAST(0 AS decimal(38, 18))) AS x_BilledCostChangeInNewDays,
    effective_before AS x_EffectiveCostBefore,
    effective_after AS EffectiveCost,
    effective_after - effective_before AS x_EffectiveCostChange,
    COALESCE(effective_in_new_days, CAST(0 AS decimal(38, 18)))
        AS x_EffectiveCostChangeInNewDays,
    rows_before AS x_RowCountBefore,
    rows_after AS x_RowCount
FROM changes
WHERE
    billed_after <> billed_before
    OR billed_in_new_days <> 0
    OR effective_after <> effective_before
    OR effective_in_new_days <> 0
    OR rows_after <> rows_before
