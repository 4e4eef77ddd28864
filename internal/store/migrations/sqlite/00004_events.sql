-- The audit log. What is left of an account that was deleted names nobody any more: hence no reference to users.

-- +goose Up
CREATE TABLE events (
    id         TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    user_id    TEXT,
    session_id TEXT,
    role       TEXT,
    user_agent TEXT,
    ip_address TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_user ON events (user_id, id);
