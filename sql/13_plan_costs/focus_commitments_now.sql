-- One row is one commitment (reserved instances, savings plan) in one month: bought, used, unused.
-- Amounts are EffectiveCost in BillingCurrency; x_Purchased is what was billed for it in the month.
-- x_Coverage is the share of the list cost of the services it served that it covered,
-- x_EffectiveSavingsRate what it saved of the list cost of what it covered, below zero if it cost
-- more. A provider that does not say which charges are unused shows no utilisation and x_Reason.
CREATE OR REPLACE VIEW ${database}.focus_commitments_now AS
WITH charges AS (
    SELECT
        x_Provider,
        yearmonth,
        BillingCurrency,
        ServiceName,
        ChargeCategory,
        CommitmentDiscountId,
        CommitmentDiscountCategory,
        CommitmentDiscountType,
        CommitmentDiscountStatus,
        COALESCE(PricingCategory, 'Standard') IN ('Standard', 'Committed') AS is_eligible,
        SUM(BilledCost) AS billed,
        SUM(EffectiveCost) AS effective,
        SUM(COALESCE(ListCost, ContractedCost, EffectiveCost)) AS list
    FROM ${database}.focus_daily
    WHERE
        ChargeCategory IN ('Usage', 'Purchase')
        AND COALESCE(ChargeClass, '') <> 'Correction'
    GROUP BY
        x_Provider,
        yearmonth,
        BillingCurrency,
        ServiceName,
        ChargeCategory,
        CommitmentDiscountId,
        CommitmentDiscountCategory,
        CommitmentDiscountType,
        CommitmentDiscountStatus,
        COALESCE(PricingCategory, 'Standard') IN ('Standard', 'Committed')
),

services AS (
    SELECT
        charges.*,
        -- What the service would have cost by list, unused commitments left out.
        SUM(
            CASE
                WHEN
                    ChargeCategory = 'Usage'
                    AND is_eligible
                    AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'
                    THEN list
            END
        ) OVER (
            PARTITION BY x_Provider, yearmonth, BillingCurrency, ServiceName
        ) AS eligible
    FROM charges
),

by_service AS (
    SELECT
        x_Provider,
        yearmonth,
        BillingCurrency,
        CommitmentDiscountId,
        ServiceName,
        MAX(CommitmentDiscountCategory) AS category,
        MAX(CommitmentDiscountType) AS type,
        SUM(CASE WHEN ChargeCategory = 'Purchase' THEN billed END) AS purchased,
        SUM(CASE WHEN ChargeCategory = 'Usage' THEN effective END) AS committed,
        SUM(
            CASE
                WHEN ChargeCategory = 'Usage' AND CommitmentDiscountStatus = 'Used' THEN effective
            END
        ) AS used,
        SUM(
            CASE
                WHEN ChargeCategory = 'Usage' AND CommitmentDiscountStatus = 'Unused'
                    THEN effective
            END
        ) AS unused,
        SUM(
            CASE
                WHEN
                    ChargeCategory = 'Usage'
                    AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'
                    THEN list
            END
        ) AS covered,
        COUNT(CASE WHEN ChargeCategory = 'Usage' THEN 1 END) AS usage_groups,
        COUNT(CASE WHEN ChargeCategory = 'Usage' THEN CommitmentDiscountStatus END) AS stated,
        MAX(CASE WHEN ChargeCategory = 'Usage' THEN eligible END) AS eligible
    FROM services
    WHERE CommitmentDiscountId IS NOT NULL
    GROUP BY
        x_Provider,
        yearmonth,
        BillingCurrency,
        CommitmentDiscountId,
        ServiceName
),

summed AS (
    SELECT
        x_Provider,
        yearmonth,
        BillingCurrency,
        CommitmentDiscountId,
        MAX(category) AS category,
        MAX(type) AS type,
        SUM(purchased) AS purchased,
        SUM(committed) AS committed,
        SUM(used) AS used,
        SUM(unused) AS unused,
        SUM(covered) AS covered,
        SUM(CASE WHEN covered IS NOT NULL THEN eligible END) AS eligible,
        SUM(usage_groups) > 0 AND SUM(usage_groups) = SUM(stated) AS has_status,
        SUM(usage_groups) AS usage_groups
    FROM by_service
    GROUP BY
        x_Provider,
        yearmonth,
        BillingCurrency,
        CommitmentDiscountId
),

-- A purchase that was charged at once covers its whole term.
terms AS (
    SELECT
        x_Provider,
        CommitmentDiscountId,
        MAX(ChargePeriodEnd) AS ends_at
    FROM ${database}.focus_unified
    WHERE
        ChargeCategory = 'Purchase'
        AND CommitmentDiscountId IS NOT NULL
        AND DATE_DIFF('day', ChargePeriodStart, ChargePeriodEnd) > 31
    GROUP BY
        x_Provider,
        CommitmentDiscountId
)

SELECT
    summed.x_Provider,
    summed.yearmonth,
    summed.BillingCurrency,
    summed.CommitmentDiscountId,
    summed.category AS CommitmentDiscountCategory,
    summed.type AS CommitmentDiscountType,
    summed.purchased AS x_Purchased,
    summed.committed AS x_Committed,
    CASE WHEN summed.has_status THEN COALESCE(summed.used, CAST(0 AS decimal(38, 18))) END
        AS x_Used,
    CASE WHEN summed.has_status THEN COALESCE(summed.unused, CAST(0 AS decimal(38, 18))) END
        AS x_Unused,
    CASE
        WHEN summed.has_status
            THEN
                CAST(
                    CAST(COALESCE(summed.used, CAST(0 AS decimal(38, 18))) AS double)
                    / NULLIF(CAST(summed.committed AS double), 0e0)
                    AS decimal(38, 6)
                )
    END AS x_Utilisation,
    summed.eligible AS x_EligibleListCost,
    summed.covered AS x_CoveredListCost,
    CAST(
        CAST(summed.covered AS double) / NULLIF(CAST(summed.eligible AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_Coverage,
    CAST(
        1e0 - CAST(summed.committed AS double) / NULLIF(CAST(summed.covered AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_EffectiveSavingsRate,
    CAST(terms.ends_at AS date) AS x_ExpiresOn,
    CAST(
        CASE
            WHEN summed.usage_groups = 0 THEN 'bought, and no charge names it as used or unused'
            WHEN NOT summed.has_status
                THEN 'the provider does not say what is used and what is not'
            WHEN terms.ends_at IS NULL THEN 'the provider does not say when it ends'
        END AS varchar
    ) AS x_Reason
FROM summed
LEFT JOIN terms
    ON
        summed.x_Provider = terms.x_Provider
        AND summed.CommitmentDiscountId = terms.CommitmentDiscountId
