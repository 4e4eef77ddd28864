-- +goose Up
CREATE TABLE users (
    id            uuid PRIMARY KEY,
    handle        text NOT NULL UNIQUE,
    name          text NOT NULL,
    email         text NOT NULL,
    email_key     text NOT NULL UNIQUE,
    role          text NOT NULL,
    password_hash text NOT NULL,
    disabled_at   timestamptz,
    created_at    timestamptz NOT NULL
);

CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    family_hash   bytea NOT NULL UNIQUE,
    refresh_hash  bytea NOT NULL,
    previous_hash bytea,
    nonce         bytea,
    rotated_at    timestamptz NOT NULL,
    user_agent    text,
    ip_address    text,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);

CREATE TABLE posts (
    id         uuid PRIMARY KEY,
    author_id  uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    slug       text NOT NULL UNIQUE,
    title      text NOT NULL,
    content    text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    integer NOT NULL
);
CREATE INDEX posts_by_author ON posts (author_id, id);
