-- Lists of posts without their content, everybody's and one author's, are read from an index alone. A row has its content in it, which
-- fills a page or two: without these each post of a list is looked up in a page of its own.

-- +goose Up
CREATE INDEX posts_listed ON posts (id, author_id, slug, title, created_at, updated_at, version);

DROP INDEX posts_by_author;
CREATE INDEX posts_by_author ON posts (author_id, id, slug, title, created_at, updated_at, version);
