-- Ids are UUIDs in their text form; times are microseconds since 1970 in UTC.

-- +goose Up
CREATE TABLE users (
    id            TEXT NOT NULL PRIMARY KEY,
    handle        TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL,
    email_key     TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled_at   INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    family_hash   BLOB NOT NULL UNIQUE,
    refresh_hash  BLOB NOT NULL,
    previous_hash BLOB,
    nonce         BLOB,
    rotated_at    INTEGER NOT NULL,
    user_agent    TEXT,
    ip_address    TEXT,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, id);

CREATE TABLE posts (
    id         TEXT NOT NULL PRIMARY KEY,
    author_id  TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    slug       TEXT NOT NULL UNIQUE,
    title      TEXT NOT NULL,
    content    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT;
CREATE INDEX posts_by_author ON posts (author_id, id);
