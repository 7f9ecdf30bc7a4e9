// node-postgres with its cursor, stream and COPY companions, and Knex on top of it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import knexLibrary from 'knex'

const url = process.env.DATABASE_URL
let failures = 0

async function attempt(what, fn) {
  const client = new pg.Client(url)
  try {
    await client.connect()
    await fn(client)
    console.log('ok', what)
  } catch (e) {
    failures++
    console.log(`FAILED ${what}: ${String(e.message).split('\n')[0]} ${(e.stack ?? '').split('\n').find((l) => l.includes('main.mjs')) ?? ''}`)
  } finally {
    await client.end()
  }
}

const one = async (c, text, values) => Object.values((await c.query({ text, values })).rows[0])[0]

await attempt('TLS and SCRAM', async () => {
  const ask = async (connectionString, ssl) => {
    const client = new pg.Client({ connectionString, ssl })
    try {
      await client.connect()
      return (await client.query({ text: 'SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', rowMode: 'array' })).rows[0]
    } finally {
      await client.end()
    }
  }
  const secure = process.env.SECURE_URL, ssl = { ca: readFileSync(process.env.SECURE_CA, 'utf8') }
  assert.deepEqual(await ask(secure, ssl), ['secure', true])
  await assert.rejects(ask(secure, false), { code: '28000' })
  await assert.rejects(ask(secure.replace('p%40ss', 'pass'), ssl), { code: '28P01' })
})

await attempt('types', async (c) => {
  for (const [cast, value] of [['bool', true], ['int4', -7], ['float8', 1.5], ['text', "it's é"], ['json', { a: [1, null] }], ['jsonb', { b: {} }],
    ['int4[]', [1, null, 3]], ['text[]', [['a,b', '"q"'], ['{}', '']]], ['float8[]', [0.1, -1e300]], ['bytea', Buffer.from([0, 255, 39])]]) {
    assert.deepEqual(await one(c, `SELECT $1::${cast} AS v`, [cast.startsWith('json') ? JSON.stringify(value) : value]), value)
    assert.equal(await one(c, `SELECT $1::${cast} AS v`, [null]), null)
  }
  assert.equal(await one(c, "SELECT 9007199254740993::int8 AS v"), '9007199254740993')
  assert.equal(await one(c, "SELECT 0.1::numeric(10,5) AS v"), '0.10000')
  const when = new Date('2026-03-29T01:30:00.123Z')
  assert.deepEqual(await one(c, 'SELECT $1::timestamptz AS v', [when]), when)
  assert.equal((await one(c, "SELECT '1 mon 2 days 03:04:05.678'::interval AS v")).toISOString(), 'P0Y1M2DT3H4M5.678S')
  assert.deepEqual(await one(c, "SELECT '(1,2)'::point AS v"), { x: 1, y: 2 })
  const r = await c.query({ text: 'SELECT 1::int AS a, $1::text AS b', values: ['x'], rowMode: 'array' })
  assert.deepEqual(r.rows, [[1, 'x']])
  assert.deepEqual(r.fields.map((f) => [f.name, f.dataTypeID]), [['a', 23], ['b', 25]])
})

await attempt('statements', async (c) => {
  await c.query('CREATE TEMP TABLE t (id serial PRIMARY KEY, v text)')
  for (let i = 0; i < 5; i++) {
    const r = await c.query({ name: 'insert', text: 'INSERT INTO t (v) VALUES ($1) RETURNING id', values: [String(i)] })
    assert.deepEqual([r.command, r.rowCount, r.rows[0].id], ['INSERT', 1, i + 1])
  }
  const several = await c.query("SELECT 1 AS a; UPDATE t SET v = v || '!' WHERE id < 3; SELECT 2 AS b")
  assert.deepEqual(several.map((r) => [r.command, r.rowCount]), [['SELECT', 1], ['UPDATE', 2], ['SELECT', 1]])
  const all = await Promise.all([1, 2, 3].map((i) => one(c, 'SELECT $1::int * 2 AS v', [i])))
  assert.deepEqual(all, [2, 4, 6])
})

await attempt('errors', async (c) => {
  await c.query('CREATE TEMP TABLE e (a int CONSTRAINT small CHECK (a < 10), b int UNIQUE NOT NULL)')
  for (const [text, code, field] of [['INSERT INTO e VALUES (11, 1)', '23514', 'small'], ['INSERT INTO e VALUES (1, 1), (2, 1)', '23505', 'e_b_key'],
    ['INSERT INTO e VALUES (1, NULL)', '23502', undefined], ['SELEC', '42601', undefined], ['SELECT * FROM nowhere', '42P01', undefined]]) {
    await assert.rejects(c.query(text), (e) => e.code === code && e.constraint === field && e.severity === 'ERROR')
  }
  await assert.rejects(c.query('SELECT $1::int', ['x']), { code: '22P02' })
  assert.equal(await one(c, 'SELECT 1 AS v'), 1)
})

