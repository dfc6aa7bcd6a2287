-- What there is to learn, who learns, how far they are, and what they are told to do next.

-- A correction is a new row. Prerequisites belong to the version: they change together with it.
CREATE TABLE course (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  code text NOT NULL,
  title text NOT NULL,
  minutes int NOT NULL CHECK (minutes > 0),
  skill text NOT NULL,
  level int NOT NULL CHECK (level BETWEEN 0 AND 4),
  roles text[] NOT NULL,
  modality text NOT NULL,
  language text NOT NULL,
  prerequisites text[] NOT NULL,
  valid_from timestamptz,
  valid_to timestamptz,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id, recorded_at)
);
CREATE INDEX ON course (tenant_id, code, recorded_at DESC);
CALL protect('course');

CREATE TABLE progress (
  tenant_id uuid NOT NULL,
  id text NOT NULL,
  recorded_at timestamptz NOT NULL,
  account_id uuid NOT NULL,
  member_id uuid NOT NULL,
  course text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('enrolled', 'started', 'completed', 'assessed')),
  occurred_at timestamptz NOT NULL,
  score float8 CHECK (score BETWEEN 0 AND 1),
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON progress (tenant_id, member_id, occurred_at);
CREATE INDEX ON progress (tenant_id, account_id, occurred_at);
CALL protect('progress');

-- Members as the log of accounts tells of them; role and level are the newest.
CREATE TABLE learner (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  account_id uuid NOT NULL,
  external_id text,
  role text,
  level int NOT NULL,
  added_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (tenant_id, member_id)
) WITH (fillfactor = 80);
CREATE INDEX ON learner (tenant_id, account_id);
CALL protect('learner');

-- A path is what follows from its inputs, so the same inputs are the same path.
CREATE TABLE path (
  tenant_id uuid NOT NULL,
  path_id uuid NOT NULL,
  member_id uuid NOT NULL,
  account_id uuid NOT NULL,
  recommended_at timestamptz NOT NULL,
  inputs_hash text NOT NULL,
  minutes int NOT NULL,
  excluded jsonb NOT NULL,
  PRIMARY KEY (tenant_id, path_id),
  UNIQUE (tenant_id, member_id, inputs_hash)
);
CALL protect('path');

CREATE TABLE path_item (
  tenant_id uuid NOT NULL,
  path_id uuid NOT NULL,
  position int NOT NULL,
  course text NOT NULL,
  reasons jsonb NOT NULL,
  value_per_minute float8 NOT NULL,
  PRIMARY KEY (tenant_id, path_id, position)
);
CALL protect('path_item');

-- Which path was whose from when on; inputs that come back bring their path back.
CREATE TABLE assignment (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  assigned_at timestamptz NOT NULL,
  path_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, member_id, assigned_at)
);
CALL protect('assignment');
