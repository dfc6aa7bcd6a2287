-- People ($1) become names of others ($2), with all the names they have; and those others have a name, too: their own.
-- The accounts in which any of these names was used.
WITH RECURSIVE given AS (
  SELECT * FROM unnest($1::text[], $2::text[]) AS g(taken, person)
), fresh AS (
  INSERT INTO usage.alias (tenant_id, name, recorded_at, person)
  SELECT current_setting('tenure.tenant')::uuid, n.name, clock_timestamp(), n.person
  FROM (
    SELECT g.taken AS name, g.person FROM given AS g
    UNION
    SELECT a.name, g.person FROM given AS g JOIN usage.alias AS a ON a.person = g.taken
    UNION
    SELECT g.person, g.person FROM given AS g
    WHERE NOT EXISTS (SELECT FROM usage.alias AS a WHERE a.name = g.person)
  ) AS n
  RETURNING name
), step AS (  -- from account to account by the index, however much use there was in each
  SELECT n.name, first.account_id FROM fresh AS n CROSS JOIN LATERAL (
    SELECT f.account_id FROM usage.first_use AS f WHERE f.member = n.name ORDER BY f.account_id LIMIT 1
  ) AS first
  UNION ALL
  SELECT s.name, next.account_id FROM step AS s CROSS JOIN LATERAL (
    SELECT f.account_id FROM usage.first_use AS f
    WHERE f.member = s.name AND f.account_id > s.account_id ORDER BY f.account_id LIMIT 1
  ) AS next
), used AS (
  SELECT account_id, name AS member FROM step
), noted AS (
  INSERT INTO usage.alias_use (tenant_id, account_id, name)
  SELECT current_setting('tenure.tenant')::uuid, account_id, member FROM used
  ON CONFLICT DO NOTHING
)
SELECT DISTINCT account_id FROM used
