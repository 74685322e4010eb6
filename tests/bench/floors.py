"""The bare SQL beside each page across crises: the statements a careful hand would write to get the same figures."""

OPEN = "crises_standing s JOIN crises_crisis c ON c.id = s.crisis_id WHERE s.until IS NULL"
GAPS = (
    "crises_standing s JOIN crises_crisis c ON c.id = s.crisis_id CROSS JOIN LATERAL jsonb_array_elements(s.gaps) g"
    " WHERE s.until IS NULL"
)
NOT_WAIVED = "(g ->> 2 IS NULL OR (g ->> 2)::date < current_date)"
LATE = "(g ->> 1)::bigint < extract(epoch FROM now()) - 72 * 3600"
COVERAGE = (
    "SELECT c.edition_id, place, substr(s.cells, place, 1), count(*) FROM crises_standing s"
    " JOIN crises_crisis c ON c.id = s.crisis_id CROSS JOIN generate_series(1, 45) place"
    " WHERE s.until IS NULL GROUP BY 1, 2, 3"
)
GAPS_BY_CELL = f"SELECT c.edition_id, g ->> 0, {NOT_WAIVED}, {LATE}, count(*) FROM {GAPS} GROUP BY 1, 2, 3, 4"
MOST_GAPS = (
    "SELECT c.reference, c.title, c.main_country_id, c.office_id, s.level, s.people, s.last_update, s.cells, s.gaps"
    f" FROM {OPEN} ORDER BY jsonb_array_length(s.gaps) DESC, c.revision DESC LIMIT"
)
READER = "(SELECT id FROM offices_user WHERE username = 'bench')"
APPROVED = (
    "coalesce((SELECT a.{} FROM crises_review a WHERE a.crisis_id = c.id AND a.kind = 'approved'"
    " ORDER BY a.revision DESC LIMIT 1), 0)"
)
CHANGED_IT = (
    f"SELECT 1 FROM crises_historicalcrisis h WHERE h.id = c.id AND h.history_user_id = {READER}"
    f" AND h.content_revision = h.revision AND h.revision > {APPROVED.format('content_revision')}"
)
SENT_IT = (
    f"SELECT 1 FROM crises_review r WHERE r.crisis_id = c.id AND r.kind = 'sent' AND r.by_id = {READER}"
    f" AND r.revision > {APPROVED.format('revision')}"
)
WAITING = (
    f"SELECT count(*) FROM {OPEN} AND c.kept_review = 'in_review' AND NOT EXISTS ({CHANGED_IT})"
    f" AND NOT EXISTS ({SENT_IT})"
)
OLDEST_GAPS = (
    f"SELECT c.id, c.reference, c.title, c.last_update, g FROM {GAPS} AND {NOT_WAIVED} AND {LATE}"
    " ORDER BY (g ->> 1)::bigint LIMIT 50"
)
PLACES = "SELECT iso3, name, region_id FROM offices_country"
OFFICES = "SELECT id, slug, name, parent_id FROM offices_office"

FLOORS = {
    "/dashboard/": [
        f"SELECT count(*), count(s.people), sum(s.people), min(s.people_on), max(s.people_on) FROM {OPEN}",
        COVERAGE,
        GAPS_BY_CELL,
        f"SELECT c.reference, c.title, g FROM {GAPS} AND {NOT_WAIVED} ORDER BY (g ->> 1)::bigint LIMIT 6",
        f"{MOST_GAPS} 12",
        f"SELECT c.main_country_id, s.people, jsonb_array_length(s.gaps) FROM {OPEN}",
        f"SELECT c.office_id, max(s.last_update) FROM {OPEN} GROUP BY 1",
        f"SELECT s.level, s.first_met_on - c.logged_at::date FROM {OPEN} AND c.logged_at > now() - interval '1 year'",
        "SELECT (p.activated_on - current_date + 83) / 7, p.sector_id, p.phase_id, p.own_priority, c.edition_id,"
        " c.crosses_border, c.foreign_nationals, c.state_request, count(*) FROM crises_plancell p JOIN crises_crisis c"
        " ON c.id = p.crisis_id WHERE p.activated_on > current_date - 84 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8",
        PLACES,
        OFFICES,
    ],
    "/grid/": [f"{MOST_GAPS} 50", COVERAGE, GAPS_BY_CELL, PLACES, OFFICES],
    "/worklist/": [
        f"SELECT f.*, q.asked_at, q.note, a.assignee_id FROM ({OLDEST_GAPS}) f LEFT JOIN crises_updaterequest q"
        " ON q.crisis_id = f.id AND q.withdrawn_at IS NULL AND q.after = f.last_update"
        " LEFT JOIN crises_assignment a ON a.crisis_id = f.id AND a.ended_at IS NULL",
        GAPS_BY_CELL,
        f"SELECT count(*) FROM {GAPS} AND (g ->> 2)::date BETWEEN current_date AND current_date + 7",
        f"SELECT count(*) FILTER (WHERE s.level = '' OR s.review_on < current_date),"
        f" count(*) FILTER (WHERE s.last_update < now() - interval '14 days') FROM {OPEN}",
        f"SELECT c.kept_review, count(*) FROM {OPEN} GROUP BY 1",
        WAITING,
        f"SELECT crisis_id FROM crises_assignment WHERE ended_at IS NULL AND assignee_id = {READER}",
        "SELECT count(*) FROM crises_possibleduplicate WHERE decision = ''",
        PLACES,
        OFFICES,
    ],
}
# What a page costs whose figures are counted over everything ever recorded, each time it is opened.
LIVE = (
    "SELECT p.sector_id, p.phase_id, p.status, count(*), count(DISTINCT p.crisis_id) FROM crises_plancell p"
    " JOIN crises_crisis c ON c.id = p.crisis_id GROUP BY 1, 2, 3"
)
