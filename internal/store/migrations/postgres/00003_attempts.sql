-- How often something was tried by whom: keys are hashes, and `until` is microseconds since 1970, when counting begins anew.

-- +goose Up
CREATE TABLE attempts (
    key   text NOT NULL PRIMARY KEY,
    count integer NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX attempts_by_until ON attempts (until);
