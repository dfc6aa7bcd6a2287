-- When a backup was restored, and how far the log of risk went in it. What had followed is gone, and the positions after
-- it are given anew: a cursor from then is told apart by the epoch in it, which no number in order would do, for a backup
-- from before an earlier restore knows nothing of that.
CREATE TABLE restore (
  restored_at timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
  epoch int NOT NULL DEFAULT 1 + floor(random() * 65535),
  log_end bigint NOT NULL
);
ALTER TABLE restore ENABLE ROW LEVEL SECURITY;
ALTER TABLE restore FORCE ROW LEVEL SECURITY;
CREATE POLICY of_service ON restore USING (true);
