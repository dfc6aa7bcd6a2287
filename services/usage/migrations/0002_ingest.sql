-- What becomes of events that are told long after they happened, in versions; none: accepted, called late after 30 days.
CREATE TABLE late_policy (
  tenant_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  rejects boolean NOT NULL,
  after_days int NOT NULL CHECK (after_days BETWEEN 0 AND 36500),
  set_by text NOT NULL,
  PRIMARY KEY (tenant_id, recorded_at)
);
CALL protect('late_policy');

-- Rows that were turned away, for a while. The key is 16 bytes of a hash of id and reason: sending again adds no row.
CREATE TABLE rejected_event (
  tenant_id uuid NOT NULL,
  key bytea NOT NULL,
  first_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  times bigint NOT NULL,
  event_id text,
  field text,
  value text,
  reason text NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
CREATE INDEX rejected_in_order ON rejected_event (tenant_id, received_at, key);
CALL protect('rejected_event');

-- To which group a Segment user belongs, in versions; a group is an account's external id of the source 'segment'.
CREATE TABLE segment_group (
  tenant_id uuid NOT NULL,
  member text NOT NULL,
  recorded_at timestamptz NOT NULL,
  group_id text NOT NULL,
  PRIMARY KEY (tenant_id, member, recorded_at)
);
CALL protect('segment_group');
