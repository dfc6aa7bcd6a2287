-- Three values in order from where a quantile lies: enough for it, and for it without any one value.
CREATE FUNCTION around(ordered float8[], quantile float8) RETURNS float8[] LANGUAGE sql IMMUTABLE
RETURN ordered[floor(quantile * greatest(cardinality(ordered) - 2, 0))::int + 1
               : floor(quantile * greatest(cardinality(ordered) - 2, 0))::int + 3];

CREATE INDEX account_told_internal ON account_told (tenant_id, account_id) WHERE internal;

-- Whether the course counts towards being trained, as it was when that was told.
ALTER TABLE completion ADD COLUMN required boolean NOT NULL DEFAULT true;
