-- Who the customers are, who works there, what they signed and what they asked support for.
-- A correction is a new row; reads take the newest that was recorded by their moment.

CREATE TABLE account (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  name text NOT NULL,
  traits jsonb NOT NULL,
  tags text[] NOT NULL,
  intended_users int,
  industry text,
  created_at timestamptz NOT NULL,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id, recorded_at)
);
CALL protect('account');

-- The newest version of each account in brief, so that lists need not look at history.
-- lower() under the database's own locale may know ASCII only.
CREATE TABLE account_now (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  id uuid NOT NULL,
  name text NOT NULL,
  name_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(name COLLATE pg_c_utf8)) STORED,
  tags text[] NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON account_now (tenant_id, name_key, id);
CREATE INDEX ON account_now (tenant_id, created_at, id);
CALL protect('account_now');

CREATE TABLE external_id (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  source text NOT NULL,
  external_id text NOT NULL,
  account_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, source, external_id)
);
CREATE INDEX ON external_id (tenant_id, account_id);
CALL protect('external_id');

CREATE TABLE member (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  account_id uuid NOT NULL,
  external_id text,
  email text,
  role text,
  level int CHECK (level BETWEEN 0 AND 4),
  started_at timestamptz NOT NULL,
  ended_at timestamptz CHECK (ended_at >= started_at),
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id, recorded_at)
);
CREATE INDEX ON member (tenant_id, account_id, id, recorded_at DESC);
CALL protect('member');

CREATE TABLE contract (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  account_id uuid NOT NULL,
  external_id text,
  start_on date NOT NULL,
  end_on date CHECK (end_on > start_on),
  term_months int NOT NULL CHECK (term_months BETWEEN 1 AND 120),
  auto_renew boolean NOT NULL,
  notice_days int CHECK (notice_days >= 0),
  seats int CHECK (seats >= 0),
  mrr_cents bigint CHECK (mrr_cents >= 0),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  ended_on date CHECK (ended_on >= start_on),
  outcome text NOT NULL CHECK (outcome IN ('pending', 'renewed', 'contracted', 'expanded', 'lost')),
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id, recorded_at)
);
CREATE INDEX ON contract (tenant_id, account_id, id, recorded_at DESC);
CALL protect('contract');

CREATE TABLE ticket (
  tenant_id uuid NOT NULL DEFAULT current_setting('tenure.tenant')::uuid,
  id text NOT NULL,
  recorded_at timestamptz NOT NULL,
  account_id uuid NOT NULL,
  opened_at timestamptz NOT NULL,
  severity text NOT NULL CHECK (severity IN ('low', 'normal', 'high', 'urgent')),
  ticket_class text NOT NULL CHECK (ticket_class IN ('login', 'how_to_basic', 'how_to_advanced', 'bug', 'billing')),
  channel text,
  first_reply_at timestamptz CHECK (first_reply_at >= opened_at),
  resolved_at timestamptz CHECK (resolved_at >= opened_at),
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id, recorded_at)
);
CREATE INDEX ON ticket (tenant_id, account_id, id, recorded_at DESC);
CALL protect('ticket');

-- The first day a contract no longer covers, as far as is known; infinity while nothing ends it.
-- A contract past its end that nobody decided on keeps its account for 30 days: papers come late.
CREATE FUNCTION closes_on(end_on date, auto_renew boolean, ended_on date, outcome text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN ended_on IS NOT NULL THEN ended_on
  WHEN end_on IS NULL THEN 'infinity'::date
  WHEN outcome <> 'pending' THEN end_on
  WHEN auto_renew THEN 'infinity'::date
  ELSE end_on + 30
END;

-- The smallest start + k terms (k >= 1) after a day; a 31st becomes the last day of a shorter month.
CREATE FUNCTION anniversary_after(day date, start_on date, term_months int) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT (start_on + make_interval(months => term_months * greatest(1, m / term_months
    + CASE WHEN m % term_months = 0 AND start_on + make_interval(months => m) > day THEN 0 ELSE 1 END)))::date
  FROM (SELECT 12 * (extract(year FROM day) - extract(year FROM start_on))::int
    + (extract(month FROM day) - extract(month FROM start_on))::int) AS months(m)
);

-- The next day on which a contract is renewed or lost, as known on a day (definition A1); null once it ended.
CREATE FUNCTION renewal_on(
  day date, start_on date, end_on date, term_months int, auto_renew boolean, ended_on date, outcome text
) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN ended_on <= day THEN NULL
  WHEN end_on > day THEN end_on
  WHEN auto_renew AND closes_on(end_on, auto_renew, ended_on, outcome) > day
    THEN anniversary_after(day, start_on, term_months)
END;
