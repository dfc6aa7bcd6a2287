-- Versions are looked up by their id, here as in every other table of versions.
CREATE UNIQUE INDEX payment_method_version ON payment_method (tenant_id, id, recorded_at);
