-- SQLite reads authors of posts from an index alone. PostgreSQL has users in few pages.

-- +goose Up
