-- Facts that were told but not yet heard by every service that follows the teller's log, or are to be tried again.
WITH head (source, position) AS (
  VALUES ('accounts', accounts.log_end()), ('usage', usage.log_end()), ('billing', billing.log_end()),
         ('learning', learning.log_end()), ('risk', risk.log_end())
), reader AS (
  SELECT source, position FROM accounts.consumer_offset
  UNION ALL SELECT source, position FROM usage.consumer_offset
  UNION ALL SELECT source, position FROM billing.consumer_offset
  UNION ALL SELECT source, position FROM learning.consumer_offset
  UNION ALL SELECT source, position FROM risk.consumer_offset
), unsent AS (
  SELECT (SELECT count(*) FROM accounts.outbox) + (SELECT count(*) FROM usage.outbox)
       + (SELECT count(*) FROM billing.outbox) + (SELECT count(*) FROM learning.outbox)
       + (SELECT count(*) FROM risk.outbox) AS facts
), again AS (
  SELECT (SELECT count(*) FROM accounts.fact_retry) + (SELECT count(*) FROM usage.fact_retry)
       + (SELECT count(*) FROM billing.fact_retry) + (SELECT count(*) FROM learning.fact_retry)
       + (SELECT count(*) FROM risk.fact_retry) AS facts
)
SELECT (unsent.facts + again.facts + coalesce(sum(greatest(head.position - reader.position, 0)), 0))::bigint
FROM unsent CROSS JOIN again LEFT JOIN (reader JOIN head USING (source)) ON true
GROUP BY unsent.facts, again.facts
