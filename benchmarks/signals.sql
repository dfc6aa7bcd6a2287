-- Each person comes on a day or two of two weeks in three, and uses two of sixteen features three times each.
-- Single events are there for the five weeks before the two moments asked about: nothing reads further back.
CREATE TEMP TABLE who AS
  SELECT a, m, md5('a' || a)::uuid AS account_id, md5(a || '/' || m)::uuid AS member_id
  FROM generate_series(1, current_setting('bench.accounts')::int) AS a, generate_series(1, current_setting('bench.people')::int) AS m;
INSERT INTO usage.calendar VALUES (current_setting('tenure.tenant')::uuid, 'UTC');
INSERT INTO usage.described
SELECT current_setting('tenure.tenant')::uuid, 'f' || f, now() - interval '3 years', 'F' || f,
  (ARRAY['basic', 'intermediate', 'advanced'])[1 + f / 6], f % 4 = 0, f % 3 = 0, '{}', NULL, NULL, true, ''
FROM generate_series(0, 15) AS f;
INSERT INTO usage.account_told
SELECT current_setting('tenure.tenant')::uuid, account_id, now() - interval '2 years', 20, false FROM who WHERE m = 1;
INSERT INTO usage.term
SELECT current_setting('tenure.tenant')::uuid, account_id, account_id, now() - interval '2 years',
  current_date - 30 - a % 700, current_date - 30 - a % 700 + 365, NULL::date, 12, 15, 'pending' FROM who WHERE m = 1;
INSERT INTO usage.plan_line
SELECT current_setting('tenure.tenant')::uuid, account_id, 'line', now() - interval '2 years', 'plan' || a % 4, 15,
  now() - interval '2 years', NULL::timestamptz FROM who WHERE m = 1;
INSERT INTO usage.member
SELECT current_setting('tenure.tenant')::uuid, account_id, member_id, now() - interval '2 years', 'm' || m, 'role' || m % 4, false,
  now() - interval '2 years', NULL FROM who;
INSERT INTO usage.completion
SELECT current_setting('tenure.tenant')::uuid, account_id, member_id, 'start', now() - interval '1 year', now() - interval '1 year'
FROM who WHERE m % 2 = 0;
INSERT INTO usage.standing
SELECT current_setting('tenure.tenant')::uuid, measured_on, account_id, measured_on + interval '1 hour', a % 7, 'plan' || a % 4,
  a % 12, (a % 12) / 20.0, (a % 9) / 10.0
FROM who, LATERAL (SELECT current_date - 1 - 7 * week AS measured_on FROM generate_series(0, 55) AS week) AS v WHERE m = 1;
INSERT INTO usage.use_case
SELECT current_setting('tenure.tenant')::uuid, 'case' || c, now() - interval '3 years', NULL, NULL, 'job', NULL, NULL,
  'f' || c * 3, (ARRAY[1, 7, 30])[1 + c], false, '' FROM generate_series(0, 2) AS c;
INSERT INTO usage.milestone
SELECT current_setting('tenure.tenant')::uuid, 'milestone' || c, now() - interval '3 years', 'M',
  ARRAY['f' || c, 'f' || c + 5], c % 3, 30 * (c + 1), true, c = 2, 1, c, false, '' FROM generate_series(0, 3) AS c;
INSERT INTO usage.manual_rule
SELECT current_setting('tenure.tenant')::uuid, 'rule' || c, now() - interval '3 years', 'f' || c * 4, 3,
  (ARRAY['day', 'week'])[1 + c], 'automation', false, '' FROM generate_series(0, 1) AS c;
-- A key built at the end is built in a fraction of the time.
SET maintenance_work_mem = '1GB';
SET work_mem = '512MB';
ALTER TABLE usage.daily DISABLE TRIGGER ALL, DROP CONSTRAINT daily_pkey;
ALTER TABLE usage.event DROP CONSTRAINT event_pkey;
DROP INDEX usage.event_recorded;
INSERT INTO usage.daily
SELECT current_setting('tenure.tenant')::uuid, account_id, day, member_id::text, feature, day, 3, 3, day + time '00:55', day + time '00:56'
FROM (
  SELECT account_id, member_id, current_date - 7 * w - (a + m + f * w) % 7 AS day,
         'f' || (m + f * 5 + w / 20) % 16 AS feature
  FROM who, generate_series(0, current_setting('bench.weeks')::int - 1) AS w, generate_series(0, 1) AS f
  WHERE (a * 7 + m * 3 + w) % 3 < 2
) AS used;
INSERT INTO usage.first_use
SELECT tenant_id, account_id, feature, member, min(day), min(known_on), min(recorded_at)
FROM usage.daily GROUP BY 1, 2, 3, 4;
INSERT INTO usage.event (tenant_id, key, account_id, occurred_at, recorded_at, quantity, day, body, feature, member)
SELECT tenant_id, decode(md5(member || feature || day || minute), 'hex'), account_id, day + minute * interval '1 minute',
  day + minute * interval '1 minute', 1, day, '', feature, member
FROM usage.daily, (VALUES (10), (20), (55)) AS v(minute)
WHERE day > current_date - 35 OR day BETWEEN current_date - 400 AND current_date - 365;
ALTER TABLE usage.daily ENABLE TRIGGER ALL, ADD PRIMARY KEY (tenant_id, account_id, day, member, feature, known_on)
  INCLUDE (events, last_at, recorded_at);
ALTER TABLE usage.event ADD PRIMARY KEY (tenant_id, key);
CREATE INDEX event_recorded ON usage.event (tenant_id, account_id, recorded_at);
