-- The audit log. What is left of an account that was deleted names nobody any more: hence no reference to users.

-- +goose Up
CREATE TABLE events (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,
    user_id    uuid,
    session_id uuid,
    role       text,
    user_agent text,
    ip_address text,
    created_at timestamptz NOT NULL
);
CREATE INDEX events_by_user ON events (user_id, id);
