-- In whose days a tenant's use is counted; fixed by its first event, so that roll-ups stay comparable.
CREATE TABLE calendar (
  tenant_id uuid PRIMARY KEY,
  time_zone text NOT NULL
);
CALL protect('calendar');

-- What members did. The key is 16 bytes of a hash of source and event id: narrower than the text, and never reused.
CREATE TABLE event (
  tenant_id uuid NOT NULL,
  key bytea NOT NULL,
  account_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  quantity float8 NOT NULL,
  day date NOT NULL,
  body bytea NOT NULL,
  feature text NOT NULL,
  member text,
  properties jsonb,
  PRIMARY KEY (tenant_id, key)
);
-- For a moment in the past: only what was recorded on that moment's own day is read from here.
CREATE INDEX event_recorded ON event (tenant_id, account_id, recorded_at);
CALL protect('event');

-- Roll-ups by the day it happened and the day it became known (both in the tenant's zone):
-- a late event adds to a row of its own, so every past moment can still be answered.
-- `member` is '' where none was named.
CREATE TABLE daily (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  day date NOT NULL,
  member text NOT NULL,
  feature text NOT NULL,
  known_on date NOT NULL,
  events bigint NOT NULL,
  quantity numeric NOT NULL,
  last_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id, day, member, feature, known_on)
) WITH (fillfactor = 85);
CALL protect('daily');

-- Every feature ever named is kept and listed.
CREATE TABLE feature (
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  first_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
CALL protect('feature');

-- What accounts told us: which accounts there are, and what other systems call them.
CREATE TABLE known_account (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, account_id)
);
CALL protect('known_account');

CREATE TABLE known_external (
  tenant_id uuid NOT NULL,
  source text NOT NULL,
  external_id text NOT NULL,
  account_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, source, external_id)
);
CALL protect('known_external');

-- Seats a contract gives, in versions: what was known when.
CREATE TABLE purchased (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  contract_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  seats int NOT NULL,
  start_on date NOT NULL,
  end_on date,
  PRIMARY KEY (tenant_id, account_id, contract_id, recorded_at)
);
CALL protect('purchased');

-- Events of accounts not known here yet. `known_at` is set when a source told us when it knew the event;
-- otherwise an event counts as known from the moment its account is.
CREATE TABLE pending_event (
  tenant_id uuid NOT NULL,
  key bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  known_at timestamptz,
  account_id uuid,
  external_source text,
  external_id text,
  occurred_at timestamptz NOT NULL,
  quantity float8 NOT NULL,
  body bytea NOT NULL,
  event_id text NOT NULL,
  feature text NOT NULL,
  member text,
  properties jsonb,
  PRIMARY KEY (tenant_id, key),
  CHECK (account_id IS NOT NULL OR (external_source IS NOT NULL AND external_id IS NOT NULL))
);
CREATE INDEX pending_by_account ON pending_event (tenant_id, account_id);
CREATE INDEX pending_by_external ON pending_event (tenant_id, external_source, external_id);
CREATE INDEX pending_in_order ON pending_event (tenant_id, received_at, key);
CALL protect('pending_event');
