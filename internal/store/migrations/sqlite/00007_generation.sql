-- Counts what changes of what anybody may read: answers that are kept must not outlive that, whichever process changes it.

-- +goose Up
CREATE TABLE generation (number INTEGER NOT NULL) STRICT;
INSERT INTO generation (number) VALUES (1);

-- +goose StatementBegin
CREATE TRIGGER count_posts_inserted AFTER INSERT ON posts BEGIN
    UPDATE generation SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER count_posts_updated AFTER UPDATE ON posts BEGIN
    UPDATE generation SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER count_posts_deleted AFTER DELETE ON posts BEGIN
    UPDATE generation SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER count_users_inserted AFTER INSERT ON users BEGIN
    UPDATE generation SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER count_users_updated AFTER UPDATE ON users BEGIN
    UPDATE generation SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER count_users_deleted AFTER DELETE ON users BEGIN
    UPDATE generation SET number = number + 1;
END;
-- +goose StatementEnd
