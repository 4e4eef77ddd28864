-- Tells every server when a transaction commits that changes what anybody may read: answers that are kept must not outlive that.
-- Each statement is enough, whatever it touches, and PostgreSQL passes on one message for all of a transaction's.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION tell_of_generation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY generations;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER tell_of_generation AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON posts
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_generation();
CREATE TRIGGER tell_of_generation AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_generation();
