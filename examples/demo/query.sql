SELECT count(*) AS incidents, min(opened_at)::date AS first, max(opened_at)::date AS last
FROM support.incidents_w_preds;

SELECT i.incident_id, i.product, i.severity, i.prediction ->> 'category' AS predicted,
       (i.prediction ->> 'confidence')::numeric(4,2) AS confidence, u.owner, u.status, u.comment
FROM support.incidents_w_preds i
JOIN support.user_updates u USING (incident_id)
ORDER BY i.incident_id;
