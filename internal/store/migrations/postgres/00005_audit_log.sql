-- Each event gets a position when its transaction commits, in the order of commits, as posts do (00002). So whoever reads on from
-- the last position that they have seen misses nothing, which ids cannot promise: they are made before the commit, by clocks that
-- differ. Events of before are in the order of their ids.

-- +goose Up
CREATE TABLE audit_log (position bigint NOT NULL);
ALTER TABLE events ADD COLUMN position bigint;
CREATE UNIQUE INDEX events_by_position ON events (position);

UPDATE events SET position = placed.position
FROM (SELECT id, row_number() OVER (ORDER BY id) AS position FROM events) AS placed WHERE placed.id = events.id;
INSERT INTO audit_log (position) SELECT count(*) FROM events;

-- +goose StatementBegin
CREATE FUNCTION place_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH next AS (UPDATE audit_log SET position = position + 1 RETURNING position)
    UPDATE events SET position = next.position FROM next WHERE events.id = NEW.id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER place_event AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION place_event();
