// The blog in SQLite or PostgreSQL, whichever DATABASE_URL names: the same statements, prepared once, for both.
import { v7 as uuid } from 'uuid';

const database = await (process.env.DATABASE_URL.startsWith('postgres:') ? postgres : sqlite)(process.env.DATABASE_URL);

const select = (more) => `SELECT p.id, p.title, ${more} p.created_at, u.id AS author_id, u.name AS author_name
  FROM posts p JOIN users u ON u.id = p.author_id`;
const statements = {
  posts: database.all(`${select('')} WHERE p.id < $1 ORDER BY p.id DESC LIMIT $2`),
  post: database.one(`${select('p.content,')} WHERE p.id = $1`),
  user: database.one('SELECT id, name, email FROM users WHERE id = $1'),
  create: database.run('INSERT INTO posts (id, author_id, title, content, created_at) VALUES ($1, $2, $3, $4, $5)'),
};
const afterAll = '~';

// Without their content: see contentOf.
export async function posts(first, after) {
  const found = statements.posts(after ?? afterAll, first);
  return (Array.isArray(found) ? found : await found).map(toPost);
}

export async function post(id) {
  return toPost(await statements.post(id));
}

export async function contentOf(id) {
  return (await statements.post(id)).content;
}

export async function viewer(id) {
  const user = id && (await statements.user(id));
  if (!user) throw new Error('There must be a token of an account.');
  return { user, email: user.email };
}

export async function createPost(author, { title, content }) {
  const { user } = await viewer(author);
  const created = { id: `post_${uuid()}`, title, content, createdAt: new Date().toISOString(), author: user };
  await statements.create(created.id, user.id, title, content, created.createdAt);
  return created;
}

function toPost(row) {
  return row && {
    id: row.id, title: row.title, content: row.content, createdAt: row.created_at,
    author: { id: row.author_id, name: row.author_name },
  };
}

async function sqlite(path) {
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  const prepare = (text) => db.prepare(text.replaceAll(/\$\d/g, '?'));
  return {
    all: (text) => bind(prepare(text), 'all'),
    one: (text) => bind(prepare(text), 'get'),
    run: (text) => bind(prepare(text), 'run'),
  };
}

function bind(statement, method) {
  return statement[method].bind(statement);
}

// A name is what has node-postgres prepare a statement.
async function postgres(connectionString) {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString });
  let named = 0;
  const rows = (text) => {
    const name = `s${++named}`;
    return async (...values) => (await pool.query({ name, text, values })).rows;
  };
  return { all: rows, one: (text) => async (...values) => (await rows(text)(...values))[0], run: rows };
}
