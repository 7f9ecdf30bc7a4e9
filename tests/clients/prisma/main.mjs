// Prisma: migrations, introspection, and the client with its adapter.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import pg from 'pg'
import { attempt, finish } from './report.mjs'

const run = promisify(execFile)
const env = { ...process.env, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', NO_COLOR: '1', CI: '1',
  PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_QUERY_ENGINE_LIBRARY: '/bin/true' }
const server = new URL(process.env.DATABASE_URL)
const of = (database) => { const u = new URL(server); u.pathname = database; return u.href }
const url = of('prisma_one')

// A command of Prisma's program; what it prints.
async function prisma(version, database, ...args) {
  const config = version === 'prisma' ? 'prisma.config.mjs' : 'migrate.config.mjs'
  try {
    const running = run('node', ['--import', './timers.mjs', `node_modules/${version}/build/index.js`, ...args, '--config', config], { env: { ...env, DATABASE_URL: of(database) } })
    running.child.stdin.end()
    const { stdout, stderr } = await running
    return stdout + stderr
  } catch (e) {
    throw new Error(`${args.join(' ')}: ${(e.stdout + e.stderr).match(/Error[^]*/) ?? e}`)
  }
}
const migrate = (...args) => prisma('prisma6', 'prisma_one', ...args)

const schema = readFileSync('schema.prisma', 'utf8').replace('provider = "postgresql"', '$&\n  url = env("DATABASE_URL")')
const changed = schema.replace('  LOW\n', '  LOW\n  MIDDLE\n').replace('  books     Book[]\n', '  books     Book[]\n  nick      String  @default("none")\n  @@index([nick], type: Hash)\n')
  .replace('words  String?', 'words  String? @db.VarChar(90)').replace('@@index([title, price(sort: Desc)])', '@@index([title])')

