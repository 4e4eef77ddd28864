-- Each event gets a position; with one writer at a time these are in the order of commits. Events of before are in the order of
-- their ids.

-- +goose Up
CREATE TABLE audit_log (position INTEGER NOT NULL) STRICT;
ALTER TABLE events ADD COLUMN position INTEGER;
CREATE UNIQUE INDEX events_by_position ON events (position);

UPDATE events SET position = placed.position
FROM (SELECT id, row_number() OVER (ORDER BY id) AS position FROM events) AS placed WHERE placed.id = events.id;
INSERT INTO audit_log (position) SELECT count(*) FROM events;

-- +goose StatementBegin
CREATE TRIGGER place_event AFTER INSERT ON events BEGIN
    UPDATE audit_log SET position = position + 1;
    UPDATE events SET position = (SELECT position FROM audit_log) WHERE id = NEW.id;
END;
-- +goose StatementEnd
