-- Each post gets a position when its transaction commits: a deferred trigger runs within COMMIT, where the row of feed stays
-- locked until the commit is visible. So positions are in the order of commits, none is lower than one that somebody may have
-- read, and no client keeps others waiting between its statements. A trigger also sees what older programs publish, which
-- still run during an update.

-- +goose Up
CREATE TABLE feed (position bigint NOT NULL);
INSERT INTO feed (position) VALUES (0);

CREATE TABLE publications (
    position bigint PRIMARY KEY,
    post_id  uuid NOT NULL UNIQUE REFERENCES posts ON DELETE CASCADE
);

-- +goose StatementBegin
CREATE FUNCTION publish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH next AS (UPDATE feed SET position = position + 1 RETURNING position)
    INSERT INTO publications (position, post_id) SELECT next.position, NEW.id FROM next;
    NOTIFY publications;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER publish AFTER INSERT ON posts DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION publish();
