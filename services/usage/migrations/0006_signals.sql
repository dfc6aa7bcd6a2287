-- Who counts, told in one place: every signal and every input of the model asks `names_of` and `told_of`, and
-- nobody else knows of internal people and test accounts. `known`: only what was recorded until then.
CREATE FUNCTION names_of(asked uuid, known timestamptz)
RETURNS TABLE (name text, member text, internal boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT DISTINCT ON (name.value) name.value, m.member_id::text, m.internal
  FROM (
    SELECT DISTINCT ON (v.member_id) v.member_id, v.external_id, v.internal
    FROM member AS v WHERE v.account_id = asked AND v.recorded_at <= known
    ORDER BY v.member_id, v.recorded_at DESC
  ) AS m
  CROSS JOIN LATERAL (VALUES (m.member_id::text), (m.external_id)) AS name(value)
  WHERE name.value IS NOT NULL
  ORDER BY name.value, name.value = m.member_id::text DESC;
END;

CREATE FUNCTION told_of(asked uuid, known timestamptz)
RETURNS TABLE (intended_users int, internal boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT t.intended_users, t.internal FROM account_told AS t
  WHERE t.account_id = asked AND t.recorded_at <= known
  ORDER BY t.recorded_at DESC LIMIT 1;
END;

CREATE OR REPLACE FUNCTION names_at(asked uuid[], moment timestamptz)
RETURNS TABLE (account_id uuid, name text, member text, internal boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT a.account_id, n.name, n.member, n.internal
  FROM (SELECT DISTINCT unnest(asked)) AS a(account_id)
  CROSS JOIN LATERAL names_of(a.account_id, coalesce(moment, 'infinity')) AS n;
END;

CREATE OR REPLACE FUNCTION customers(asked uuid[], moment timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT a.account_id FROM (SELECT DISTINCT unnest(asked)) AS a(account_id)
  LEFT JOIN LATERAL told_of(a.account_id, coalesce(moment, 'infinity')) AS t ON true
  WHERE t.internal IS NOT TRUE;
END;

-- Customers at moments of their own, numbered as they were asked for; no moment means now. `strictly`: only what
-- was recorded before the moment, else until it. Days are the tenant's, and a moment whose single events are gone
-- is the midnight before it: both by `clock`.
CREATE FUNCTION marks(asked uuid[], moments timestamptz[], strictly boolean)
RETURNS TABLE (number bigint, account_id uuid, is_past boolean, as_of timestamptz, known timestamptz, zone text,
               today date, last_day date, midnight timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT l.number, l.account_id, l.moment IS NOT NULL, l.as_of, l.known, l.zone, l.today, l.last_day, l.midnight
  FROM (
    SELECT g.number, g.account_id, g.moment, c.as_of, c.zone, c.today, c.last_day, c.midnight,
           CASE WHEN g.moment IS NULL THEN 'infinity' WHEN strictly THEN c.as_of - interval '1 microsecond' ELSE c.as_of END AS known
    FROM unnest(asked, moments) WITH ORDINALITY AS g(account_id, moment, number)
    CROSS JOIN LATERAL clock(g.moment) AS c
  ) AS l
  LEFT JOIN LATERAL told_of(l.account_id, l.known) AS t ON true
  WHERE t.internal IS NOT TRUE;
END;

-- Rows of use in the days up to moments of their own, under the names they came with. Whole days come from the
-- roll-ups; what a past moment's own day brought comes from the events, so that an answer is exact to the microsecond.
CREATE FUNCTION told_use(asked uuid[], moments timestamptz[], strictly boolean, days int)
RETURNS TABLE (number bigint, account_id uuid, today date, last_day date, day date, member text, feature text,
               events bigint, last_at timestamptz, recorded_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH mark AS MATERIALIZED (SELECT * FROM marks(asked, moments, strictly))
  SELECT m.number, m.account_id, m.today, m.last_day, each.*
  FROM mark AS m
  CROSS JOIN LATERAL (
    SELECT d.day, d.member, d.feature, d.events, d.last_at, d.recorded_at
    FROM daily AS d
    WHERE d.account_id = m.account_id AND d.day >= m.today - days AND d.day <= m.last_day
      AND (NOT m.is_past OR (d.day < m.today AND d.known_on < m.today))
    UNION ALL
    SELECT e.day, coalesce(e.member, ''), e.feature, 1, e.occurred_at, e.recorded_at
    FROM event AS e
    WHERE m.is_past AND e.account_id = m.account_id
      -- three hours earlier: clocks may be put back at midnight, and run five minutes ahead
      AND e.recorded_at >= m.midnight - interval '3 hours' AND e.recorded_at <= m.known AND e.occurred_at < m.as_of
      AND e.day >= m.today - days
      AND (e.day >= m.today OR (e.recorded_at AT TIME ZONE m.zone)::date >= m.today)
  ) AS each;
END;

-- The use of customers' own people; every count of it starts here, or at `known_days`, which knows no people.
-- A member who is known by an external id counts under their own id.
CREATE FUNCTION known_use(asked uuid[], moments timestamptz[], strictly boolean, days int)
RETURNS TABLE (number bigint, account_id uuid, today date, last_day date, day date, member text, feature text,
               events bigint, last_at timestamptz, recorded_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH named AS MATERIALIZED (
    SELECT m.number::text || n.name AS key, n.member, n.internal
    FROM marks(asked, moments, strictly) AS m CROSS JOIN LATERAL names_of(m.account_id, m.known) AS n
  )
  SELECT u.number, u.account_id, u.today, u.last_day, u.day, coalesce(n.member, u.member), u.feature, u.events,
         u.last_at, u.recorded_at
  FROM told_use(asked, moments, strictly, days) AS u
  -- one key: with two the planner, which cannot know how many rows come, would merge on the number alone
  LEFT JOIN named AS n ON n.key = u.number::text || u.member
  WHERE n.internal IS NOT TRUE;
END;

-- The same events without asking who is who: only strangers have to be known, and mostly there are none.
CREATE FUNCTION known_days(asked uuid[], moments timestamptz[], strictly boolean, days int)
RETURNS TABLE (number bigint, account_id uuid, today date, day date, events bigint, last_at timestamptz,
               recorded_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH stranger AS MATERIALIZED (
    SELECT m.number, n.name
    FROM marks(asked, moments, strictly) AS m CROSS JOIN LATERAL names_of(m.account_id, m.known) AS n WHERE n.internal
  )
  SELECT u.number, u.account_id, u.today, u.day, u.events, u.last_at, u.recorded_at
  FROM told_use(asked, moments, strictly, days) AS u
  WHERE (u.number, u.member) NOT IN (SELECT s.number, s.name FROM stranger AS s);
END;

-- The first day and the last moment of that use in whole days before the moment, however long ago.
CREATE FUNCTION known_ends(asked uuid[], moments timestamptz[], strictly boolean)
RETURNS TABLE (number bigint, account_id uuid, first_day date, last_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH mark AS MATERIALIZED (
    SELECT m.*, ARRAY(SELECT n.name FROM names_of(m.account_id, m.known) AS n WHERE n.internal) AS strangers
    FROM marks(asked, moments, strictly) AS m
  )
  SELECT m.number, m.account_id, first.day, last.last_at
  FROM mark AS m
  LEFT JOIN LATERAL (
    SELECT d.day FROM daily AS d
    WHERE d.account_id = m.account_id AND d.day < m.today AND (NOT m.is_past OR d.known_on < m.today)
      AND d.member <> ALL (m.strangers)
    ORDER BY d.day LIMIT 1
  ) AS first ON true
  LEFT JOIN LATERAL (
    SELECT d.last_at FROM daily AS d
    WHERE d.account_id = m.account_id AND d.day < m.today AND (NOT m.is_past OR d.known_on < m.today)
      AND d.member <> ALL (m.strangers)
    ORDER BY d.day DESC, d.last_at DESC LIMIT 1
  ) AS last ON true;
END;

-- Each account is asked for once.
CREATE OR REPLACE FUNCTION used(asked uuid[], moment timestamptz, days int)
RETURNS TABLE (account_id uuid, today date, last_day date, day date, member text, feature text, qualifies boolean,
               events bigint, last_at timestamptz, recorded_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH idle AS MATERIALIZED (
    SELECT f.key FROM described_at(moment) AS f WHERE NOT f.qualifying
  )
  SELECT u.account_id, u.today, u.last_day, u.day, u.member, u.feature, i.key IS NULL, u.events, u.last_at, u.recorded_at
  FROM known_use(asked, array_fill(moment, ARRAY[cardinality(asked)]), false, days) AS u
  LEFT JOIN idle AS i ON i.key = u.feature;
END;
