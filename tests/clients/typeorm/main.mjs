// TypeORM: schemas made from entities and read back, migrations, repositories, query builder.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import 'reflect-metadata'
import typeorm from 'typeorm'
import { attempt, finish } from './report.mjs'

const { DataSource, EntitySchema, In, IsNull, LessThan, Like, MoreThan, Raw, ArrayContains } = typeorm
const url = process.env.DATABASE_URL

const author = new EntitySchema({
  name: 'Author', tableName: 'orm_author',
  columns: {
    id: { type: Number, primary: true, generated: 'increment' },
    name: { type: String, length: 40, unique: true },
    mood: { type: 'enum', enum: ['low', 'high'], default: 'low' },
    extra: { type: 'jsonb', default: {} },
    createdAt: { type: 'timestamptz', createDate: true },
    updatedAt: { type: 'timestamptz', updateDate: true },
    deletedAt: { type: 'timestamptz', deleteDate: true, nullable: true },
    version: { type: Number, version: true },
  },
  relations: { books: { type: 'one-to-many', target: 'Book', inverseSide: 'author', cascade: true } },
})
const book = new EntitySchema({
  name: 'Book', tableName: 'orm_book',
  columns: {
    id: { type: 'uuid', primary: true, generated: 'uuid' },
    title: { type: 'text' },
    price: { type: 'numeric', precision: 8, scale: 2, nullable: true, comment: 'in euro' },
    tags: { type: 'text', array: true, default: () => "'{}'" },
  },
  relations: {
    author: { type: 'many-to-one', target: 'Author', inverseSide: 'books', onDelete: 'CASCADE', nullable: false },
    readers: { type: 'many-to-many', target: 'Reader', joinTable: { name: 'orm_book_reader' }, inverseSide: 'books' },
  },
  indices: [{ columns: ['title'] }, { columns: ['price'], where: 'price > 10' }],
  checks: [{ expression: 'price >= 0' }],
})
const reader = new EntitySchema({
  name: 'Reader', tableName: 'orm_reader',
  columns: { id: { type: Number, primary: true, generated: 'identity', generatedIdentity: 'ALWAYS' }, email: { type: String, collation: 'C' },
    shout: { type: 'text', generatedType: 'STORED', asExpression: 'upper(email)', nullable: true } },
  relations: { books: { type: 'many-to-many', target: 'Book', inverseSide: 'readers' } },
})
const category = new EntitySchema({
  name: 'Category', tableName: 'orm_category', trees: [{ type: 'materialized-path' }],
  columns: { id: { type: Number, primary: true, generated: 'increment' }, name: { type: String } },
  relations: { parent: { type: 'many-to-one', target: 'Category', treeParent: true }, children: { type: 'one-to-many', target: 'Category', treeChildren: true, cascade: true, inverseSide: 'parent' } },
})
const cheap = new EntitySchema({
  name: 'Cheap', tableName: 'orm_cheap', type: 'view', expression: "SELECT id, title FROM orm_book WHERE price < 10",
  columns: { id: { type: 'uuid' }, title: { type: 'text' } },
})
const values = {
  flag: ['boolean', true], small: ['smallint', -3], whole: ['integer', 1 << 30], big: ['bigint', '9007199254740993'], real: ['real', 0.25],
  double: ['double precision', 1e-300], exact: ['numeric', '12345.678'], words: ['text', "it's é"], short: ['varchar', 'x'], fixed: ['char', 'y'],
  bytes: ['bytea', Buffer.from([0, 255, 39])], day: ['date', '2026-02-03'], clock: ['time', '04:05:06'], moment: ['timestamptz', new Date('2026-03-29T01:30:00.123Z')],
  uuid: ['uuid', '01234567-89ab-4def-8123-456789abcdef'], json: ['json', { a: [1, null] }], jsonb: ['jsonb', { b: {} }], list: ['simple-array', ['a', 'b']],
  place: ['point', '(1,2)', { x: 1, y: 2 }], net: ['inet', '10.1.2.3'], bits: ['bit varying', '101'], range: ['int4range', '[1,5)'], numbers: ['int', [1, 2], undefined, true],
  texts: ['text', ['a,b', '"q"', ''], undefined, true], moods: ['enum', ['low', 'high'], undefined, true],
}
const every = new EntitySchema({
  name: 'Every', tableName: 'orm_every',
  columns: Object.fromEntries([['id', { type: Number, primary: true, generated: 'increment' }], ...Object.entries(values).map(([name, [type, , , array]]) =>
    [name, { type, nullable: true, ...(array && { array }), ...(type === 'enum' && { enum: ['low', 'high'] }) }])]),
})
const entities = [author, book, reader, category, cheap, every]

