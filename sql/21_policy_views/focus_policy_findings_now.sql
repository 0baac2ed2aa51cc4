-- One row is what one of your policies finds now: what it would say, or says.
-- x_Mode: shadow (recorded only), canary (said of named scopes alone, x_IsNamed), active. A finding
-- is said once on its x_Route until x_Level changes; it is not said while x_IsQuiet (a known job, or
-- a verdict that it was none). x_ShadowDays is how long the policy ran in shadow before.
CREATE OR REPLACE VIEW ${database}.focus_policy_findings_now AS
WITH policies (
    id,
    title,
    severity,
    route,
    mode,
    policy_owner,
    shadow_from,
    active_from,
    active_until
) AS (
    VALUES
${plan_policies}
),

found AS (
${plan_policy_findings}
)

SELECT
    policies.id AS x_Policy,
    policies.title AS x_Title,
    policies.severity AS x_Severity,
    policies.route AS x_Route,
    policies.mode AS x_Mode,
    policies.policy_owner AS x_PolicyOwner,
    CAST(policies.active_from AS date) AS x_ActiveFrom,
    CAST(policies.active_until AS date) AS x_ActiveUntil,
    CAST(
        DATE_DIFF('day', CAST(policies.shadow_from AS date), CAST(policies.active_from AS date))
        AS bigint
    ) AS x_ShadowDays,
    found.finding AS x_Finding,
    found.level AS x_Level,
    found.provider AS x_Provider,
    found.account AS x_Account,
    found.service AS ServiceName,
    found.scope_value AS x_Value,
    found.currency AS x_Currency,
    found.amount AS x_Amount,
    found.day AS x_Day,
    found.is_named AS x_IsNamed,
    found.is_quiet AS x_IsQuiet,
    found.sentence AS x_Sentence
FROM found
INNER JOIN policies
    ON found.policy = policies.id
