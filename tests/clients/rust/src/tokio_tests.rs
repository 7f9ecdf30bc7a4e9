use crate::common::{attempt, equal, url, Outcome};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures_util::{pin_mut, stream, SinkExt, StreamExt, TryStreamExt};
use rust_decimal::Decimal;
use rustls::pki_types::{pem::PemObject, CertificateDer};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, Json, Kind, ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Error, IsolationLevel, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

async fn connect() -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(&url(), NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn tls() -> MakeRustlsConnect {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(std::env::var("SECURE_CA").unwrap()).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    MakeRustlsConnect::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn has_code<T>(result: Result<T, Error>, code: SqlState) -> Outcome {
    equal(result.err().and_then(|e| e.code().cloned()), Some(code))
}

async fn login() -> Outcome {
    let (client, connection) = tokio_postgres::connect(&format!("{}?sslmode=require", std::env::var("SECURE_URL")?), tls()).await?;
    tokio::spawn(connection);
    let row = client.query_one("SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await?;
    equal((row.get(0), row.get(1)), ("secure", true))?;
    has_code(tokio_postgres::connect(&format!("{}?sslmode=disable", std::env::var("SECURE_URL")?), NoTls).await, SqlState::INVALID_AUTHORIZATION_SPECIFICATION)?;
    let wrong = std::env::var("SECURE_URL")?.replace("p%40ss", "pass");
    has_code(tokio_postgres::connect(&format!("{wrong}?sslmode=require"), tls()).await, SqlState::INVALID_PASSWORD)
}

async fn same<T>(c: &Client, cast: &str, value: T) -> Outcome
where
    T: ToSql + for<'a> FromSql<'a> + PartialEq + std::fmt::Debug + Sync,
{
    let row = c.query_one(&format!("SELECT $1::{cast}, NULL::{cast}, ARRAY[$1::{cast}, NULL]"), &[&value]).await?;
    let array: Vec<Option<T>> = row.get(2);
    equal((array.len(), array[1].is_none(), array[0].as_ref() == Some(&value)), (2, true, true))?;
    equal(row.get::<_, Option<T>>(1), None)?;
    equal(row.get::<_, T>(0), value)?;
    let row = c.query_one(&format!("SELECT $1::{cast} IS NULL"), &[&None::<T>]).await?;
    equal(row.get(0), true)
}

async fn types() -> Outcome {
    let c = &connect().await?;
    same(c, "bool", true).await?;
    same(c, "\"char\"", -3i8).await?;
    same(c, "int2", i16::MIN).await?;
    same(c, "int4", i32::MAX).await?;
    same(c, "int8", i64::MIN).await?;
    same(c, "oid", u32::MAX).await?;
    same(c, "float4", 0.25f32).await?;
    same(c, "float8", f64::INFINITY).await?;
    same(c, "text", "it's é".to_string()).await?;
    same(c, "varchar(9)", "v".to_string()).await?;
    same(c, "name", "n".to_string()).await?;
    same(c, "bytea", vec![0u8, 255]).await?;
    same(c, "date", NaiveDate::from_ymd_opt(1, 2, 3).unwrap()).await?;
    same(c, "time", NaiveTime::from_hms_micro_opt(1, 2, 3, 4).unwrap()).await?;
    same(c, "timestamp", NaiveDate::from_ymd_opt(1969, 1, 2).unwrap().and_hms_micro_opt(3, 4, 5, 6).unwrap()).await?;
    same(c, "timestamptz", DateTime::<Utc>::from_timestamp(1_700_000_000, 1000).unwrap()).await?;
    same(c, "timestamptz", SystemTime::UNIX_EPOCH + Duration::from_millis(1)).await?;
    same(c, "uuid", Uuid::from_u128(1 << 127)).await?;
    same(c, "json", serde_json::json!({"a": [1, null, "x"]})).await?;
    same(c, "jsonb", Json(vec![Some(1.5), None])).await?;
    same(c, "inet", "::1".parse::<IpAddr>()?).await?;
    same(c, "numeric", "-12345678901234567890.0001".parse::<Decimal>()?).await?;
    let row = c.query_one("SELECT $1::int4[], $2::text[], '{}'::hstore_missing[]", &[&vec![1, 2], &vec!["a,b", "\""]]).await;
    has_code(row, SqlState::UNDEFINED_OBJECT)?;
    let row = c.query_one("SELECT $1::text[] || $2::text, $3::int8 + $4", &[&vec!["a,b", "\""], &"{}", &1i64, &2i64]).await?;
    equal((row.get(0), row.get(1)), (vec!["a,b".to_string(), "\"".into(), "{}".into()], 3i64))
}

/// Types that the client has to ask the catalog for.
async fn own_types() -> Outcome {
    let c = connect().await?;
    c.batch_execute(
        "DROP TYPE IF EXISTS rs_mood, rs_pair, rs_span CASCADE; DROP DOMAIN IF EXISTS rs_positive; CREATE TYPE rs_mood AS ENUM ('low', 'high');
         CREATE DOMAIN rs_positive AS int CHECK (VALUE > 0); CREATE TYPE rs_pair AS (a int, b rs_mood); CREATE TYPE rs_span AS RANGE (subtype = float8)",
    )
    .await?;
    let s = c.prepare("SELECT $1::rs_mood, $2::rs_positive, NULL::rs_pair, NULL::rs_pair[], NULL::rs_span").await?;
    equal(s.params()[0].kind(), &Kind::Enum(vec!["low".into(), "high".into()]))?;
    equal(s.params()[1].kind(), &Kind::Domain(Type::INT4))?;
    let Kind::Composite(fields) = s.columns()[2].type_().kind() else { return Err("no composite".into()) };
    equal(fields.iter().map(|f| f.name()).collect::<Vec<_>>(), vec!["a", "b"])?;
    equal(fields[1].type_().name(), "rs_mood")?;
    equal(s.columns()[4].type_().kind(), &Kind::Range(Type::FLOAT8))?;
    let e = c.query_one("SELECT ('{high}'::rs_mood[])[1]::text, 'high'::rs_mood > 'low'", &[]).await?;
    equal((e.get(0), e.get(1)), ("high", true))?;
    has_code(c.batch_execute("SELECT 'none'::rs_mood").await, SqlState::INVALID_TEXT_REPRESENTATION)?;
    has_code(c.batch_execute("SELECT (-1)::rs_positive").await, SqlState::CHECK_VIOLATION)
}

async fn pipeline() -> Outcome {
    let c = connect().await?;
    c.batch_execute("CREATE TEMP TABLE p (id int PRIMARY KEY, v text)").await?;
    let insert = &c.prepare_typed("INSERT INTO p VALUES ($1, $2)", &[Type::INT4, Type::TEXT]).await?;
    let client = &c;
    let done = futures_util::future::join_all((0..200).map(|i| async move { client.execute(insert, &[&(i % 150), &format!("row {i}")]).await })).await;
    equal(done.iter().filter(|r| matches!(r, Ok(1))).count(), 150)?;
    for failed in done.into_iter().skip(150) {
        has_code(failed, SqlState::UNIQUE_VIOLATION)?;
    }
    let found = c.query("SELECT id FROM p WHERE id = ANY($1) ORDER BY id DESC", &[&vec![3, 1, 1000]]).await?;
    equal(found.iter().map(|r| r.get(0)).collect::<Vec<i32>>(), vec![3, 1])?;
    let simple = c.simple_query("SELECT 1 AS a; UPDATE p SET v = NULL WHERE id < 3; SELECT v FROM p WHERE id = 1").await?;
    let counts: Vec<u64> = simple.iter().filter_map(|m| if let SimpleQueryMessage::CommandComplete(n) = m { Some(*n) } else { None }).collect();
    equal(counts, vec![1, 3, 1])?;
    let typed = c.query_typed("SELECT $1 + 1", &[(&41i32, Type::INT4)]).await?;
    equal(typed[0].get(0), 42)?;
    let nothing = c.query_opt("SELECT 1 FROM p WHERE id = -1", &[]).await?;
    equal(nothing.is_none(), true)
}

async fn portals() -> Outcome {
    let mut c = connect().await?;
    let tx = c.transaction().await?;
    let s = tx.prepare("SELECT g FROM generate_series(1, $1) g").await?;
    let (one, two) = (tx.bind(&s, &[&10i32]).await?, tx.bind(&s, &[&1000i32]).await?);
    for from in [0, 3, 6] {
        let got: Vec<i32> = tx.query_portal(&one, 3).await?.iter().map(|r| r.get(0)).collect();
        equal(got, vec![from + 1, from + 2, from + 3])?;
        equal(tx.query_portal(&two, 100).await?.len(), 100)?;
    }
    equal(tx.query_portal(&one, 0).await?.len(), 1)?;
    let rows = tx.query_raw("SELECT repeat('x', 100) FROM generate_series(1, 50000)", Vec::<i32>::new()).await?;
    pin_mut!(rows);
    let mut n = 0;
    while rows.try_next().await?.is_some() {
        n += 1;
    }
    equal(n, 50000)?;
    tx.commit().await?;
    Ok(())
}

async fn copying() -> Outcome {
    let c = connect().await?;
    c.batch_execute("CREATE TEMP TABLE cp (a int8, b text, t timestamp, n numeric)").await?;
    let kinds = [Type::INT8, Type::TEXT, Type::TIMESTAMP, Type::NUMERIC];
    let writer = BinaryCopyInWriter::new(c.copy_in("COPY cp FROM STDIN BINARY").await?, &kinds);
    pin_mut!(writer);
    let when = NaiveDateTime::default();
    for i in 0..5000i64 {
        let text = (i % 2 == 0).then(|| format!("row {i}"));
        writer.as_mut().write(&[&i, &text, &when, &Decimal::new(i, 2)]).await?;
    }
    equal(writer.finish().await?, 5000)?;
    let rows = BinaryCopyOutStream::new(c.copy_out("COPY (SELECT * FROM cp ORDER BY a) TO STDOUT (FORMAT binary)").await?, &kinds);
    pin_mut!(rows);
    let mut n = 0i64;
    while let Some(row) = rows.try_next().await? {
        equal((row.get::<i64>(0), row.get::<Option<&str>>(1).is_some(), row.get::<Decimal>(3)), (n, n % 2 == 0, Decimal::new(n, 2)))?;
        n += 1;
    }
    equal(n, 5000)?;
    let sink = c.copy_in::<_, bytes_of::Chunk>("COPY cp (a, b) FROM STDIN CSV").await?;
    pin_mut!(sink);
    sink.send_all(&mut stream::iter([Ok(&b"1,\"x,"[..]), Ok(&b"y\"\n2,\n"[..])])).await?;
    equal(sink.finish().await?, 2)?;
    let bad = c.copy_in::<_, bytes_of::Chunk>("COPY cp (a) FROM STDIN").await?;
    pin_mut!(bad);
    bad.send(&b"no number\n"[..]).await?;
    has_code(bad.finish().await, SqlState::INVALID_TEXT_REPRESENTATION)?;
    let text = c.copy_out("COPY (SELECT b FROM cp WHERE t IS NULL ORDER BY a) TO STDOUT").await?;
    let parts: Vec<_> = text.try_collect().await?;
    equal(parts.concat(), b"x,y\n\\N\n".to_vec())
}

/// What COPY's chunks are here.
mod bytes_of {
    pub type Chunk = &'static [u8];
}

async fn failing() -> Outcome {
    let mut c = connect().await?;
    c.batch_execute("CREATE TEMP TABLE f (a int CONSTRAINT f_positive CHECK (a > 0))").await?;
    let e = c.execute("INSERT INTO f VALUES (-1)", &[]).await.err().ok_or("no error")?;
    let db = e.as_db_error().ok_or("no error of the server")?;
    equal((db.code(), db.constraint(), db.table()), (&SqlState::CHECK_VIOLATION, Some("f_positive"), Some("f")))?;
    let e = c.prepare("SELECT nope FROM f").await.err().ok_or("no error")?;
    equal(e.as_db_error().and_then(|d| d.position().cloned()), Some(tokio_postgres::error::ErrorPosition::Original(8)))?;
    let tx = c.transaction().await?;
    has_code(tx.execute("SELECT 1/0", &[]).await, SqlState::DIVISION_BY_ZERO)?;
    has_code(tx.execute("SELECT 1", &[]).await, SqlState::IN_FAILED_SQL_TRANSACTION)?;
    tx.rollback().await?;
    let mut tx = c.transaction().await?;
    tx.execute("INSERT INTO f VALUES (1)", &[]).await?;
    let inner = tx.savepoint("s").await?;
    has_code(inner.execute("INSERT INTO f VALUES (-2)", &[]).await, SqlState::CHECK_VIOLATION)?;
    inner.rollback().await?;
    tx.commit().await?;
    equal(c.query_one("SELECT count(*) FROM f", &[]).await?.get(0), 1i64)?;
    c.batch_execute("SET statement_timeout = '50ms'").await?;
    has_code(c.batch_execute("SELECT pg_sleep(30)").await, SqlState::QUERY_CANCELED)?;
    c.batch_execute("RESET ALL").await?;
    let token = c.cancel_token();
    let (slept, _) = tokio::join!(c.batch_execute("SELECT pg_sleep(30)"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        token.cancel_query(NoTls).await
    });
    has_code(slept, SqlState::QUERY_CANCELED)
}

async fn notifications() -> Outcome {
    let (client, mut connection) = tokio_postgres::connect(&url(), NoTls).await?;
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    let messages = stream::poll_fn(move |cx| connection.poll_message(cx));
    tokio::spawn(messages.for_each(move |m| {
        let _ = tx.send(m);
        std::future::ready(())
    }));
    client.batch_execute("LISTEN rs; NOTIFY rs, 'hi'; DO_NOT_EXIST").await.err().ok_or("no error")?;
    client.batch_execute("LISTEN rs").await?;
    client.execute("SELECT pg_notify('rs', $1)", &[&"there"]).await?;
    client.batch_execute("DROP TABLE IF EXISTS rs_none").await?;
    let (mut payloads, mut notices) = (vec![], vec![]);
    while payloads.is_empty() || notices.is_empty() {
        match rx.recv().await.ok_or("the connection ended")?? {
            AsyncMessage::Notification(n) => payloads.push(n.payload().to_string()),
            AsyncMessage::Notice(n) => notices.push(n.message().to_string()),
            _ => {}
        }
    }
    equal(payloads, vec!["there".to_string()])?;
    equal(notices, vec!["table \"rs_none\" does not exist, skipping".to_string()])
}

async fn pool() -> Outcome {
    let config = deadpool_postgres::Config { url: Some(url()), pool: Some(deadpool_postgres::PoolConfig::new(4)), ..Default::default() };
    let pool = config.create_pool(Some(deadpool_postgres::Runtime::Tokio1), NoTls)?;
    pool.get().await?.batch_execute("DROP TABLE IF EXISTS rs_counter; CREATE TABLE rs_counter (n int); INSERT INTO rs_counter VALUES (0)").await?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let pool = pool.clone();
        tasks.spawn(async move {
            let mut c = pool.get().await?;
            loop {
                let tx = c.build_transaction().isolation_level(IsolationLevel::RepeatableRead).start().await?;
                let updated = tx.execute("UPDATE rs_counter SET n = n + 1", &[]).await;
                match updated {
                    Ok(_) => break Ok::<_, Box<dyn std::error::Error + Send + Sync>>(tx.commit().await?),
                    Err(e) if e.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => tx.rollback().await?,
                    Err(e) => return Err(e.into()),
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let c = pool.get().await?;
    equal(c.query_one("SELECT n FROM rs_counter", &[]).await?.get(0), 20)?;
    conflict(&pool).await?;
    let settings: HashMap<String, String> =
        c.query("SELECT name, setting FROM pg_settings WHERE name ~ '^server_version'", &[]).await?.iter().map(|r| (r.get(0), r.get(1))).collect();
    equal(settings["server_version_num"].starts_with("15"), true)
}

/// An update of a row that another has changed since the snapshot.
async fn conflict(pool: &deadpool_postgres::Pool) -> Outcome {
    let mut first = pool.get().await?;
    let tx = first.build_transaction().isolation_level(IsolationLevel::Serializable).start().await?;
    tx.query_one("SELECT n FROM rs_counter", &[]).await?;
    pool.get().await?.execute("UPDATE rs_counter SET n = n", &[]).await?;
    has_code(tx.execute("UPDATE rs_counter SET n = n + 1", &[]).await, SqlState::T_R_SERIALIZATION_FAILURE)
}

pub async fn run() {
    attempt("tokio-postgres: login by URL, over TLS with a password", login()).await;
    attempt("tokio-postgres: types", types()).await;
    attempt("tokio-postgres: types of one's own", own_types()).await;
    attempt("tokio-postgres: pipeline", pipeline()).await;
    attempt("tokio-postgres: portals and streams", portals()).await;
    attempt("tokio-postgres: copy", copying()).await;
    attempt("tokio-postgres: errors, timeouts, cancel", failing()).await;
    attempt("tokio-postgres: notifications and notices", notifications()).await;
    attempt("tokio-postgres: pool and retries on 40001", pool()).await;
}
