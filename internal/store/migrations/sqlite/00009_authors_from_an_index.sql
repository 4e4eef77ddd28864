-- Authors of posts are read from an index alone, which the statements name: as long as there are no statistics, SQLite prefers the
-- primary key, and then looks for the row.

-- +goose Up
CREATE INDEX users_shown ON users (id, handle, name, created_at);
