-- Each post gets a position; with one writer at a time these are in the order of commits.

-- +goose Up
CREATE TABLE feed (position INTEGER NOT NULL) STRICT;
INSERT INTO feed (position) VALUES (0);

CREATE TABLE publications (
    position INTEGER NOT NULL PRIMARY KEY,
    post_id  TEXT NOT NULL UNIQUE REFERENCES posts ON DELETE CASCADE
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER publish AFTER INSERT ON posts BEGIN
    UPDATE feed SET position = position + 1;
    INSERT INTO publications (position, post_id) SELECT position, NEW.id FROM feed;
END;
-- +goose StatementEnd
