-- One row is a unit price that is not what it was when it was charged the last time: by SKU and
-- price, or by resource where the provider names no SKU. x_..CostChange is the difference at this
-- month's quantity. A price is null, with the reason several_prices, in a month that has more than
-- one of it: tiers, or a step within the month.
CREATE OR REPLACE VIEW ${database}.focus_price_changes AS
WITH priced AS (
    SELECT
        x_Provider,
        yearmonth,
        ServiceName,
        SkuId,
        SkuPriceId,
        CASE WHEN SkuId IS NULL AND SkuPriceId IS NULL THEN ResourceId END AS ResourceId,
        RegionId,
        PricingCategory,
        PricingUnit,
        BillingCurrency,
        MIN(ListUnitPrice) AS list_min,
        MAX(ListUnitPrice) AS list_max,
        MIN(ContractedUnitPrice) AS contracted_min,
        MAX(ContractedUnitPrice) AS contracted_max,
        SUM(PricingQuantity) AS quantity
    FROM ${database}.focus_unified
    WHERE
        ChargeCategory IN ('Usage', 'Purchase')
        AND ChargeClass IS NULL
        AND COALESCE(SkuPriceId, SkuId, ResourceId) IS NOT NULL
        AND COALESCE(ListUnitPrice, ContractedUnitPrice) IS NOT NULL
    GROUP BY
        x_Provider,
        yearmonth,
        ServiceName,
        SkuId,
        SkuPriceId,
        CASE WHEN SkuId IS NULL AND SkuPriceId IS NULL THEN ResourceId END,
        RegionId,
        PricingCategory,
        PricingUnit,
        BillingCurrency
),

compared AS (
    SELECT
        *,
        LAG(yearmonth) OVER charged AS month_before,
        LAG(list_min) OVER charged AS list_min_before,
        LAG(list_max) OVER charged AS list_max_before,
        LAG(contracted_min) OVER charged AS contracted_min_before,
        LAG(contracted_max) OVER charged AS contracted_max_before
    FROM priced
    WINDOW charged AS (
        PARTITION BY
            x_Provider,
            ServiceName,
            SkuId,
            SkuPriceId,
            ResourceId,
            RegionId,
            PricingCategory,
            PricingUnit,
            BillingCurrency
        ORDER BY yearmonth
    )
),

-- A product of two numbers of 18 decimals has no room: whole part and fraction go apart.
stepped AS (
    SELECT
        *,
        CASE WHEN list_min = list_max THEN list_max END AS list_now,
        CASE WHEN list_min_before = list_max_before THEN list_max_before END AS list_before,
        CASE WHEN contracted_min = contracted_max THEN contracted_max END AS contracted_now,
        CASE WHEN contracted_min_before = contracted_max_before THEN contracted_max_before END
            AS contracted_before,
        CAST(TRUNCATE(quantity) AS decimal(19, 0)) AS whole,
        CAST(quantity - TRUNCATE(quantity) AS decimal(18, 18)) AS rest
    FROM compared
    WHERE
        list_min <> list_min_before
        OR list_max <> list_max_before
        OR contracted_min <> contracted_min_before
        OR contracted_max <> contracted_max_before
),

changes AS (
    SELECT
        *,
        CAST(TRUNCATE(list_now - list_before) AS decimal(19, 0)) AS list_whole,
        CAST(
            list_now - list_before - TRUNCATE(list_now - list_before) AS decimal(18, 18)
        ) AS list_rest,
        CAST(TRUNCATE(contracted_now - contracted_before) AS decimal(19, 0)) AS contracted_whole,
        CAST(
            contracted_now - contracted_before - TRUNCATE(contracted_now - contracted_before)
            AS decimal(18, 18)
        ) AS contracted_rest
    FROM stepped
)

SELECT
    x_Provider,
    yearmonth,
    month_before AS x_PreviousMonth,
    ServiceName,
    SkuId,
    SkuPriceId,
    ResourceId,
    RegionId,
    PricingCategory,
    PricingUnit,
    BillingCurrency,
    list_before AS x_ListUnitPriceBefore,
    list_now AS ListUnitPrice,
    CAST(
        CAST(list_now - list_before AS double) / NULLIF(CAST(list_before AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_ListUnitPriceChange,
    contracted_before AS x_ContractedUnitPriceBefore,
    contracted_now AS ContractedUnitPrice,
    CAST(
        CAST(contracted_now - contracted_before AS double)
        / NULLIF(CAST(contracted_before AS double), 0e0)
        AS decimal(38, 6)
    ) AS x_ContractedUnitPriceChange,
    quantity AS PricingQuantity,
    CAST(list_whole * whole AS decimal(38, 18))
    + CAST(list_whole * rest AS decimal(38, 18))
    + CAST(list_rest * whole AS decimal(38, 18))
    + CAST(list_rest * rest AS decimal(38, 18)) AS x_ListCostChange,
    CAST(contracted_whole * whole AS decimal(38, 18))
    + CAST(contracted_whole * rest AS decimal(38, 18))
    + CAST(contracted_rest * whole AS decimal(38, 18))
    + CAST(contracted_rest * rest AS decimal(38, 18)) AS x_ContractedCostChange,
    CAST(
        CASE
            WHEN
                list_min <> list_max
                OR list_min_before <> list_max_before
                OR contracted_min <> contracted_max
                OR contracted_min_before <> contracted_max_before
                THEN 'several_prices'
        END AS varchar
    ) AS x_Reason
FROM changes
