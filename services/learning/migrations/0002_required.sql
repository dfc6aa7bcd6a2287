-- Whether a course counts towards being trained; until somebody says which do not, all do.
ALTER TABLE course ADD COLUMN required boolean NOT NULL DEFAULT true;