await attempt('transactions and retries', async (c) => {
  await c.query('DROP TABLE IF EXISTS node_counter; CREATE TABLE node_counter (n int); INSERT INTO node_counter VALUES (0)')
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  const bump = async () => {
    for (;;) {
      const k = await pool.connect()
      try {
        await k.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
        const { rows } = await k.query('SELECT n FROM node_counter')
        await k.query('UPDATE node_counter SET n = $1', [rows[0].n + 1])
        await k.query('COMMIT')
        return
      } catch (e) {
        await k.query('ROLLBACK')
        if (e.code !== '40001' && e.code !== '40P01') throw e
      } finally {
        k.release()
      }
    }
  }
  await Promise.all(Array.from({ length: 20 }, bump))
  assert.equal(await one(c, 'SELECT n FROM node_counter'), 20)
  await pool.end()
})

await attempt('cursors and streams', async (c) => {
  const cursor = c.query(new Cursor('SELECT i FROM generate_series(1, $1::int) i', [250]))
  const sizes = []
  for (let rows; (rows = await cursor.read(100)).length;) sizes.push(rows.length)
  assert.deepEqual(sizes, [100, 100, 50])
  await cursor.close()
  let sum = 0
  for await (const row of c.query(new QueryStream('SELECT i FROM generate_series(1, 5000) i', [], { batchSize: 64 }))) sum += row.i
  assert.equal(sum, 12502500)
})

await attempt('copy', async (c) => {
  await c.query('CREATE TEMP TABLE cp (a int, b text)')
  await pipeline(Readable.from(Array.from({ length: 1000 }, (_, i) => `${i}\trow ${i}\n`)), c.query(copyFrom('COPY cp FROM STDIN')))
  const lines = []
  await pipeline(c.query(copyTo('COPY (SELECT * FROM cp WHERE a < 2 ORDER BY a) TO STDOUT')),
    new Writable({ write(chunk, _, done) { lines.push(chunk.toString()); done() } }))
  assert.equal(lines.join(''), '0\trow 0\n1\trow 1\n')
})

await attempt('notifications, notices, cancel', async (c) => {
  const other = new pg.Client(url)
  await other.connect()
  await c.query('LISTEN "node ch"')
  const got = once(c, 'notification')
  await other.query("SELECT pg_notify('node ch', 'payload')")
  assert.equal((await got)[0].payload, 'payload')
  const notice = once(c, 'notice')
  await c.query('DROP TABLE IF EXISTS node_nowhere')
  assert.equal((await notice)[0].severity, 'NOTICE')
  const slow = c.query('SELECT pg_sleep(30)')
  await sleep(100)
  await other.query('SELECT pg_cancel_backend($1)', [c.processID])
  await assert.rejects(slow, { code: '57014' })
  await c.query('SET statement_timeout = 100')
  await assert.rejects(c.query('SELECT pg_sleep(30)'), { code: '57014' })
  await other.end()
})

await attempt('terminated', async (c) => {
  const victim = new pg.Client(url)
  await victim.connect()
  const lost = once(victim, 'error')
  victim.on('error', () => {})
  await c.query('SELECT pg_terminate_backend($1)', [victim.processID])
  assert.equal((await lost)[0].code, '57P01')
})

await attempt('knex', async () => {
  const knex = knexLibrary({ client: 'pg', connection: url, pool: { min: 0, max: 3 } })
  try {
    await knex.schema.dropTableIfExists('knex_books').dropTableIfExists('knex_authors')
    await knex.schema.createTable('knex_authors', (t) => { t.increments(); t.string('name').notNullable().unique(); t.jsonb('extra').defaultTo('{}'); t.timestamps(true, true) })
    await knex.schema.createTable('knex_books', (t) => { t.uuid('id').primary().defaultTo(knex.fn.uuid()); t.integer('author_id').references('knex_authors.id').onDelete('CASCADE').index(); t.decimal('price', 8, 2); t.enu('kind', ['a', 'b']) })
    assert.equal(await knex.schema.hasColumn('knex_books', 'price'), true)
    const [{ id }] = await knex('knex_authors').insert({ name: 'x', extra: { k: 1 } }).returning('id')
    await knex.batchInsert('knex_books', Array.from({ length: 50 }, (_, i) => ({ author_id: id, price: i, kind: 'a' })), 20)
    await knex('knex_authors').insert({ name: 'x', extra: { k: 2 } }).onConflict('name').merge()
    assert.equal((await knex('knex_authors').whereJsonPath('extra', '$.k', '=', 2).first()).name, 'x')
    assert.deepEqual(await knex('knex_books').join('knex_authors', 'knex_authors.id', 'author_id').groupBy('name').select('name').sum('price as s'), [{ name: 'x', s: '1225.00' }])
    await assert.rejects(knex.transaction(async (t) => { await t('knex_books').del(); throw new Error('undo') }), /undo/)
    assert.equal(Number((await knex('knex_books').count())[0].count), 50)
    await knex.schema.alterTable('knex_books', (t) => { t.string('title', 20); t.dropColumn('kind'); t.renameColumn('price', 'cost') })
    assert.deepEqual(Object.keys(await knex('knex_books').columnInfo()).sort(), ['author_id', 'cost', 'id', 'title'])
  } finally {
    await knex.destroy()
  }
})

process.exit(failures ? 1 : 0)
