-- A page reads some 30,000 rows of use, each from a page of its own, for days are kept as they come and not account by
-- account. With what is counted in the key, only the key is read where the rows are known to be visible to all.
ALTER TABLE daily DROP CONSTRAINT daily_pkey,
  ADD PRIMARY KEY (tenant_id, account_id, day, member, feature, known_on) INCLUDE (events, last_at, recorded_at);
-- That is known once they were vacuumed: every two weeks of two years, and not when a fifth of the rows is new.
-- A day that goes on is a new entry of the key now, so room beside its row is no use.
ALTER TABLE daily SET (autovacuum_vacuum_insert_scale_factor = 0.02, fillfactor = 100);

-- As before, but worked out once: pulled up into who asks, each of its columns asked for calendar and retention again,
-- which took longer to plan than to run, and kept `names_of` from being pulled up in turn.
CREATE OR REPLACE FUNCTION clock(moment timestamptz)
RETURNS TABLE (as_of timestamptz, zone text, today date, last_day date, midnight timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT k.as_of, d.zone, d.today, ((k.as_of - interval '1 microsecond') AT TIME ZONE d.zone)::date, d.midnight
  FROM (SELECT coalesce(moment, now()) AS moment, coalesce((SELECT time_zone FROM calendar), 'UTC') AS zone,
               (SELECT raw_since FROM retention) AS raw_since
        OFFSET 0) AS asked
  CROSS JOIN LATERAL (
    SELECT asked.zone, (asked.moment AT TIME ZONE asked.zone)::date AS today,
           (asked.moment AT TIME ZONE asked.zone)::date::timestamp AT TIME ZONE asked.zone AS midnight
    OFFSET 0
  ) AS d
  CROSS JOIN LATERAL (
    -- three hours: clocks may be put back at midnight
    SELECT CASE WHEN d.midnight - interval '3 hours' < asked.raw_since THEN d.midnight ELSE asked.moment END AS as_of
    OFFSET 0
  ) AS k;
END;

-- As before, but names are looked up by one key: with two the planner, which cannot know how many rows come, would
-- merge on the account alone.
CREATE OR REPLACE FUNCTION raw_use(asked uuid[], since timestamptz, until timestamptz, known timestamptz)
RETURNS TABLE (account_id uuid, member text, feature text, occurred_at timestamptz, recorded_at timestamptz)
LANGUAGE sql STABLE BEGIN ATOMIC
  WITH named AS MATERIALIZED (
    SELECT n.account_id::text || n.name AS key, n.member, n.internal FROM names_at(asked, known) AS n
  )
  SELECT e.account_id, coalesce(n.member, e.member, ''), e.feature, e.occurred_at, e.recorded_at
  FROM customers(asked, known) AS a(account_id)
  CROSS JOIN LATERAL (
    SELECT e.account_id, e.member, e.feature, e.occurred_at, e.recorded_at
    FROM event AS e
    WHERE e.account_id = a.account_id AND e.recorded_at >= since - interval '5 minutes'
      AND e.recorded_at <= known AND e.occurred_at >= since AND e.occurred_at < until
    OFFSET 0  -- account by account from the index: the planner would rather read the events of all
  ) AS e
  LEFT JOIN named AS n ON n.key = e.account_id::text || e.member
  WHERE n.internal IS NOT TRUE;
END;

CREATE OR REPLACE FUNCTION first_uses(asked uuid[], wanted text[], moment timestamptz)
RETURNS TABLE (account_id uuid, feature text, member text, day date, recorded_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH now AS MATERIALIZED (SELECT * FROM clock(moment)),
  named AS MATERIALIZED (
    SELECT n.account_id::text || n.name AS key, n.member, n.internal FROM names_at(asked, moment) AS n
  )
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
  LEFT JOIN named AS n ON n.key = u.account_id::text || u.member
  WHERE n.internal IS NOT TRUE
  GROUP BY u.account_id, u.feature, coalesce(n.member, u.member);
END;
