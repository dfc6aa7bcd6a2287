-- Names of one person, in versions: from then on what is counted under `name` is the use of `person`. A name that was
-- given to a person stays with that person; only a person, with all of its names, may become a name of another.
CREATE TABLE alias (
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  recorded_at timestamptz NOT NULL,
  person text NOT NULL,
  PRIMARY KEY (tenant_id, name, recorded_at)
);
CREATE INDEX alias_person ON alias (tenant_id, person);
CALL protect('alias');

-- In which accounts such names were used, so that only these are looked up where use is counted.
CREATE TABLE alias_use (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (tenant_id, account_id, name)
);
CALL protect('alias_use');
CREATE INDEX first_use_member ON first_use (tenant_id, member);

-- As before, and names with other names are noted for their account.
CREATE OR REPLACE FUNCTION keep_first_use() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  INSERT INTO first_use AS f (tenant_id, account_id, feature, member, day, known_on, recorded_at)
  SELECT n.tenant_id, n.account_id, n.feature, n.member, n.day, n.known_on, n.recorded_at
  FROM (
    -- of the statement's own rows, too, only those known sooner than every earlier day
    SELECT *, min(known_on) OVER (
      PARTITION BY tenant_id, account_id, feature, member ORDER BY day, known_on
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS sooner
    FROM fresh
  ) AS n
  WHERE (n.sooner IS NULL OR n.known_on < n.sooner) AND NOT EXISTS (
    SELECT FROM first_use AS o
    WHERE o.tenant_id = n.tenant_id AND o.account_id = n.account_id AND o.feature = n.feature
      AND o.member = n.member AND o.day <= n.day AND o.known_on <= n.known_on
    OFFSET 0  -- one by one
  )
  ORDER BY n.account_id, n.feature, n.member, n.day, n.known_on
  ON CONFLICT DO NOTHING;
  INSERT INTO alias_use (tenant_id, account_id, name)
  SELECT DISTINCT n.tenant_id, n.account_id, n.member FROM fresh AS n
  WHERE EXISTS (SELECT FROM alias AS a WHERE a.tenant_id = n.tenant_id AND a.name = n.member OFFSET 0)
  ORDER BY 2, 3
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

-- As before, and with every name of a person: the external ids that a member ever had (the last member who got one has
-- it), and what analytics libraries said to be names of one. Whoever is no member counts as the person.
CREATE OR REPLACE FUNCTION names_of(asked uuid, known timestamptz)
RETURNS TABLE (name text, member text, internal boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH own AS (
    SELECT DISTINCT ON (n.name) n.name, m.member_id::text AS member, m.internal
    FROM (
      SELECT v.member_id, v.external_id, v.recorded_at,
             first_value(v.internal) OVER (PARTITION BY v.member_id ORDER BY v.recorded_at DESC) AS internal
      FROM member AS v WHERE v.account_id = asked AND v.recorded_at <= known
    ) AS m
    CROSS JOIN LATERAL (VALUES (m.member_id::text), (m.external_id)) AS n(name)
    WHERE n.name IS NOT NULL
    ORDER BY n.name, n.name = m.member_id::text DESC, m.recorded_at DESC
  ), other AS (
    SELECT u.name, p.person FROM alias_use AS u CROSS JOIN LATERAL (
      SELECT a.person FROM alias AS a WHERE a.name = u.name AND a.recorded_at <= known ORDER BY a.recorded_at DESC LIMIT 1
    ) AS p
    WHERE u.account_id = asked
  )
  SELECT o.name, o.member, o.internal FROM own AS o
  UNION ALL
  SELECT o.name, coalesce(m.member, o.person), coalesce(m.internal, false)
  FROM other AS o
  LEFT JOIN (
    SELECT DISTINCT ON (p.person) p.person, m.member, m.internal
    FROM own AS m CROSS JOIN LATERAL (
      SELECT coalesce((
        SELECT a.person FROM alias AS a WHERE a.name = m.name AND a.recorded_at <= known ORDER BY a.recorded_at DESC LIMIT 1
      ), m.name) AS person OFFSET 0
    ) AS p
    ORDER BY p.person, m.name = p.person DESC, m.name
  ) AS m USING (person)
  WHERE NOT EXISTS (SELECT FROM own AS m WHERE m.name = o.name);
END;
