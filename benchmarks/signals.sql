-- Each person comes on a day or two of two weeks in three, and uses two of sixteen features.
CREATE TEMP TABLE who AS
  SELECT a, m, md5('a' || a)::uuid AS account_id, md5(a || '/' || m)::uuid AS member_id
  FROM generate_series(1, current_setting('bench.accounts')::int) AS a, generate_series(1, current_setting('bench.people')::int) AS m;
INSERT INTO usage.calendar VALUES (current_setting('tenure.tenant')::uuid, 'UTC');
INSERT INTO usage.described
SELECT current_setting('tenure.tenant')::uuid, 'f' || f, now() - interval '3 years', 'F' || f,
  (ARRAY['basic', 'intermediate', 'advanced'])[1 + f / 6], f % 4 = 0, f % 3 = 0, '{}', NULL, NULL, true, ''
FROM generate_series(0, 15) AS f;
INSERT INTO usage.account_told
SELECT DISTINCT current_setting('tenure.tenant')::uuid, account_id, now() - interval '2 years', 20, false FROM who;
INSERT INTO usage.purchased
SELECT DISTINCT current_setting('tenure.tenant')::uuid, account_id, account_id, now() - interval '2 years', 15,
  current_date - 30 - a % 700, NULL::date FROM who;
INSERT INTO usage.plan_line
SELECT DISTINCT current_setting('tenure.tenant')::uuid, account_id, 'line', now() - interval '2 years', 'plan' || a % 4, 15,
  now() - interval '2 years', NULL::timestamptz FROM who;
INSERT INTO usage.member
SELECT current_setting('tenure.tenant')::uuid, account_id, member_id, now() - interval '2 years', 'm' || m, 'role' || m % 4, false,
  now() - interval '2 years', NULL FROM who;
INSERT INTO usage.completion
SELECT current_setting('tenure.tenant')::uuid, account_id, member_id, 'start', now() - interval '1 year', now() - interval '1 year'
FROM who WHERE m % 2 = 0;
INSERT INTO usage.standing
SELECT DISTINCT current_setting('tenure.tenant')::uuid, current_date, account_id, now() - interval '1 hour', a % 7, 'plan' || a % 4,
  a % 12, (a % 12) / 20.0, (a % 9) / 10.0 FROM who;
ALTER TABLE usage.daily DISABLE TRIGGER ALL;
INSERT INTO usage.daily
SELECT current_setting('tenure.tenant')::uuid, account_id, day, member_id::text, feature, day, 3, 3, day + time '12:00', day + time '12:01'
FROM (
  SELECT DISTINCT account_id, member_id, current_date - 7 * w - (a + m + f * w) % 7 AS day,
         'f' || (m + f * 5 + w / 20) % 16 AS feature
  FROM who, generate_series(0, current_setting('bench.weeks')::int - 1) AS w, generate_series(0, 1) AS f
  WHERE (a * 7 + m * 3 + w) % 3 < 2
) AS used WHERE day < current_date;
ALTER TABLE usage.daily ENABLE TRIGGER ALL;
INSERT INTO usage.first_use
SELECT tenant_id, account_id, feature, member, min(day), min(known_on), min(recorded_at)
FROM usage.daily GROUP BY 1, 2, 3, 4;
INSERT INTO usage.event (tenant_id, key, account_id, occurred_at, recorded_at, quantity, day, body, feature, member)
SELECT current_setting('tenure.tenant')::uuid, decode(md5(member_id::text || h), 'hex'), account_id, current_date + h * interval '1 second',
  current_date + h * interval '1 second', 1, current_date, '', 'f' || m, member_id::text
FROM who, generate_series(1, 2) AS h WHERE a % 5 = 0;
