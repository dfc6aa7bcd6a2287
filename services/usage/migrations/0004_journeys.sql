-- What accounts signed and what became of it, in versions: what was known when.
CREATE TABLE term (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  contract_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  start_on date NOT NULL,
  end_on date,
  ended_on date,
  term_months int,
  seats int,
  outcome text NOT NULL,
  PRIMARY KEY (tenant_id, account_id, contract_id, recorded_at)
);
CALL protect('term');

-- Why an account bought: who does what, how often by nature. Versions; a retired one counts no more.
CREATE TABLE use_case (
  tenant_id uuid NOT NULL,
  key text NOT NULL,
  recorded_at timestamptz NOT NULL,
  persona text,
  problem text,
  job text NOT NULL,
  advantage text,
  alternative text,
  core_action text NOT NULL,
  natural_frequency_days int NOT NULL CHECK (natural_frequency_days BETWEEN 1 AND 366),
  retired boolean NOT NULL,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, key, recorded_at)
);
CALL protect('use_case');

-- Steps on the way to value, in order: reached when k members have used every feature named.
CREATE TABLE milestone (
  tenant_id uuid NOT NULL,
  key text NOT NULL,
  recorded_at timestamptz NOT NULL,
  title text NOT NULL,
  features text[] NOT NULL CHECK (cardinality(features) BETWEEN 1 AND 50),
  k_users int NOT NULL CHECK (k_users >= 0),
  due_day int CHECK (due_day > 0),
  required boolean NOT NULL,
  is_value boolean NOT NULL,
  weight float8 NOT NULL CHECK (weight > 0),
  place int NOT NULL,
  retired boolean NOT NULL,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, key, recorded_at)
);
CALL protect('milestone');

-- Work done by hand so often that the product could do it.
CREATE TABLE manual_rule (
  tenant_id uuid NOT NULL,
  key text NOT NULL,
  recorded_at timestamptz NOT NULL,
  feature text NOT NULL,
  at_least int NOT NULL CHECK (at_least >= 2),
  within text NOT NULL CHECK (within IN ('day', 'week')),
  suggests text NOT NULL,
  retired boolean NOT NULL,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, key, recorded_at)
);
CALL protect('manual_rule');

-- The first day a member used a feature, for every day on which an earlier one became known.
CREATE TABLE first_use (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  feature text NOT NULL,
  member text NOT NULL,
  day date NOT NULL,
  known_on date NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id, feature, member, day, known_on)
);
CALL protect('first_use');

