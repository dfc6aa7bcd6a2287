-- Each simulated account so many times over, under ids of its own; of its use, the days that scoring looks at.
CREATE TEMP TABLE copy AS
  SELECT a.id AS old, md5(a.id::text || k)::uuid AS new, k
  FROM accounts.account AS a, generate_series(1, current_setting('bench.copies')::int) AS k;
CREATE INDEX ON copy (old);
ANALYZE copy;
INSERT INTO accounts.account (tenant_id, id, recorded_at, name, traits, tags, intended_users, industry, created_at, digest)
SELECT t.tenant_id, c.new, t.recorded_at, t.name || ' ' || c.k, t.traits, t.tags, t.intended_users, t.industry, t.created_at, t.digest
FROM accounts.account AS t JOIN copy AS c ON c.old = t.id;
INSERT INTO accounts.member (tenant_id, id, recorded_at, account_id, external_id, email, role, level, started_at, ended_at, digest)
SELECT t.tenant_id, md5(t.id::text || c.k)::uuid, t.recorded_at, c.new, t.external_id, t.email, t.role, t.level, t.started_at, t.ended_at, t.digest
FROM accounts.member AS t JOIN copy AS c ON c.old = t.account_id;
INSERT INTO accounts.contract
SELECT (jsonb_populate_record(t, jsonb_build_object('id', md5(t.id::text || c.k)::uuid, 'account_id', c.new))).*
FROM accounts.contract AS t JOIN copy AS c ON c.old = t.account_id;
INSERT INTO accounts.ticket
SELECT (jsonb_populate_record(t, jsonb_build_object('id', t.id || c.k, 'account_id', c.new))).*
FROM accounts.ticket AS t JOIN copy AS c ON c.old = t.account_id
WHERE t.opened_at > now() - interval '120 days';
INSERT INTO billing.subscription
SELECT (jsonb_populate_record(t, jsonb_build_object('id', t.id || c.k, 'account_id', c.new))).*
FROM billing.subscription AS t JOIN copy AS c ON c.old = t.account_id;
INSERT INTO billing.payment_method
SELECT (jsonb_populate_record(t, jsonb_build_object('id', t.id || c.k, 'account_id', c.new))).*
FROM billing.payment_method AS t JOIN copy AS c ON c.old = t.account_id;
INSERT INTO billing.invoice
SELECT (jsonb_populate_record(t, jsonb_build_object('id', t.id || c.k, 'account_id', c.new))).*
FROM billing.invoice AS t JOIN copy AS c ON c.old = t.account_id;
INSERT INTO billing.payment
SELECT (jsonb_populate_record(t, jsonb_build_object('id', t.id || c.k, 'account_id', c.new))).*
FROM billing.payment AS t JOIN copy AS c ON c.old = t.account_id
WHERE t.attempted_at > now() - interval '120 days';
INSERT INTO learning.progress
SELECT (jsonb_populate_record(t, jsonb_build_object('id', t.id || c.k, 'account_id', c.new, 'member_id', md5(t.member_id::text || c.k)::uuid))).*
FROM learning.progress AS t JOIN copy AS c ON c.old = t.account_id;
INSERT INTO usage.daily
SELECT (jsonb_populate_record(t, jsonb_build_object('account_id', c.new))).*
FROM usage.daily AS t JOIN copy AS c ON c.old = t.account_id
WHERE t.day > (SELECT max(day) - 90 FROM usage.daily);
INSERT INTO usage.known_account (tenant_id, account_id) SELECT current_setting('tenure.tenant')::uuid, new FROM copy;
INSERT INTO risk.account_seen (tenant_id, account_id, reason) SELECT current_setting('tenure.tenant')::uuid, new, 'REQUESTED' FROM copy;
INSERT INTO risk.account_seen (tenant_id, account_id, reason) SELECT DISTINCT current_setting('tenure.tenant')::uuid, old, 'REQUESTED' FROM copy;
