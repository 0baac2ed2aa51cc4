-- One row is one charge of any provider, live batches only; nothing is counted twice.
CREATE OR REPLACE VIEW ${database}.focus_unified AS
${every_provider_view}
