// postgres.js, and Drizzle on top of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { drizzle } from 'drizzle-orm/postgres-js'
import { desc, eq, relations, sql as raw } from 'drizzle-orm'
import { integer, jsonb, numeric, pgEnum, pgTable, serial, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'

const url = process.env.DATABASE_URL
let failures = 0

async function attempt(what, fn, options = {}) {
  const sql = postgres(url, { max: 3, onnotice: () => {}, ...options })
  try {
    await fn(sql)
    console.log('ok', what)
  } catch (e) {
    failures++
    console.log(`FAILED ${what}: ${String(e.message).split('\n')[0]} ${(e.stack ?? '').split('\n').find((l) => l.includes('main.mjs')) ?? ''}`)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

const one = async (query) => Object.values((await query)[0])[0]

await attempt('TLS and SCRAM', async () => {
  const ask = async (secure, ssl) => {
    const sql = postgres(secure, { ssl, max: 1 })
    try {
      return (await sql`SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`.values())[0]
    } finally {
      await sql.end({ timeout: 5 })
    }
  }
  const secure = process.env.SECURE_URL, ssl = { ca: readFileSync(process.env.SECURE_CA, 'utf8') }
  assert.deepEqual([...await ask(secure, ssl)], ['secure', true])
  await assert.rejects(ask(secure, false), { code: '28000' })
  await assert.rejects(ask(secure.replace('p%40ss', 'pass'), ssl), { code: '28P01' })
})

await attempt('types', async (sql) => {
  assert.equal(await one(sql`SELECT ${7} + 1::int AS v`), 8)
  assert.equal(await one(sql`SELECT ${'é\'"'}::text AS v`), 'é\'"')
  assert.equal(await one(sql`SELECT ${null}::text AS v`), null)
  assert.equal(await one(sql`SELECT ${true}::bool AS v`), true)
  assert.equal(await one(sql`SELECT 9007199254740993::int8 AS v`), '9007199254740993')
  const when = new Date('2026-03-29T01:30:00.123Z')
  assert.deepEqual(await one(sql`SELECT ${when}::timestamptz AS v`), when)
  assert.deepEqual(await one(sql`SELECT ${sql.json({ a: [1, null], b: { c: 'x' } })}::jsonb AS v`), { a: [1, null], b: { c: 'x' } })
  assert.deepEqual(await one(sql`SELECT ${sql.array([1, 2, 3])}::int[] AS v`), [1, 2, 3])
  assert.deepEqual(await one(sql`SELECT ${['a,b', '"q"', '']}::text[] AS v`), ['a,b', '"q"', ''])
  assert.deepEqual(await one(sql`SELECT ${Buffer.from([0, 255, 39])}::bytea AS v`), Buffer.from([0, 255, 39]))
  assert.equal(await one(sql`SELECT 1.50::numeric AS v`), '1.50')
})

await attempt('helpers', async (sql) => {
  await sql`DROP TABLE IF EXISTS js_users`
  await sql`CREATE TABLE js_users (id serial PRIMARY KEY, name text UNIQUE, age int)`
  const rows = await sql`INSERT INTO js_users ${sql([{ name: 'a', age: 1 }, { name: 'b', age: null }, { name: 'c', age: 3 }])} RETURNING *`
  assert.deepEqual(rows.map((r) => r.id), [1, 2, 3])
  assert.equal(rows.count, 3)
  assert.equal(rows.command, 'INSERT')
  await sql`UPDATE js_users SET ${sql({ age: 5, name: 'B' }, 'age', 'name')} WHERE id = 2`
  const found = await sql`SELECT ${sql(['id', 'name'])} FROM ${sql('js_users')} WHERE age IN ${sql([3, 5])} ORDER BY id`
  assert.deepEqual(found.map((r) => ({ ...r })), [{ id: 2, name: 'B' }, { id: 3, name: 'c' }])
  const filter = (on) => on ? sql`AND age > 3` : sql``
  assert.equal((await sql`SELECT * FROM js_users WHERE true ${filter(true)}`).count, 1)
  assert.deepEqual((await sql.unsafe('SELECT 1 AS a; SELECT 2 AS b')).map((r) => ({ ...r[0] })), [{ a: 1 }, { b: 2 }])
  assert.deepEqual([...await sql`SELECT id, name FROM js_users ORDER BY 1`.values()], [[1, 'a'], [2, 'B'], [3, 'c']])
  const described = await sql`SELECT name FROM js_users WHERE id = ${1}`.describe()
  assert.deepEqual([described.types, described.columns.map((c) => c.type)], [[23], [25]])
})

await attempt('errors', async (sql) => {
  await assert.rejects(sql`INSERT INTO js_users (name) VALUES ('a')`, (e) => e.code === '23505' && e.constraint_name === 'js_users_name_key' && /already exists/.test(e.detail))
  await assert.rejects(sql`SELECT * FROM nowhere`, (e) => e.code === '42P01' && e.position === '15')
  await assert.rejects(sql`SELECT ${1}::int / 0`, { code: '22012' })
  assert.equal(await one(sql`SELECT 1 AS v`), 1)
})

await attempt('transactions', async (sql) => {
  await assert.rejects(sql.begin(async (t) => { await t`INSERT INTO js_users (name) VALUES ('gone')`; throw new Error('no') }), /no/)
  const [kept] = await sql.begin('isolation level serializable', async (t) => {
    await t.savepoint(async (s) => { await s`INSERT INTO js_users (name) VALUES ('a')` }).catch((e) => assert.equal(e.code, '23505'))
    return t`INSERT INTO js_users (name) VALUES ('kept') RETURNING name`
  })
  assert.equal(kept.name, 'kept')
  assert.equal(await one(sql`SELECT count(*)::int FROM js_users WHERE name IN ('gone', 'kept')`), 1)
  const many = await sql.begin((t) => [t`SELECT 1 AS a`, t`SELECT 2 AS a`])
  assert.deepEqual(many.map((r) => r[0].a), [1, 2])
})

await attempt('retry on 40001', async (sql) => {
  await sql`DROP TABLE IF EXISTS js_counter`
  await sql`CREATE TABLE js_counter (n int)`
  await sql`INSERT INTO js_counter VALUES (0)`
  const add = async () => {
    for (;;) {
      try {
        return await sql.begin('isolation level repeatable read', async (t) => {
          const [{ n }] = await t`SELECT n FROM js_counter`
          await t`UPDATE js_counter SET n = ${n + 1}`
        })
      } catch (e) {
        if (e.code !== '40001') throw e
      }
    }
  }
  await Promise.all([add(), add(), add(), add(), add(), add()])
  assert.equal(await one(sql`SELECT n FROM js_counter`), 6)
})

await attempt('cursors', async (sql) => {
  const seen = []
  await sql`SELECT i FROM generate_series(1, 1000) i`.cursor(100, (rows) => { seen.push(rows.length) })
  assert.deepEqual(seen, Array(10).fill(100))
  let n = 0
  for await (const [row] of sql`SELECT i FROM generate_series(1, 50) i`.cursor()) if ((n += row.i) > 100) break
  assert.ok(n > 100)
  let total = 0
  await sql`SELECT i FROM generate_series(1, 10) i`.forEach((row) => { total += row.i })
  assert.equal(total, 55)
})

await attempt('COPY', async (sql) => {
  await sql`DROP TABLE IF EXISTS js_copy`
  await sql`CREATE TABLE js_copy (a int, b text)`
  await pipeline(Readable.from(['1\tone\n2\t', 'two\n3\t\\N\n']), await sql`COPY js_copy FROM STDIN`.writable())
  const chunks = []
  for await (const chunk of await sql`COPY (SELECT * FROM js_copy ORDER BY a) TO STDOUT WITH (FORMAT csv)`.readable()) chunks.push(chunk)
  assert.equal(Buffer.concat(chunks).toString(), '1,one\n2,two\n3,\n')
})

await attempt('LISTEN', async (sql) => {
  let heard
  const arrived = new Promise((resolve) => { heard = resolve })
  const { unlisten } = await sql.listen('js_news', heard)
  await sql.notify('js_news', 'hello')
  assert.equal(await arrived, 'hello')
  await unlisten()
})

await attempt('cancel', async (sql) => {
  const query = sql`SELECT pg_sleep(60)`
  query.catch(() => {})
  await sleep(200)
  query.cancel()
  await assert.rejects(query, { code: '57014' })
  assert.equal(await one(sql`SELECT 2 AS v`), 2)
})

await attempt('without prepared statements', async (sql) => {
  for (let i = 0; i < 3; i++) assert.equal(await one(sql`SELECT ${i}::int AS v`), i)
}, { prepare: false })

await attempt('settings of a connection', async (sql) => {
  assert.equal(await one(sql`SHOW application_name`), 'js')
  assert.equal(await one(sql`SHOW statement_timeout`), '7s')
}, { connection: { application_name: 'js', statement_timeout: 7000 } })

const mood = pgEnum('js_mood', ['sad', 'ok'])
const authors = pgTable('js_authors', { id: serial('id').primaryKey(), name: text('name').notNull(), mood: mood('mood').default('ok'), born: timestamp('born', { withTimezone: true }) },
  (t) => [uniqueIndex('js_authors_name').on(t.name)])
const books = pgTable('js_books', { id: integer('id').primaryKey().generatedAlwaysAsIdentity(), title: text('title'), price: numeric('price', { precision: 8, scale: 2 }), tags: text('tags').array(), doc: jsonb('doc'), authorId: integer('author_id').references(() => authors.id, { onDelete: 'cascade' }) })
const authorsRelations = relations(authors, ({ many }) => ({ books: many(books) }))
const booksRelations = relations(books, ({ one: single }) => ({ author: single(authors, { fields: [books.authorId], references: [authors.id] }) }))

await attempt('Drizzle', async (sql) => {
  await sql.unsafe(`DROP TABLE IF EXISTS js_books, js_authors; DROP TYPE IF EXISTS js_mood; CREATE TYPE js_mood AS ENUM ('sad', 'ok');
    CREATE TABLE js_authors (id serial PRIMARY KEY, name text NOT NULL, mood js_mood DEFAULT 'ok', born timestamptz);
    CREATE UNIQUE INDEX js_authors_name ON js_authors (name);
    CREATE TABLE js_books (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, title text, price numeric(8, 2), tags text[], doc jsonb,
      author_id int REFERENCES js_authors ON DELETE CASCADE)`)
  const db = drizzle(sql, { schema: { authors, books, authorsRelations, booksRelations } })
  const [a] = await db.insert(authors).values({ name: 'Ann' }).returning()
  assert.deepEqual(a, { id: 1, name: 'Ann', mood: 'ok', born: null })
  await db.insert(authors).values({ name: 'Ann', mood: 'sad' }).onConflictDoUpdate({ target: authors.name, set: { mood: 'sad' } })
  await db.insert(books).values([{ title: 'x', price: '1.5', tags: ['a', 'b'], doc: { k: [1] }, authorId: a.id }, { title: 'y', authorId: a.id }])
  const found = await db.query.authors.findMany({ with: { books: { orderBy: desc(books.title) } } })
  assert.deepEqual(found.map((f) => [f.name, f.mood, f.books.map((b) => [b.title, b.price && Number(b.price), b.tags])]), [['Ann', 'sad', [['y', null, null], ['x', 1.5, ['a', 'b']]]]])
  const grouped = await db.select({ name: authors.name, n: raw`count(*)::int` }).from(authors).leftJoin(books, eq(books.authorId, authors.id)).groupBy(authors.name)
  assert.deepEqual(grouped, [{ name: 'Ann', n: 2 }])
  await assert.rejects(db.transaction(async (t) => { await t.delete(authors); t.rollback() }))
  assert.equal((await db.select().from(books)).length, 2)
  await db.delete(authors).where(eq(authors.id, a.id))
  assert.equal((await db.select().from(books)).length, 0)
})

process.exit(failures ? 1 : 0)
