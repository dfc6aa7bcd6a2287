-- How often a training was begun: one that broke off is begun again, one that breaks off each time is not.
ALTER TABLE training_run ADD COLUMN starts int NOT NULL DEFAULT 0;

-- Whoever holds the data folder knows at start that nobody trains, and says so of every tenant.
CALL open_to_owner('training_run');
