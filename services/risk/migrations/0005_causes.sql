-- What a score says by cause, and what spoke: scores from before knew one cause and one model.
ALTER TABLE score
  ADD COLUMN causes jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN basis text NOT NULL DEFAULT 'model' CHECK (basis IN ('model', 'newcomers', 'strata'));
