"""Against what: budgets, forecast, anomalies, commitments, waste, policies and their alerts."""