async function query(database, text) {
  const client = new pg.Client(of(database))
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

const shape = (text) => text.split('\n').map((line) => line.replace(/\s+/g, ' ').trim()).filter((line) => line && !/^(Loaded|Prisma|WARNING|-|The values|We recommend|url)/.test(line)).sort()

rmSync('work', { recursive: true, force: true })
mkdirSync('work')
writeFileSync('work/schema.prisma', schema)
for (const name of ['prisma_one', 'prisma_two']) await query('postgres', `DROP DATABASE IF EXISTS ${name}`).then(() => query('postgres', `CREATE DATABASE ${name}`))

await attempt('first migration', async () => {
  await migrate('migrate', 'dev', '--name', 'first', '--skip-generate')
  assert.match(await migrate('migrate', 'status'), /up to date/)
  assert.deepEqual((await query('prisma_one', 'SELECT migration_name LIKE \'%_first\' AS first, applied_steps_count FROM _prisma_migrations')).rows, [{ first: true, applied_steps_count: 1 }])
})

await attempt('a schema that changes', async () => {
  writeFileSync('work/schema.prisma', changed)
  await migrate('migrate', 'dev', '--name', 'second', '--skip-generate')
  const folder = readdirSync('work/migrations').find((name) => name.endsWith('_second'))
  const text = readFileSync(`work/migrations/${folder}/migration.sql`, 'utf8')
  for (const part of [/ADD VALUE 'MIDDLE'/, /ADD COLUMN\s+"nick"/, /USING HASH/, /DROP INDEX "Book_title_price_idx"/]) assert.match(text, part)
  assert.match(await migrate('migrate', 'dev', '--name', 'third', '--skip-generate'), /in sync/)
  assert.equal(readdirSync('work/migrations').length, 3)
})

await attempt('introspection', async () => {
  const pulled = await migrate('db', 'pull', '--print')
  for (const part of ['model Author', '@@map("authors")', 'model Book', 'tags String[]', 'price Decimal? @db.Decimal(8, 2)', '@db.Uuid', '@@unique([authorId, title], map: "one_title")', '@@index([nick], type: Hash)', 'enum Mood', 'HIGH @map("high")',
    'onDelete: Cascade', 'days DateTime[] @db.Date', 'clock DateTime? @db.Time(3)', 'createdAt DateTime @default(now()) @map("created_at") @db.Timestamptz(3)']) assert.ok(shape(pulled).join('\n').includes(part), `${part} is not in\n${pulled}`)
})

await attempt('deploy, push, reset', async () => {
  assert.match(await prisma('prisma6', 'prisma_two', 'migrate', 'deploy'), /second/)
  assert.match(await prisma('prisma6', 'prisma_two', 'migrate', 'deploy'), /No pending migrations/)
  assert.match(await prisma('prisma6', 'prisma_two', 'db', 'push', '--skip-generate'), /already in sync/)
  writeFileSync('work/schema.prisma', schema.replace('  n  Int @default(0)\n', '  n  Int @default(0)\n  more String? @unique\n'))
  assert.match(await prisma('prisma6', 'prisma_two', 'db', 'push', '--skip-generate', '--accept-data-loss'), /now in sync/)
  writeFileSync('work/schema.prisma', changed)
  await prisma('prisma6', 'prisma_two', 'migrate', 'reset', '--force', '--skip-generate', '--skip-seed')
  assert.match(await prisma('prisma6', 'prisma_two', 'migrate', 'status'), /up to date/)
})

await prisma('prisma', 'prisma_one', 'generate')
const { PrismaClient, Prisma } = (await import('@prisma/client')).default
const { PrismaPg } = await import('@prisma/adapter-pg')

async function connected(config, fn, options = {}) {
  const db = new PrismaClient({ adapter: new PrismaPg(config), ...options })
  try {
    return await fn(db)
  } finally {
    await db.$disconnect()
  }
}

const using = (what, fn, config = {}) => attempt(what, () => connected({ connectionString: url, ...config }, fn))
// The error of the server below Prisma's own.
const state = (code) => (e) => e.meta?.driverAdapterError?.cause?.originalCode === code || assert.fail(`${e.code} ${JSON.stringify(e.meta)} ${e.message}`)

await attempt('TLS and SCRAM', async () => {
  const secure = (ssl, change = (u) => u) => connected({ connectionString: change(process.env.SECURE_URL), ssl }, (db) =>
    db.$queryRaw`SELECT current_user::text AS u, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`)
  const ca = readFileSync(process.env.SECURE_CA, 'utf8')
  assert.deepEqual(await secure({ ca }), [{ u: 'secure', ssl: true }])
  await assert.rejects(secure(false), /rejects connection/)
  await assert.rejects(secure({ ca }, (u) => u.replace('p%40ss', 'pass')), (e) => /P1000|Authentication failed|authentication failed/.test(`${e.code} ${e.message} ${JSON.stringify(e.meta)}`) || assert.fail(e.message))
})

await using('types', async (db) => {
  const values = { flag: true, whole: 1 << 30, big: 9007199254740993n, real: 0.25, double: 1e-300, exact: new Prisma.Decimal('12345678901234567890.0123'), words: "it's é", fixed: 'abc', bytes: new Uint8Array([0, 255, 39]),
    day: new Date('2026-02-03'), clock: new Date('1970-01-01T04:05:06.789Z'), moment: new Date('2026-03-29T01:30:00.123Z'), plain: new Date('1969-12-31T23:59:59.999Z'), uuid: '01234567-89ab-4def-8123-456789abcdef',
    json: { a: [1, null, 'x'] }, text: [1, { b: true }], net: '10.1.2.3', bits: '101', mood: 'HIGH', ints: [1, 2], bigs: [1n, -(1n << 62n)], moods: ['HIGH', 'LOW'], days: [new Date('2026-02-03')] }
  const { id } = await db.every.create({ data: values })
  const found = await db.every.findUniqueOrThrow({ where: { id } })
  for (const [name, value] of Object.entries(values)) assert.deepEqual(found[name], value, name)
  for (const [name, value] of Object.entries(values)) if (!['json', 'text'].includes(name)) {
    assert.equal(await db.every.count({ where: { [name]: Array.isArray(value) ? { equals: value } : value } }), 1, name)
  }
  const nulls = await db.every.create({ data: {} })
  assert.deepEqual(Object.entries(nulls).filter(([name, value]) => name !== 'id' && value !== null && value.length !== 0), [])
})

await using('relations', async (db) => {
  const ann = await db.author.create({ data: { name: 'Ann', extra: { k: { deep: [1] } }, books: { create: [{ title: 'x', price: '1.50', tags: ['a,b', '"'] }, { title: 'y', price: 20, tags: [], readers: { create: [{ email: 'a@x' }, { email: 'b@x' }] } }] } }, include: { books: { include: { readers: true }, orderBy: { title: 'desc' } } } })
  assert.deepEqual(ann.books.map((b) => [b.title, b.readers.length, b.tags]), [['y', 2, []], ['x', 0, ['a,b', '"']]])
  await db.reader.update({ where: { email: 'a@x' }, data: { books: { connect: { authorId_title: { authorId: ann.id, title: 'x' } } } } })
  assert.deepEqual((await db.author.findMany({ where: { books: { some: { readers: { every: { email: { endsWith: '@x' } } } }, none: { price: { lt: 1 } } } }, select: { name: true, _count: { select: { books: true } } } })), [{ name: 'Ann', _count: { books: 2 } }])
  assert.equal(await db.author.count({ where: { extra: { path: ['k', 'deep'], array_contains: [1] } } }), 1)
  assert.equal(await db.book.count({ where: { OR: [{ tags: { has: 'a,b' } }, { tags: { isEmpty: true } }], title: { in: ['x', 'y'], mode: 'insensitive' }, NOT: { price: null } } }), 2)
})

await using('queries', async (db) => {
  assert.equal((await db.author.upsert({ where: { name: 'Bob' }, create: { name: 'Bob' }, update: { mood: 'HIGH' } })).mood, 'LOW')
  assert.equal((await db.author.upsert({ where: { name: 'Bob' }, create: { name: 'Bob' }, update: { mood: 'HIGH' } })).mood, 'HIGH')
  assert.deepEqual(await db.author.createMany({ data: [{ name: 'Bob' }, { name: 'Cid' }], skipDuplicates: true }), { count: 1 })
  const made = await db.reader.createManyAndReturn({ data: Array.from({ length: 120 }, (_, i) => ({ email: `r${String(i).padStart(3, '0')}` })) })
  assert.equal(made.length, 120)
  const page = await db.reader.findMany({ cursor: { email: 'r050' }, skip: 1, take: 3, orderBy: { email: 'asc' } })
  assert.deepEqual(page.map((r) => r.email), ['r051', 'r052', 'r053'])
  assert.deepEqual((await db.reader.findMany({ cursor: { email: 'r050' }, take: -2, orderBy: { email: 'asc' } })).map((r) => r.email), ['r049', 'r050'])
  const sums = await db.book.aggregate({ _sum: { price: true }, _avg: { price: true }, _max: { title: true }, _count: true })
  assert.deepEqual([String(sums._sum.price), String(sums._avg.price), sums._max.title, sums._count], ['21.5', '10.75', 'y', 2])
  assert.deepEqual(await db.author.groupBy({ by: ['mood'], _count: { _all: true }, orderBy: { mood: 'asc' }, having: { id: { _count: { gt: 0 } } } }), [{ _count: { _all: 2 }, mood: 'LOW' }, { _count: { _all: 1 }, mood: 'HIGH' }])
  assert.deepEqual(await db.book.updateMany({ where: { title: 'x' }, data: { price: { increment: 1 }, tags: { push: 'c' } } }), { count: 1 })
  assert.deepEqual((await db.book.findFirst({ where: { title: 'x' } })).tags, ['a,b', '"', 'c'])
  assert.deepEqual((await db.book.updateManyAndReturn({ where: { title: 'x' }, data: { price: { multiply: 2 } }, select: { price: true } })).map((b) => String(b.price)), ['5'])
  assert.deepEqual(await db.book.findMany({ distinct: ['authorId'], select: { authorId: true } }), [{ authorId: 1 }])
  assert.equal(await db.reader.deleteMany({ where: { email: { startsWith: 'r', gte: 'r100' } } }).then((r) => r.count), 20)
  assert.deepEqual((await db.reader.findMany({ where: { id: { in: Array.from({ length: 30000 }, (_, i) => BigInt(i)) } }, take: 1, orderBy: { id: 'asc' } })).length, 1)
})

await using('raw', async (db) => {
  const [row] = await db.$queryRaw`SELECT ${1}::int AS a, ${'x'} AS b, ${new Date(0)}::timestamptz AS c, ${[1, 2]}::int[] AS d, ${10n ** 15n}::int8 AS e, ${{ k: 1 }}::jsonb AS f, NULL AS g, 1.50 AS h`
  assert.deepEqual([row.a, row.b, row.c.getTime(), row.d, row.e, row.f, row.g, String(row.h)], [1, 'x', 0, [1, 2], 10n ** 15n, { k: 1 }, null, '1.5'])
  assert.equal(await db.$executeRaw`UPDATE authors SET nick = ${'n'} WHERE name IN (${Prisma.join(['Ann', 'Bob'])})`, 2)
  assert.equal(await db.$executeRawUnsafe('UPDATE authors SET nick = $1', 'none'), 3)
})

await using('errors', async (db) => {
  await assert.rejects(db.author.create({ data: { name: 'Ann' } }), (e) => e instanceof Prisma.PrismaClientKnownRequestError && e.code === 'P2002' && state('23505')(e))
  await assert.rejects(db.book.create({ data: { title: 'z', authorId: 999 } }), { code: 'P2003' })
  await assert.rejects(db.author.create({ data: { name: 'a'.repeat(41) } }), { code: 'P2000' })
  await assert.rejects(db.author.update({ where: { id: 999 }, data: { name: 'q' } }), { code: 'P2025' })
  await assert.rejects(db.$queryRaw`SELECT * FROM nowhere`, state('42P01'))
  await assert.rejects(db.$queryRaw`SELECT 1 / ${0}::int`, state('22012'))
})

await using('transactions', async (db) => {
  await assert.rejects(db.$transaction([db.author.create({ data: { name: 'gone' } }), db.author.create({ data: { name: 'Ann' } })]), { code: 'P2002' })
  await assert.rejects(db.$transaction(async (t) => { await t.author.create({ data: { name: 'gone' } }); throw new Error('undo') }), /undo/)
  await db.$transaction(async (t) => { await t.author.create({ data: { name: 'kept' } }); await t.author.findMany() }, { isolationLevel: 'Serializable' })
  assert.deepEqual(await db.author.findMany({ where: { name: { in: ['gone', 'kept'] } }, select: { name: true } }), [{ name: 'kept' }])
  await assert.rejects(db.$transaction(async (t) => { await t.$queryRaw`SELECT pg_sleep(1)::text`; await t.author.count() }, { timeout: 200 }), { code: 'P2028' })
})

await using('retry on 40001', async (db) => {
  await db.counter.create({ data: { id: 1 } })
  const add = async () => {
    for (;;) {
      try {
        return await db.$transaction(async (t) => {
          const { n } = await t.counter.findUniqueOrThrow({ where: { id: 1 } })
          await t.counter.update({ where: { id: 1 }, data: { n: n + 1 } })
        }, { isolationLevel: 'Serializable', maxWait: 30000 })
      } catch (e) {
        if (e.code !== 'P2034') throw e
      }
    }
  }
  await Promise.all(Array.from({ length: 12 }, add))
  assert.equal((await db.counter.findUnique({ where: { id: 1 } })).n, 12)
}, { max: 4 })

await using('timeouts and cancel', async (db) => {
  await assert.rejects(db.$queryRaw`SELECT pg_sleep(30)::text`, state('57014'))
  assert.deepEqual(await db.$queryRaw`SHOW application_name`, [{ application_name: 'prisma' }])
}, { statement_timeout: 200, application_name: 'prisma' })

finish()
