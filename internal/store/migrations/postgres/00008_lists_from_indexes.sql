-- SQLite reads lists of posts from indexes alone. PostgreSQL keeps what is long out of the row by itself: an index that includes the
-- columns of a list made no measurable difference.

-- +goose Up
