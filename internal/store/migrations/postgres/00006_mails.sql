-- Mails that are to be sent, and tokens that mails carry: of those only hashes. A mail that is being sent is due again when
-- whoever sends it must have given up.

-- +goose Up
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;

CREATE TABLE mails (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,
    user_id    uuid REFERENCES users ON DELETE CASCADE,
    recipient  text NOT NULL,
    name       text NOT NULL,
    email      text NOT NULL,
    user_agent text,
    ip_address text,
    created_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    attempts   integer NOT NULL
);
CREATE INDEX mails_by_due ON mails (due_at);
CREATE INDEX mails_by_user ON mails (user_id);

CREATE TABLE email_tokens (
    hash       bytea PRIMARY KEY,
    kind       text NOT NULL,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    email      text NOT NULL,
    email_key  text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX email_tokens_by_user ON email_tokens (user_id);
CREATE INDEX email_tokens_by_expiry ON email_tokens (expires_at);

-- Emails that accounts had until lately, which are kept for them, so that a change can be undone. What an account left later has a
-- higher position; a time would not do, as clocks differ.
CREATE TABLE former_emails (
    email_key  text NOT NULL PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    email      text NOT NULL,
    position   integer NOT NULL,
    left_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX former_emails_by_user ON former_emails (user_id);
CREATE INDEX former_emails_by_expiry ON former_emails (expires_at);
