-- People ($1) become names of others ($2), with all the names they have; and those others have a name, too: their own.
-- The accounts in which any of these names was used.
WITH given AS (
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
), used AS (
  SELECT DISTINCT f.account_id, f.member FROM usage.first_use AS f JOIN fresh ON fresh.name = f.member
), noted AS (
  INSERT INTO usage.alias_use (tenant_id, account_id, name)
  SELECT current_setting('tenure.tenant')::uuid, account_id, member FROM used
  ON CONFLICT DO NOTHING
)
SELECT DISTINCT account_id FROM used
