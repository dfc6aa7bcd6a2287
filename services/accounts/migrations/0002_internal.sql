-- People who work for the vendor, or only test: they are known, and never counted.
ALTER TABLE member ADD COLUMN internal boolean NOT NULL DEFAULT false;