-- Runs once per statement, at its end, for new rows of the roll-up only. A row that is neither earlier
-- nor sooner known than one that is kept says nothing new.
CREATE FUNCTION keep_first_use() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
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
  )
  ORDER BY n.account_id, n.feature, n.member, n.day, n.known_on
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER keep_first_use AFTER INSERT ON daily REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION keep_first_use();
-- What is there already, of every tenant: for this one statement the owner is not bound by the tenant set.
ALTER TABLE daily NO FORCE ROW LEVEL SECURITY;
ALTER TABLE first_use NO FORCE ROW LEVEL SECURITY;
INSERT INTO first_use (tenant_id, account_id, feature, member, day, known_on, recorded_at)
SELECT tenant_id, account_id, feature, member, day, known_on, recorded_at
FROM (
  SELECT *, min(known_on) OVER (
    PARTITION BY tenant_id, account_id, feature, member ORDER BY day, known_on
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS sooner
  FROM daily
) AS d
WHERE sooner IS NULL OR known_on < sooner;
ALTER TABLE daily FORCE ROW LEVEL SECURITY;
ALTER TABLE first_use FORCE ROW LEVEL SECURITY;

-- How long events are kept one by one, and since when they are complete: before `raw_since` only roll-ups
-- speak, and no event that happened earlier is taken, for a resent one could not be told from a new one.
CREATE TABLE retention (
  tenant_id uuid PRIMARY KEY,
  raw_days int CHECK (raw_days >= 62),
  raw_since timestamptz NOT NULL DEFAULT '-infinity'
);
CALL protect('retention');

-- The moment asked about, in the tenant's days. Where single events are gone, only what was known at the
-- midnight before is left of a day: then that midnight is the moment, and says so.
CREATE OR REPLACE FUNCTION clock(moment timestamptz)
RETURNS TABLE (as_of timestamptz, zone text, today date, last_day date, midnight timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT k.as_of, d.zone, d.today, ((k.as_of - interval '1 microsecond') AT TIME ZONE d.zone)::date, d.midnight
  FROM (SELECT coalesce(moment, now()) AS moment, coalesce((SELECT time_zone FROM calendar), 'UTC') AS zone,
               (SELECT raw_since FROM retention) AS raw_since) AS asked
  CROSS JOIN LATERAL (
    SELECT asked.zone, (asked.moment AT TIME ZONE asked.zone)::date AS today,
           (asked.moment AT TIME ZONE asked.zone)::date::timestamp AT TIME ZONE asked.zone AS midnight
  ) AS d
  CROSS JOIN LATERAL (
    -- three hours: clocks may be put back at midnight
    SELECT CASE WHEN d.midnight - interval '3 hours' < asked.raw_since THEN d.midnight ELSE asked.moment END AS as_of
  ) AS k;
END;

-- By which names members are known, and who they are; internal ones are told apart here.
CREATE FUNCTION names_at(asked uuid[], moment timestamptz)
RETURNS TABLE (account_id uuid, name text, member text, internal boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT DISTINCT ON (m.account_id, name.value) m.account_id, name.value, m.member_id::text, m.internal
  FROM members_at(asked, moment) AS m
  CROSS JOIN LATERAL (VALUES (m.member_id::text), (m.external_id)) AS name(value)
  WHERE name.value IS NOT NULL
  ORDER BY m.account_id, name.value, name.value = m.member_id::text DESC;
END;

-- The seam: every signal that needs single events reads them through here, whoever holds them.
-- Events may be five minutes ahead of their recording, so that the index on it finds them all.
CREATE FUNCTION raw_use(asked uuid[], since timestamptz, until timestamptz, known timestamptz)
RETURNS TABLE (account_id uuid, member text, feature text, occurred_at timestamptz, recorded_at timestamptz)
LANGUAGE sql STABLE BEGIN ATOMIC
  WITH named AS MATERIALIZED (SELECT * FROM names_at(asked, known))
  SELECT e.account_id, coalesce(n.member, e.member, ''), e.feature, e.occurred_at, e.recorded_at
  FROM customers(asked, known) AS a(account_id)
  CROSS JOIN LATERAL (
    SELECT e.account_id, e.member, e.feature, e.occurred_at, e.recorded_at
    FROM event AS e
    WHERE e.account_id = a.account_id AND e.recorded_at >= since - interval '5 minutes'
      AND e.recorded_at <= known AND e.occurred_at >= since AND e.occurred_at < until
    OFFSET 0  -- account by account from the index: the planner would rather read the events of all
  ) AS e
  LEFT JOIN named AS n ON n.account_id = e.account_id AND n.name = e.member
  WHERE n.internal IS NOT TRUE;
END;

-- The first day on which each member used a feature, as it was known at a moment.
CREATE FUNCTION first_uses(asked uuid[], wanted text[], moment timestamptz)
RETURNS TABLE (account_id uuid, feature text, member text, day date, recorded_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH now AS MATERIALIZED (SELECT * FROM clock(moment)),
  named AS MATERIALIZED (SELECT * FROM names_at(asked, moment))
  SELECT u.account_id, u.feature, coalesce(n.member, u.member), min(u.day), max(u.recorded_at)
  FROM (
    SELECT f.account_id, f.feature, f.member, f.day, f.recorded_at
    FROM now AS c
    CROSS JOIN customers(asked, moment) AS a(account_id)
    CROSS JOIN LATERAL (
      SELECT f.account_id, f.feature, f.member, f.day, f.recorded_at
      FROM first_use AS f
      WHERE f.account_id = a.account_id AND f.feature = ANY (wanted)
        AND f.day <= c.last_day AND (moment IS NULL OR (f.day < c.today AND f.known_on < c.today))
      OFFSET 0
    ) AS f
    UNION ALL
    SELECT e.account_id, e.feature, e.member, e.day, e.recorded_at
    FROM now AS c
    CROSS JOIN customers(asked, moment) AS a(account_id)
    CROSS JOIN LATERAL (
      SELECT e.account_id, e.feature, coalesce(e.member, '') AS member, e.day, e.recorded_at
      FROM event AS e
      -- three hours earlier: clocks may be put back at midnight, and run five minutes ahead
      WHERE e.account_id = a.account_id AND e.feature = ANY (wanted)
        AND e.recorded_at >= c.midnight - interval '3 hours' AND e.recorded_at <= c.as_of AND e.occurred_at < c.as_of
        AND (e.day >= c.today OR (e.recorded_at AT TIME ZONE c.zone)::date >= c.today)
      OFFSET 0
    ) AS e
    WHERE moment IS NOT NULL
  ) AS u
  LEFT JOIN named AS n ON n.account_id = u.account_id AND n.name = u.member
  WHERE n.internal IS NOT TRUE
  GROUP BY u.account_id, u.feature, coalesce(n.member, u.member);
END;

-- The newest known version of every contract of these accounts.
CREATE FUNCTION terms_at(asked uuid[], moment timestamptz) RETURNS SETOF term LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT DISTINCT ON (t.account_id, t.contract_id) t.*
  FROM term AS t
  WHERE t.account_id = ANY (asked) AND (moment IS NULL OR t.recorded_at <= moment)
  ORDER BY t.account_id, t.contract_id, t.recorded_at DESC;
END;
