-- The figures that a model's report speaks of, for whoever asks the graph; null where none were kept.
ALTER TABLE model_report ADD COLUMN evidence jsonb;
