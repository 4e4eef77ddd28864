-- How often something was tried by whom: keys are hashes, and `until` is microseconds since 1970, when counting begins anew.

-- +goose Up
CREATE TABLE attempts (
    key   TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_by_until ON attempts (until);
