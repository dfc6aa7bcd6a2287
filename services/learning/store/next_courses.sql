-- Of each account's learners, the first course of the path that was current at $2, and for how many.
SELECT a.account_id, i.course, count(*) AS members
FROM unnest($1::uuid[]) AS a (account_id)
CROSS JOIN LATERAL learning.learners_at(a.account_id, $2) AS m
CROSS JOIN LATERAL (
  SELECT s.path_id FROM learning.assignment AS s
  WHERE s.member_id = m.member_id AND s.assigned_at <= $2
  ORDER BY s.assigned_at DESC LIMIT 1
) AS current
CROSS JOIN LATERAL (  -- not a plain join: without statistics that one reads every first course there is
  SELECT p.course FROM learning.path_item AS p
  WHERE p.path_id = current.path_id
  ORDER BY p.position LIMIT 1
) AS i
GROUP BY a.account_id, i.course
ORDER BY members DESC, i.course
