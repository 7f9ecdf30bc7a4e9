use crate::common::{attempt, equal, url, Outcome};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use futures_util::TryStreamExt;
use rust_decimal::Decimal;
use sqlx::migrate::Migrator;
use sqlx::postgres::types::{PgInterval, PgRange};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions, PgSslMode};
use sqlx::types::{ipnetwork::IpNetwork, Json, Uuid};
use sqlx::{Acquire, Column, ConnectOptions, Connection, Decode, Encode, Executor, FromRow, Postgres, QueryBuilder, Row, Statement, Type, TypeInfo};
use std::ops::Bound;
use std::time::Duration;

async fn connect() -> sqlx::Result<PgConnection> {
    PgConnection::connect(&url()).await
}

fn has_code<T>(result: sqlx::Result<T>, code: &str) -> Outcome {
    let got = result.err().and_then(|e| e.as_database_error().and_then(|d| d.code().map(|c| c.to_string())));
    equal(got.as_deref(), Some(code))
}

async fn login() -> Outcome {
    let secure = std::env::var("SECURE_URL")?;
    let mut c = PgConnection::connect(&format!("{secure}?sslmode=verify-full&sslrootcert={}", std::env::var("SECURE_CA")?)).await?;
    let row: (String, bool) = sqlx::query_as("SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetch_one(&mut c).await?;
    equal(row, ("secure".into(), true))?;
    let plain = secure.parse::<PgConnectOptions>()?.ssl_mode(PgSslMode::Disable);
    has_code(plain.connect().await, "28000")?;
    let options = url().parse::<PgConnectOptions>()?.application_name("sqlx tests").options([("statement_timeout", "5s"), ("search_path", "pg_temp,public")]);
    let mut c = options.connect().await?;
    let row: (String, String) =
        sqlx::query_as("SELECT current_setting('application_name'), current_setting('statement_timeout')").fetch_one(&mut c).await?;
    equal(row, ("sqlx tests".into(), "5s".into()))
}

async fn same<T>(c: &mut PgConnection, cast: &str, value: T) -> Outcome
where
    T: Clone + PartialEq + std::fmt::Debug + Send + for<'q> Encode<'q, Postgres> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Unpin,
{
    let text = format!("SELECT $1::{cast}, NULL::{cast}, $1::{cast} IS NULL");
    let row: (T, Option<T>, bool) = sqlx::query_as(&text).bind(value.clone()).fetch_one(&mut *c).await?;
    equal(row, (value, None, false))?;
    let row: (Option<T>, Option<T>, bool) = sqlx::query_as(&text).bind(None::<T>).fetch_one(c).await?;
    equal(row, (None, None, true))
}

#[derive(Debug, Clone, Copy, PartialEq, sqlx::Type)]
#[sqlx(type_name = "sqlx_mood", rename_all = "lowercase")]
enum Mood {
    Low,
    High,
}

#[derive(Debug, Clone, PartialEq, sqlx::Type)]
#[sqlx(type_name = "sqlx_pair")]
struct Pair {
    a: i32,
    b: Option<Mood>,
}

async fn types() -> Outcome {
    let c = &mut connect().await?;
    same(c, "bool", true).await?;
    same(c, "int2", i16::MIN).await?;
    same(c, "int4", vec![1i32, 2]).await.err().ok_or("an array as a number")?;
    same(c, "int4[]", vec![Some(1i32), None]).await?;
    same(c, "int8", i64::MIN).await?;
    same(c, "float8", -1e300).await?;
    same(c, "text", "it's é".to_string()).await?;
    same(c, "text[]", vec!["a,b".to_string(), "\"".into(), "".into()]).await?;
    same(c, "bytea", vec![0u8, 255]).await?;
    same(c, "date", NaiveDate::from_ymd_opt(1, 2, 3).unwrap()).await?;
    same(c, "time", NaiveTime::from_hms_micro_opt(1, 2, 3, 4).unwrap()).await?;
    same(c, "timestamptz", DateTime::<Utc>::from_timestamp(1_700_000_000, 1000).unwrap()).await?;
    same(c, "uuid", Uuid::from_u128(1 << 127)).await?;
    same(c, "jsonb", Json(vec![Some(1.5), None])).await?;
    same(c, "json", serde_json::json!({"a": {"b": null}})).await?;
    same(c, "inet", "10.1.2.3/8".parse::<IpNetwork>()?).await?;
    same(c, "cidr", "10.0.0.0/8".parse::<IpNetwork>()?).await?;
    same(c, "interval", PgInterval { months: -1, days: 2, microseconds: 3 }).await?;
    same(c, "numeric", "123456789.0001".parse::<Decimal>()?).await?;
    same(c, "int8range", PgRange { start: Bound::Included(1i64), end: Bound::Excluded(5) }).await?;
    c.execute("DROP TYPE IF EXISTS sqlx_pair, sqlx_mood CASCADE; CREATE TYPE sqlx_mood AS ENUM ('low', 'high'); CREATE TYPE sqlx_pair AS (a int, b sqlx_mood)").await?;
    let c = &mut connect().await?;
    same(c, "sqlx_mood", Mood::High).await?;
    same(c, "sqlx_pair", Pair { a: 1, b: Some(Mood::Low) }).await?;
    same(c, "sqlx_pair", Pair { a: 2, b: None }).await
}

async fn describe() -> Outcome {
    let mut c = connect().await?;
    c.execute("CREATE TEMP TABLE d (id serial PRIMARY KEY, v text, n numeric(10,2) NOT NULL)").await?;
    let s = c.prepare("SELECT id, v, n, id + $1 AS next FROM d WHERE v = $2").await?;
    equal(s.columns().iter().map(|x| (x.name(), x.type_info().name())).collect::<Vec<_>>(), vec![("id", "INT4"), ("v", "TEXT"), ("n", "NUMERIC"), ("next", "INT4")])?;
    // What the macros ask when a program is compiled: which columns may be NULL, by the catalog and EXPLAIN.
    let d = (&mut c).describe("SELECT id, v, n, id + 1 AS next FROM d").await?;
    equal((0..4).map(|i| d.nullable(i)).collect::<Vec<_>>(), vec![Some(false), Some(true), Some(false), None])
}

#[derive(Debug, PartialEq, FromRow)]
struct Item {
    id: i32,
    #[sqlx(rename = "v")]
    value: Option<String>,
}

async fn statements() -> Outcome {
    let mut c = connect().await?;
    c.execute("CREATE TEMP TABLE s (id int PRIMARY KEY, v text)").await?;
    let mut many = QueryBuilder::<Postgres>::new("INSERT INTO s (id, v) ");
    many.push_values(0..1000, |mut b, i| {
        b.push_bind(i).push_bind((i % 2 == 0).then(|| i.to_string()));
    });
    equal(many.build().execute(&mut c).await?.rows_affected(), 1000)?;
    let (ids, values): (Vec<i32>, Vec<Option<String>>) = ((1000..1100).collect(), vec![None; 100]);
    let done = sqlx::query("INSERT INTO s SELECT * FROM UNNEST($1::int4[], $2::text[])").bind(ids).bind(values).execute(&mut c).await?;
    equal(done.rows_affected(), 100)?;
    let items: Vec<Item> = sqlx::query_as("SELECT * FROM s WHERE id < $1 ORDER BY id").bind(2).fetch_all(&mut c).await?;
    equal(items, vec![Item { id: 0, value: Some("0".into()) }, Item { id: 1, value: None }])?;
    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM s").fetch_one(&mut c).await?;
    equal(n, 1100)?;
    let mut rows = sqlx::query("SELECT g FROM generate_series(1, 20000) g").fetch(&mut c);
    let mut sum = 0i64;
    while let Some(row) = rows.try_next().await? {
        sum += i64::from(row.get::<i32, _>("g"));
    }
    drop(rows);
    equal(sum, 200010000)?;
    // A statement in the cache whose table changes.
    c.execute("ALTER TABLE s ADD COLUMN w int DEFAULT 7").await?;
    let w: i32 = sqlx::query_scalar("SELECT w FROM s WHERE id = $1").bind(1).fetch_one(&mut c).await?;
    equal(w, 7)?;
    let mut copy = c.copy_in_raw("COPY s (id, v) FROM STDIN CSV").await?;
    copy.send(&b"2000,x\n2001,\n"[..]).await?;
    equal(copy.finish().await?, 2)?;
    let mut out = Vec::new();
    let mut copied = c.copy_out_raw("COPY (SELECT id, v FROM s WHERE id >= 2000 ORDER BY 1) TO STDOUT").await?;
    while let Some(bytes) = copied.try_next().await? {
        out.extend_from_slice(&bytes);
    }
    equal(out, b"2000\tx\n2001\t\\N\n".to_vec())
}

async fn failing() -> Outcome {
    let mut c = connect().await?;
    c.execute("CREATE TEMP TABLE f (a int PRIMARY KEY CONSTRAINT f_positive CHECK (a > 0))").await?;
    let e = sqlx::query("INSERT INTO f VALUES ($1)").bind(-1).execute(&mut c).await.err().ok_or("no error")?;
    let db = e.as_database_error().ok_or("no error of the server")?;
    equal((db.is_check_violation(), db.constraint(), db.table()), (true, Some("f_positive"), Some("f")))?;
    let mut tx = Connection::begin(&mut c).await?;
    sqlx::query("INSERT INTO f VALUES (1)").execute(&mut *tx).await?;
    let mut inner = tx.begin().await?;
    has_code(sqlx::query("INSERT INTO f VALUES (1)").execute(&mut *inner).await, "23505")?;
    inner.rollback().await?;
    tx.commit().await?;
    drop(Connection::begin(&mut c).await?);
    has_code(c.execute("SELECT * FROM sqlx_none").await, "42P01")?;
    c.execute("SET statement_timeout = '50ms'").await?;
    has_code(c.execute("SELECT pg_sleep(30)").await, "57014")?;
    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM f").fetch_one(&mut c).await?;
    equal(n, 1)
}

async fn listening() -> Outcome {
    let pool = PgPool::connect(&url()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen_all(["sqlx", "Sqlx two"]).await?;
    sqlx::query("SELECT pg_notify($1, $2)").bind("Sqlx two").bind("hi").execute(&pool).await?;
    let n = listener.recv().await?;
    equal((n.channel(), n.payload()), ("Sqlx two", "hi"))
}

async fn pooled() -> Outcome {
    let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(30)).connect(&url()).await?;
    pool.execute("DROP TABLE IF EXISTS sqlx_counter; CREATE TABLE sqlx_counter (n int); INSERT INTO sqlx_counter VALUES (0)").await?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let pool = pool.clone();
        tasks.spawn(async move {
            loop {
                let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
                match sqlx::query("UPDATE sqlx_counter SET n = n + 1").execute(&mut *tx).await {
                    Ok(_) => break tx.commit().await,
                    Err(e) if e.as_database_error().and_then(|d| d.code()).as_deref() == Some("40001") => tx.rollback().await?,
                    Err(e) => break Err(e),
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let n: i32 = sqlx::query_scalar("SELECT n FROM sqlx_counter").fetch_one(&pool).await?;
    equal(n, 20)?;
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await?;
    sqlx::query("SELECT n FROM sqlx_counter").fetch_one(&mut *tx).await?;
    sqlx::query("UPDATE sqlx_counter SET n = 0").execute(&pool).await?;
    has_code(sqlx::query("UPDATE sqlx_counter SET n = n + 1").execute(&mut *tx).await, "40001")
}

const MIGRATIONS: [(&str, &str); 4] = [
    ("1_items.up.sql", "CREATE TABLE sqlx_items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);\nINSERT INTO sqlx_items (name) VALUES ('a'), ('b');"),
    ("1_items.down.sql", "DROP TABLE sqlx_items;"),
    ("2_index.up.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY sqlx_items_lower ON sqlx_items (lower(name));"),
    ("2_index.down.sql", "DROP INDEX sqlx_items_lower;"),
];

async fn migrations() -> Outcome {
    let folder = std::env::current_dir()?.join("migrations");
    std::fs::create_dir_all(&folder)?;
    for (name, text) in MIGRATIONS {
        std::fs::write(folder.join(name), text)?;
    }
    let pool = PgPool::connect(&url()).await?;
    pool.execute("DROP TABLE IF EXISTS _sqlx_migrations, sqlx_items").await?;
    let migrator = Migrator::new(folder).await?;
    migrator.run(&pool).await?;
    migrator.run(&pool).await?;
    let applied: Vec<(i64, bool)> = sqlx::query_as("SELECT version, success FROM _sqlx_migrations ORDER BY 1").fetch_all(&pool).await?;
    equal(applied, vec![(1, true), (2, true)])?;
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlx_items ORDER BY lower(name)").fetch_all(&pool).await?;
    equal(names, vec!["a".to_string(), "b".into()])?;
    migrator.undo(&pool, 0).await?;
    let left: Option<String> = sqlx::query_scalar("SELECT to_regclass('sqlx_items')::text").fetch_one(&pool).await?;
    equal(left, None)
}

pub async fn run() {
    attempt("sqlx: login by URL, over TLS with a password", login()).await;
    attempt("sqlx: types", types()).await;
    attempt("sqlx: describe", describe()).await;
    attempt("sqlx: statements, streams, copy", statements()).await;
    attempt("sqlx: errors and timeouts", failing()).await;
    attempt("sqlx: notifications", listening()).await;
    attempt("sqlx: pool and retries on 40001", pooled()).await;
    attempt("sqlx: migrations", migrations()).await;
}
