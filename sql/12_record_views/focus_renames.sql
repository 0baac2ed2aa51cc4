-- One row is something that goes by another name than before, so that a provider's rename is not
-- taken for a trend. x_Change: name_changed, x_Id is the same and x_Name another; id_changed,
-- x_Name is the same and x_Id another; x_Before and x_After are what changed. x_Overlaps: the old
-- one was still charged after the new one had begun. x_MappingBroken: the service had a category
-- under its old name and has none under the new one.
CREATE OR REPLACE VIEW ${database}.focus_renames AS
WITH groups AS (
    SELECT
        x_Provider,
        BillingAccountId,
        BillingAccountName,
        SubAccountId,
        SubAccountName,
        RegionId,
        RegionName,
        ServiceName,
        ServiceCategory,
        COALESCE(SkuId, ResourceId) AS thing,
        MIN(CAST(ChargePeriodStart AS date)) AS first_seen,
        MAX(CAST(ChargePeriodStart AS date)) AS last_seen
    FROM ${database}.focus_unified
    GROUP BY
        x_Provider,
        BillingAccountId,
        BillingAccountName,
        SubAccountId,
        SubAccountName,
        RegionId,
        RegionName,
        ServiceName,
        ServiceCategory,
        COALESCE(SkuId, ResourceId)
),

-- both_ways: a name stands for one id; of services and categories many ids have the same.
pairs AS (
    SELECT
        groups.x_Provider,
        kinds.kind,
        kinds.both_ways,
        CASE kinds.kind
            WHEN 'billing_account' THEN groups.BillingAccountId
            WHEN 'sub_account' THEN groups.SubAccountId
            WHEN 'region' THEN groups.RegionId
            WHEN 'service' THEN groups.thing
            ELSE groups.ServiceName
        END AS id,
        CASE kinds.kind
            WHEN 'billing_account' THEN groups.BillingAccountName
            WHEN 'sub_account' THEN groups.SubAccountName
            WHEN 'region' THEN groups.RegionName
            WHEN 'service' THEN groups.ServiceName
            ELSE groups.ServiceCategory
        END AS name,
        MIN(groups.first_seen) AS first_seen,
        MAX(groups.last_seen) AS last_seen,
        MAX(groups.ServiceCategory) AS category
    FROM groups
    CROSS JOIN (
        VALUES
        (CAST('billing_account' AS varchar), TRUE),
        ('sub_account', TRUE),
        ('region', TRUE),
        ('service', FALSE),
        ('service_category', FALSE)
    ) AS kinds (kind, both_ways)
    GROUP BY
        groups.x_Provider,
        kinds.kind,
        kinds.both_ways,
        4,
        5
),

known AS (
    SELECT *
    FROM pairs
    WHERE
        NULLIF(TRIM(id), '') IS NOT NULL
        AND NULLIF(TRIM(name), '') IS NOT NULL
),

in_order AS (
    SELECT
        x_Provider,
        kind,
        CAST('name_changed' AS varchar) AS change,
        id,
        name,
        first_seen,
        last_seen,
        LAG(name) OVER same_id AS before,
        LAG(first_seen) OVER same_id AS before_first_seen,
        LAG(last_seen) OVER same_id AS before_last_seen,
        category,
        LAG(category) OVER same_id AS before_category
    FROM known
    WINDOW same_id AS (
        PARTITION BY x_Provider, kind, id
        ORDER BY first_seen, last_seen, name
    )
    UNION ALL
    SELECT
        x_Provider,
        kind,
        CAST('id_changed' AS varchar) AS change,
        id,
        name,
        first_seen,
        last_seen,
        LAG(id) OVER same_name AS before,
        LAG(first_seen) OVER same_name AS before_first_seen,
        LAG(last_seen) OVER same_name AS before_last_seen,
        category,
        LAG(category) OVER same_name AS before_category
    FROM known
    WHERE both_ways
    WINDOW same_name AS (
        PARTITION BY x_Provider, kind, name
        ORDER BY first_seen, last_seen, id
    )
)

SELECT
    x_Provider,
    kind AS x_Kind,
    change AS x_Change,
    id AS x_Id,
    name AS x_Name,
    before AS x_Before,
    CASE change WHEN 'name_changed' THEN name ELSE id END AS x_After,
    before_first_seen AS x_BeforeFirstSeen,
    before_last_seen AS x_BeforeLastSeen,
    first_seen AS x_FirstSeen,
    last_seen AS x_LastSeen,
    before_last_seen > first_seen AS x_Overlaps,
    kind = 'service' AND before_category IS NOT NULL AND category IS NULL AS x_MappingBroken
FROM in_order
WHERE
    before IS NOT NULL
    -- One resource may be charged by several services at once; that is not a rename.
    AND (kind <> 'service' OR before_last_seen <= first_seen)
