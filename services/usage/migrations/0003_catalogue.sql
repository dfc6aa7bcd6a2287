-- What features mean, in versions; one that nobody described is still kept and listed by `feature`.
CREATE TABLE described (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  key text NOT NULL,
  recorded_at timestamptz NOT NULL,
  title text NOT NULL,
  tier text NOT NULL CHECK (tier IN ('basic', 'intermediate', 'advanced')),
  sticky boolean NOT NULL,
  core boolean NOT NULL,
  plans text[] NOT NULL,
  milestone text,
  persona text,
  qualifying boolean NOT NULL,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, key, recorded_at)
);
CALL protect('described');

-- What accounts tell of accounts and their people, in versions: what was known when.
CREATE TABLE account_told (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  account_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  intended_users int,
  internal boolean NOT NULL,
  PRIMARY KEY (tenant_id, account_id, recorded_at)
);
CALL protect('account_told');

CREATE TABLE member (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  account_id uuid NOT NULL,
  member_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  external_id text,
  role text,
  internal boolean NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (tenant_id, account_id, member_id, recorded_at)
);
CALL protect('member');

-- What billing tells of plan lines, and learning of completed courses.
CREATE TABLE plan_line (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  account_id uuid NOT NULL,
  line_id text NOT NULL,
  recorded_at timestamptz NOT NULL,
  plan text NOT NULL,
  quantity int NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (tenant_id, account_id, line_id, recorded_at)
);
CALL protect('plan_line');

CREATE TABLE completion (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  account_id uuid NOT NULL,
  member_id uuid NOT NULL,
  course text NOT NULL,
  completed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id, member_id, course, completed_at)
);
CALL protect('completion');

-- Where each account stood at a midnight, so that others can be compared with it; measured once a week.
CREATE TABLE standing (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  measured_on date NOT NULL,
  account_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  age_band int NOT NULL,
  plan text,
  active int NOT NULL,
  breadth float8,
  depth float8,
  PRIMARY KEY (tenant_id, measured_on, account_id)
);
CALL protect('standing');

-- Days are the tenant's. No moment means now: then all of the roll-ups is known.
CREATE FUNCTION clock(moment timestamptz)
RETURNS TABLE (as_of timestamptz, zone text, today date, last_day date, midnight timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT m.as_of, z.name, d.today, d.last_day, d.today::timestamp AT TIME ZONE z.name
  FROM (SELECT coalesce(moment, now()) AS as_of) AS m
  CROSS JOIN (SELECT coalesce((SELECT time_zone FROM calendar), 'UTC') AS name) AS z
  CROSS JOIN LATERAL (
    SELECT (m.as_of AT TIME ZONE z.name)::date AS today,
           ((m.as_of - interval '1 microsecond') AT TIME ZONE z.name)::date AS last_day
  ) AS d;
END;

CREATE FUNCTION members_at(asked uuid[], moment timestamptz)
RETURNS TABLE (account_id uuid, member_id uuid, external_id text, role text, internal boolean,
               started_at timestamptz, ended_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT DISTINCT ON (m.account_id, m.member_id)
         m.account_id, m.member_id, m.external_id, m.role, m.internal, m.started_at, m.ended_at
  FROM member AS m
  WHERE m.account_id = ANY (asked) AND (moment IS NULL OR m.recorded_at <= moment)
  ORDER BY m.account_id, m.member_id, m.recorded_at DESC;
END;

CREATE FUNCTION described_at(moment timestamptz)
RETURNS TABLE (key text, title text, tier text, sticky boolean, core boolean, plans text[], milestone text,
               persona text, qualifying boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT DISTINCT ON (f.key) f.key, f.title, f.tier, f.sticky, f.core, f.plans, f.milestone, f.persona, f.qualifying
  FROM described AS f
  WHERE moment IS NULL OR f.recorded_at <= moment
  ORDER BY f.key, f.recorded_at DESC;
END;

-- The accounts asked for, less those known as internal or test accounts.
CREATE FUNCTION customers(asked uuid[], moment timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT a.account_id FROM (SELECT DISTINCT unnest(asked)) AS a(account_id)
  LEFT JOIN LATERAL (
    SELECT t.internal FROM account_told AS t
    WHERE t.account_id = a.account_id AND (moment IS NULL OR t.recorded_at <= moment)
    ORDER BY t.recorded_at DESC LIMIT 1
  ) AS newest ON true
  WHERE newest.internal IS NOT TRUE;
END;

-- The one place that leaves out internal and test users: every count of use starts here.
-- Whole days come from the roll-ups; what a past moment's own day brought comes from the events.
-- A member who is known by an external id counts under their own id. `qualifies`: counts as activity.
CREATE FUNCTION used(asked uuid[], moment timestamptz, days int)
RETURNS TABLE (account_id uuid, today date, last_day date, day date, member text, feature text, qualifies boolean,
               events bigint, last_at timestamptz, recorded_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH now AS MATERIALIZED (
    SELECT * FROM clock(moment)
  ), named AS MATERIALIZED (
    SELECT DISTINCT ON (m.account_id, name.value) m.account_id, name.value AS name, m.member_id::text AS member, m.internal
    FROM members_at(asked, moment) AS m
    CROSS JOIN LATERAL (VALUES (m.member_id::text), (m.external_id)) AS name(value)
    WHERE name.value IS NOT NULL
    ORDER BY m.account_id, name.value, name.value = m.member_id::text DESC
  ), idle AS MATERIALIZED (
    SELECT f.key FROM described_at(moment) AS f WHERE NOT f.qualifying
  )
  SELECT u.account_id, u.today, u.last_day, u.day, coalesce(n.member, u.member), u.feature, i.key IS NULL, u.events,
         u.last_at, u.recorded_at
  FROM (
    SELECT a.account_id, c.today, c.last_day, each.*
    FROM now AS c
    CROSS JOIN customers(asked, moment) AS a(account_id)
    CROSS JOIN LATERAL (
      SELECT d.day, d.member, d.feature, d.events, d.last_at, d.recorded_at
      FROM daily AS d
      WHERE d.account_id = a.account_id AND d.day >= c.today - days AND d.day <= c.last_day
        AND (moment IS NULL OR (d.day < c.today AND d.known_on < c.today))
      UNION ALL
      SELECT e.day, coalesce(e.member, ''), e.feature, 1, e.occurred_at, e.recorded_at
      FROM event AS e
      WHERE moment IS NOT NULL AND e.account_id = a.account_id
        -- three hours earlier: clocks may be put back at midnight, and run five minutes ahead
        AND e.recorded_at >= c.midnight - interval '3 hours' AND e.recorded_at <= c.as_of AND e.occurred_at < c.as_of
        AND (e.day >= c.today OR (e.recorded_at AT TIME ZONE c.zone)::date >= c.today)
    ) AS each
  ) AS u
  -- one key: with two the planner, which cannot know how many rows come, would merge on the account alone
  LEFT JOIN named AS n ON n.account_id::text || n.name = u.account_id::text || u.member
  LEFT JOIN idle AS i ON i.key = u.feature
  WHERE n.internal IS NOT TRUE;
END;
