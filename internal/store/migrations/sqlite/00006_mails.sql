-- Mails that are to be sent, and tokens that mails carry: of those only hashes. A mail that is being sent is due again when
-- whoever sends it must have given up.

-- +goose Up
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;

CREATE TABLE mails (
    id         TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    user_id    TEXT REFERENCES users ON DELETE CASCADE,
    recipient  TEXT NOT NULL,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    user_agent TEXT,
    ip_address TEXT,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    attempts   INTEGER NOT NULL
) STRICT;
CREATE INDEX mails_by_due ON mails (due_at);
CREATE INDEX mails_by_user ON mails (user_id);

CREATE TABLE email_tokens (
    hash       BLOB NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    email      TEXT NOT NULL,
    email_key  TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX email_tokens_by_user ON email_tokens (user_id);
CREATE INDEX email_tokens_by_expiry ON email_tokens (expires_at);

-- Emails that accounts had until lately, which are kept for them, so that a change can be undone. What an account left later has a
-- higher position; a time would not do, as clocks differ.
CREATE TABLE former_emails (
    email_key  TEXT NOT NULL PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    email      TEXT NOT NULL,
    position   INTEGER NOT NULL,
    left_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX former_emails_by_user ON former_emails (user_id);
CREATE INDEX former_emails_by_expiry ON former_emails (expires_at);