async function connected(options, fn) {
  const source = new DataSource({ type: 'postgres', url, entities, uuidExtension: 'pgcrypto', ...options })
  await source.initialize()
  try {
    return await fn(source)
  } finally {
    await source.destroy()
  }
}

const using = (what, fn, options = {}) => attempt(what, () => connected(options, fn))

// The statements that would bring the schema to what the entities say: none, if all was read back as it was made.
const pending = async (source) => (await source.driver.createSchemaBuilder().log()).upQueries.map((q) => q.query)

await attempt('TLS and SCRAM', async () => {
  const ca = readFileSync(process.env.SECURE_CA, 'utf8')
  await connected({ url: process.env.SECURE_URL, ssl: { ca } }, async (source) => {
    assert.deepEqual(await source.query('SELECT current_user::text AS u, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), [{ u: 'secure', ssl: true }])
  })
  await assert.rejects(connected({ url: process.env.SECURE_URL }, () => {}), { code: '28000' })
  await assert.rejects(connected({ url: process.env.SECURE_URL.replace('p%40ss', 'pass'), ssl: { ca } }, () => {}), { code: '28P01' })
})

await using('schema from entities', async (source) => {
  await source.query('DROP VIEW IF EXISTS orm_cheap; DROP TABLE IF EXISTS orm_book_reader, orm_book, orm_author, orm_reader, orm_category, orm_every, orm_extra, orm_migrations CASCADE; DROP TYPE IF EXISTS orm_author_mood_enum, orm_every_moods_enum')
  await source.synchronize()
  assert.deepEqual(await pending(source), [])
  await source.synchronize()
  const runner = source.createQueryRunner()
  const table = await runner.getTable('orm_book')
  assert.deepEqual(table.columns.map((c) => c.name).sort(), ['authorId', 'id', 'price', 'tags', 'title'])
  assert.deepEqual([table.foreignKeys[0].onDelete, table.checks.length, table.findColumnByName('price').comment], ['CASCADE', 1, 'in euro'])
  await runner.release()
})

await using('types', async (source) => {
  const row = Object.fromEntries(Object.entries(values).map(([name, [, value]]) => [name, value]))
  const { id } = await source.manager.save('Every', row)
  const found = await source.manager.findOneByOrFail('Every', { id })
  for (const [name, [type, value, other]] of Object.entries(values)) assert.deepEqual(found[name], other ?? value, type)
  const empty = await source.manager.save('Every', { flag: null })
  const nulls = await source.manager.findOneByOrFail('Every', { id: empty.id })
  assert.deepEqual(Object.entries(nulls).filter(([name, value]) => name !== 'id' && value !== null), [])
})

await using('repositories', async (source) => {
  const authors = source.getRepository('Author'), books = source.getRepository('Book')
  const ann = await authors.save({ name: 'Ann', extra: { k: [1] }, books: [{ title: 'x', price: '1.50', tags: ['a', 'b'] }, { title: 'y', price: '20.00' }] })
  assert.match(ann.books[0].id, /^[0-9a-f-]{36}$/)
  assert.equal(ann.version, 1)
  ann.mood = 'high'
  await authors.save(ann)
  const again = await authors.findOneOrFail({ where: { name: 'Ann' }, relations: { books: true }, order: { books: { title: 'DESC' } } })
  assert.deepEqual([again.mood, again.version, again.extra, again.books.map((b) => [b.title, b.price, b.tags])], ['high', 2, { k: [1] }, [['y', '20.00', []], ['x', '1.50', ['a', 'b']]]])
  assert.equal(await books.countBy({ price: LessThan(10), title: Like('x%'), tags: ArrayContains(['a']) }), 1)
  assert.equal(await books.countBy({ author: { id: In([ann.id, 0]) }, price: MoreThan(2) }), 1)
  assert.equal(await authors.countBy({ extra: Raw((c) => `${c} @> '{"k": [1]}'`), deletedAt: IsNull() }), 1)
  assert.deepEqual((await source.manager.find('Cheap')).map((c) => c.title), ['x'])
  await authors.upsert([{ name: 'Ann', mood: 'low' }, { name: 'Bob' }], ['name'])
  assert.deepEqual((await authors.find({ order: { id: 'ASC' } })).map((a) => [a.name, a.mood]), [['Ann', 'low'], ['Bob', 'low']])
  await authors.softDelete({ name: 'Bob' })
  assert.equal(await authors.count(), 1)
  await authors.restore({ name: 'Bob' })
  await authors.increment({ name: 'Bob' }, 'version', 5)
  assert.equal((await authors.findOneByOrFail({ name: 'Bob' })).version, 8)
  const some = await source.manager.save('Reader', [{ email: 'a@x' }, { email: 'b@x' }])
  const bought = await books.findOneByOrFail({ title: 'x' })
  bought.readers = some
  await books.save(bought)
  assert.deepEqual((await source.manager.find('Reader', { relations: { books: true }, order: { email: 'ASC' } })).map((r) => [r.shout, r.books[0].title]), [['A@X', 'x'], ['B@X', 'x']])
  const [page, total] = await books.findAndCount({ take: 1, skip: 1, order: { title: 'ASC' }, relations: { author: true } })
  assert.deepEqual([page[0].title, page[0].author.name, total], ['y', 'Ann', 2])
})

await using('query builder', async (source) => {
  const grouped = await source.getRepository('Author').createQueryBuilder('a').leftJoin('a.books', 'b').select('a.name', 'name').addSelect('count(b.id)::int', 'n')
    .addSelect('sum(b.price)', 's').groupBy('a.id').having('count(b.id) > :n', { n: 1 }).getRawMany()
  assert.deepEqual(grouped, [{ name: 'Ann', n: 2, s: '21.50' }])
  const inner = source.getRepository('Book').createQueryBuilder('b').where((q) => `b.authorId IN ${q.subQuery().select('a.id').from('Author', 'a').where('a.name = :name').getQuery()}`)
    .setParameter('name', 'Ann').orderBy('b.price', 'DESC', 'NULLS LAST').distinctOn(['b.price'])
  assert.deepEqual((await inner.getMany()).map((b) => b.title), ['y', 'x'])
  const changed = await source.createQueryBuilder().update('Book').set({ price: () => 'price + 1' }).where('title = :t', { t: 'x' }).returning(['id', 'price']).execute()
  assert.deepEqual([changed.affected, changed.raw[0].price], [1, '2.50'])
  const inserted = await source.createQueryBuilder().insert().into('Author').values([{ name: 'Cid' }, { name: 'Ann' }]).orIgnore().execute()
  assert.equal(inserted.raw.length, 1)
  const removed = await source.createQueryBuilder().delete().from('Author').where('name = :n', { n: 'Cid' }).execute()
  assert.equal(removed.affected, 1)
  const cte = await source.createQueryBuilder().addCommonTableExpression('SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5', 't', { recursive: true }).select('sum(n)::int', 's').from('t', 't').getRawOne()
  assert.equal(cte.s, 15)
  const stream = await source.getRepository('Every').createQueryBuilder('e').stream()
  let n = 0
  for await (const row of stream) n += row.e_id ? 1 : 0
  assert.equal(n, 2)
})

await using('trees', async (source) => {
  const trees = source.getTreeRepository('Category')
  const top = await trees.save({ name: 'top', children: [{ name: 'left' }, { name: 'right', children: [{ name: 'leaf' }] }] })
  assert.equal(await trees.countDescendants(top), 4)
  const leaf = await trees.findOneByOrFail({ name: 'leaf' })
  assert.deepEqual((await trees.findAncestors(leaf)).map((c) => c.name).sort(), ['leaf', 'right', 'top'])
  assert.deepEqual((await trees.findTrees())[0].children.map((c) => c.name).sort(), ['left', 'right'])
})

await using('errors', async (source) => {
  const authors = source.getRepository('Author'), books = source.getRepository('Book')
  await assert.rejects(authors.insert({ name: 'Ann' }), (e) => e instanceof typeorm.QueryFailedError && e.driverError.code === '23505' && /already exists/.test(e.driverError.detail))
  await assert.rejects(books.insert({ title: 'z', author: { id: 999 } }), (e) => e.driverError.code === '23503' && e.driverError.table === 'orm_book')
  await assert.rejects(books.insert({ title: 'z', price: '-1', author: { id: 1 } }), (e) => e.driverError.code === '23514')
  await assert.rejects(books.insert({ title: null, author: { id: 1 } }), (e) => e.driverError.code === '23502' && e.driverError.column === 'title')
  await assert.rejects(source.query('SELECT $1::int', ['x']), (e) => e.driverError.code === '22P02')
  await assert.rejects(source.query('SELECT * FROM nowhere'), (e) => e.driverError.code === '42P01' && e.driverError.position === '15')
})

await using('transactions and locks', async (source) => {
  const authors = source.getRepository('Author')
  await assert.rejects(source.transaction(async (m) => { await m.save('Author', { name: 'gone' }); throw new Error('undo') }), /undo/)
  await source.transaction('SERIALIZABLE', async (m) => {
    await m.save('Author', { name: 'kept' })
    await m.transaction(async (inner) => { await inner.save('Author', { name: 'Ann' }) }).catch((e) => assert.equal(e.driverError.code, '23505'))
    await m.findOne('Author', { where: { name: 'kept' }, lock: { mode: 'pessimistic_write' } })
    await m.findOne('Author', { where: { name: 'kept' }, lock: { mode: 'pessimistic_read' } })
    await m.findOne('Author', { where: { name: 'kept' }, lock: { mode: 'for_no_key_update', onLocked: 'skip_locked' } })
    await m.findOne('Author', { where: { name: 'kept' }, lock: { mode: 'for_key_share' } })
    await assert.rejects(source.transaction((other) => other.findOne('Author', { where: { name: 'Ann' }, lock: { mode: 'pessimistic_write', onLocked: 'nowait' } })
      .then(() => source.transaction((third) => third.findOne('Author', { where: { name: 'Ann' }, lock: { mode: 'pessimistic_write', onLocked: 'nowait' } })))), (e) => e.driverError.code === '55P03')
  })
  assert.deepEqual((await authors.findBy({ name: In(['gone', 'kept']) })).map((a) => a.name), ['kept'])
})

await using('retry on 40001', async (source) => {
  await source.query('DROP TABLE IF EXISTS orm_counter; CREATE TABLE orm_counter (n int); INSERT INTO orm_counter VALUES (0)')
  const add = async () => {
    for (;;) {
      try {
        return await source.transaction('SERIALIZABLE', async (m) => {
          const [{ n }] = await m.query('SELECT n FROM orm_counter')
          await m.query('UPDATE orm_counter SET n = $1', [n + 1])
        })
      } catch (e) {
        if (e.driverError?.code !== '40001') throw e
      }
    }
  }
  await Promise.all(Array.from({ length: 12 }, add))
  assert.deepEqual(await source.query('SELECT n FROM orm_counter'), [{ n: 12 }])
}, { extra: { max: 4 } })

await using('timeouts, cancel, notifications', async (source) => {
  await assert.rejects(source.query('SELECT pg_sleep(30)'), (e) => e.driverError.code === '57014')
  const runner = source.createQueryRunner()
  const client = await runner.connect()
  await runner.query('SET statement_timeout = 0')
  const slow = runner.query('SELECT pg_sleep(30)')
  slow.catch(() => {})
  await sleep(100)
  await source.query('SELECT pg_cancel_backend($1)', [client.processID])
  await assert.rejects(slow, (e) => e.driverError.code === '57014')
  await runner.query('LISTEN orm_news')
  const heard = once(client, 'notification')
  await source.query("NOTIFY orm_news, 'hello'")
  assert.equal((await heard)[0].payload, 'hello')
  assert.equal((await source.query('SHOW application_name'))[0].application_name, 'orm')
  await runner.release()
}, { applicationName: 'orm', extra: { statement_timeout: 200 } })

class First1700000000000 {
  async up(runner) {
    await runner.createTable(new typeorm.Table({ name: 'orm_extra', columns: [{ name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' }, { name: 'old', type: 'varchar', length: '10', default: "'o'" },
      { name: 'author', type: 'int' }], foreignKeys: [{ columnNames: ['author'], referencedTableName: 'orm_author', referencedColumnNames: ['id'], onDelete: 'SET NULL' }] }), true)
    await runner.createIndex('orm_extra', new typeorm.TableIndex({ name: 'orm_extra_old', columnNames: ['old'], isUnique: true }))
  }
  async down(runner) { await runner.dropTable('orm_extra') }
}
class Second1700000000001 {
  async up(runner) {
    await runner.renameColumn('orm_extra', 'old', 'fresh')
    await runner.changeColumn('orm_extra', 'fresh', new typeorm.TableColumn({ name: 'fresh', type: 'text', isNullable: true }))
    await runner.addColumn('orm_extra', new typeorm.TableColumn({ name: 'mood', type: 'enum', enum: ['a', 'b'], default: "'a'" }))
    await runner.createUniqueConstraint('orm_extra', new typeorm.TableUnique({ name: 'orm_once', columnNames: ['fresh', 'mood'] }))
    await runner.createCheckConstraint('orm_extra', new typeorm.TableCheck({ name: 'orm_positive', expression: 'id > 0' }))
    await runner.renameTable('orm_extra', 'orm_extras')
  }
  async down(runner) {
    await runner.renameTable('orm_extras', 'orm_extra')
    await runner.dropUniqueConstraint('orm_extra', 'orm_once')
    await runner.dropColumn('orm_extra', 'mood')
    await runner.renameColumn('orm_extra', 'fresh', 'old')
  }
}

await using('migrations', async (source) => {
  assert.equal(await source.showMigrations(), true)
  assert.deepEqual((await source.runMigrations({ transaction: 'all' })).map((m) => m.name), ['First1700000000000', 'Second1700000000001'])
  const runner = source.createQueryRunner()
  const table = await runner.getTable('orm_extras')
  assert.deepEqual(table.columns.map((c) => [c.name, c.type, c.isNullable]), [['id', 'integer', false], ['author', 'integer', false], ['fresh', 'text', true], ['mood', 'enum', false]])
  assert.deepEqual([table.uniques.length, table.checks.map((c) => c.name), table.foreignKeys[0].onDelete, table.findColumnByName('mood').enum], [1, ['orm_positive'], 'SET NULL', ['a', 'b']])
  await source.undoLastMigration()
  assert.equal(await runner.hasColumn('orm_extra', 'old'), true)
  await source.undoLastMigration()
  assert.equal(await runner.hasTable('orm_extra'), false)
  assert.equal(await source.showMigrations(), true)
  await runner.release()
}, { migrations: [First1700000000000, Second1700000000001], migrationsTableName: 'orm_migrations' })

await using('changed entities', async (source) => {
  const changes = await pending(source)
  assert.ok(changes.length === 3, changes.join('; '))
  await source.synchronize()
  assert.deepEqual(await pending(source), [])
  assert.deepEqual((await source.query('SELECT name, nick, mood::text FROM orm_author ORDER BY id LIMIT 1')), [{ name: 'Ann', nick: 'none', mood: 'low' }])
}, { entities: [...entities.filter((e) => e !== author), new EntitySchema({ ...author.options, columns: { ...author.options.columns,
  nick: { type: String, default: 'none' }, mood: { type: 'enum', enum: ['low', 'middle', 'high'], default: 'low' } }, indices: [{ columns: ['nick', 'name'] }] })] })

finish()
