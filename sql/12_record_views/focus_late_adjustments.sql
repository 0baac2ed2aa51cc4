-- One row is money of one month that came in a later one, by the month it belongs to. x_Kind:
-- correction, of ChargeClass; late_charge, a charge period before the billing month; restatement,
-- what pushes changed in a month after it was final: there x_BillingMonth is the month itself, and
-- x_EffectiveCost is what they changed in it.
CREATE OR REPLACE VIEW ${database}.focus_late_adjustments AS
WITH late AS (
    SELECT
        x_Provider,
        BillingAccountId,
        ServiceName,
        BillingCurrency,
        DATE_FORMAT(CAST(x_ChargeDay AS timestamp), '%Y%m') AS origin_month,
        x_BillingMonth,
        CASE WHEN ChargeClass = 'Correction' THEN 'correction' ELSE 'late_charge' END AS kind,
        SUM(BilledCost) AS BilledCost,
        SUM(EffectiveCost) AS EffectiveCost,
        SUM(x_RowCount) AS row_count
    FROM ${database}.focus_daily
    WHERE DATE_FORMAT(CAST(x_ChargeDay AS timestamp), '%Y%m') < x_BillingMonth
    GROUP BY
        x_Provider,
        BillingAccountId,
        ServiceName,
        BillingCurrency,
        DATE_FORMAT(CAST(x_ChargeDay AS timestamp), '%Y%m'),
        x_BillingMonth,
        CASE WHEN ChargeClass = 'Correction' THEN 'correction' ELSE 'late_charge' END
),

calendar (provider, yearmonth, starts, ends, final_by) AS (
    VALUES
${delivery_calendar}
),

schedules (provider, delivery, every_hours, late_after_hours) AS (
    VALUES
${schedules}
),

-- What a push cost, by the ledger: its data may have expired.
pushes AS (
    SELECT
        batches.provider,
        batches.yearmonth,
        batches.batch_ts,
        names.export,
        CARDINALITY(batches.exports) AS export_count,
        CAST(
            SUBSTR(
                REPLACE(COALESCE(batches.delivered_at, batches.published_at), 'T', ' '), 1, 23
            ) AS timestamp
        ) AS delivered_at,
        batches.cost_sums
    FROM ${database}.focus_batches AS batches
    CROSS JOIN UNNEST(batches.exports) AS names (export)
    WHERE batches.status = 'published'
),

ordered AS (
    SELECT
        pushes.*,
        CAST(calendar.final_by AS timestamp) AS final_by,
        ROW_NUMBER() OVER (
            PARTITION BY pushes.provider, pushes.yearmonth, pushes.export
            ORDER BY pushes.batch_ts DESC
        ) AS from_last,
        -- The last push of the whole month that came in time, else the first one after that.
        ROW_NUMBER() OVER (
            PARTITION BY pushes.provider, pushes.yearmonth, pushes.export
            ORDER BY
                CASE
                    WHEN pushes.delivered_at < CAST(calendar.ends AS timestamp) THEN 2
                    WHEN pushes.delivered_at <= CAST(calendar.final_by AS timestamp) THEN 0
                    ELSE 1
                END,
                ABS(
                    DATE_DIFF(
                        'second', pushes.delivered_at, CAST(calendar.final_by AS timestamp)
                    )
                )
        ) AS from_final
    FROM pushes
    INNER JOIN schedules
        ON pushes.provider = schedules.provider
    INNER JOIN calendar
        ON pushes.provider = calendar.provider
        AND pushes.yearmonth = calendar.yearmonth
    WHERE schedules.delivery = 'snapshot' AND calendar.final_by IS NOT NULL
),

compared AS (
    SELECT
        ordered.provider,
        ordered.yearmonth,
        ordered.export,
        ordered.from_last = 1 AS is_last,
        ordered.from_final = 1 AS is_final,
        ordered.delivered_at > ordered.final_by AS is_late,
        ordered.export_count,
        ELEMENT_AT(ordered.cost_sums, places.place) AS sums
    FROM ordered
    CROSS JOIN UNNEST(
        CASE
            WHEN CARDINALITY(ordered.cost_sums) > 0
                THEN SEQUENCE(1, CARDINALITY(ordered.cost_sums))
        END
    ) AS places (place)
    WHERE ordered.from_last = 1 OR ordered.from_final = 1
),

restated AS (
    SELECT
        provider,
        yearmonth,
        export,
        sums.BillingCurrency AS BillingCurrency,
        SUM(
            CASE
                WHEN is_last AND is_final THEN CAST(0 AS decimal(38, 18))
                WHEN is_last THEN CAST(sums.BilledCost AS decimal(38, 18))
                ELSE -CAST(sums.BilledCost AS decimal(38, 18))
            END
        ) AS BilledCost,
        SUM(
            CASE
                WHEN is_last AND is_final THEN CAST(0 AS decimal(38, 18))
                WHEN is_last THEN CAST(sums.EffectiveCost AS decimal(38, 18))
                ELSE -CAST(sums.EffectiveCost AS decimal(38, 18))
            END
        ) AS EffectiveCost,
        MAX(export_count) AS export_count
    FROM compared
    GROUP BY
        provider,
        yearmonth,
        export,
        sums.BillingCurrency
)

SELECT
    x_Provider,
    BillingAccountId,
    CAST(NULL AS varchar) AS x_Export,
    ServiceName,
    BillingCurrency,
    origin_month AS x_OriginMonth,
    x_BillingMonth,
    CAST(kind AS varchar) AS x_Kind,
    BilledCost,
    EffectiveCost,
    CAST(row_count AS bigint) AS x_RowCount,
    CAST(NULL AS varchar) AS x_Reason
FROM late
UNION ALL
SELECT
    provider,
    CAST(NULL AS varchar),
    export,
    CAST(NULL AS varchar),
    BillingCurrency,
    yearmonth,
    yearmonth,
    CAST('restatement' AS varchar),
    CASE WHEN export_count = 1 THEN BilledCost END,
    CASE WHEN export_count = 1 THEN EffectiveCost END,
    CAST(NULL AS bigint),
    CAST(CASE WHEN export_count > 1 THEN 'several exports in one push' END AS varchar)
FROM restated
WHERE BilledCost <> 0 OR EffectiveCost <> 0 OR export_count > 1
