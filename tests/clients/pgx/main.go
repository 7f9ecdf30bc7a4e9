// pgx by its own interface and through database/sql, and lib/pq.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	neturl "net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
)

var (
	ctx      = context.Background()
	url      = os.Getenv("DATABASE_URL")
	failures int
)

func attempt(what string, fn func() error) {
	if err := fn(); err != nil {
		failures++
		fmt.Printf("FAILED %s: %s\n", what, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Println("ok", what)
}

func connected(fn func(c *pgx.Conn) error) func() error {
	return func() error {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return fn(c)
	}
}

func equal(got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("got %v (%T), not %v (%T)", got, got, want, want)
	}
	return nil
}

func hasCode(err error, code string) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != code {
		return fmt.Errorf("got %v, not %s", err, code)
	}
	return nil
}

// secure logs in over TLS, by pgx and by lib/pq; without it, and with another password, it is refused.
func secure() error {
	checked := "?sslmode=verify-full&sslrootcert=" + neturl.QueryEscape(os.Getenv("SECURE_CA"))
	right, wrong := os.Getenv("SECURE_URL"), strings.Replace(os.Getenv("SECURE_URL"), "p%40ss", "pass", 1)
	for _, driver := range []string{"pgx", "postgres"} {
		ask := func(dsn string) (user string, tls bool, err error) {
			db, err := sql.Open(driver, dsn)
			if err != nil {
				return
			}
			defer db.Close()
			err = db.QueryRow("SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&user, &tls)
			return
		}
		user, tls, err := ask(right + checked)
		if err != nil || user != "secure" || !tls {
			return fmt.Errorf("%s: %s %v %v", driver, user, tls, err)
		}
		for dsn, why := range map[string]string{right + "?sslmode=disable": "rejects connection", wrong + checked: "password authentication failed"} {
			if _, _, err := ask(dsn); err == nil || !strings.Contains(err.Error(), why) {
				return fmt.Errorf("%s: %v", driver, err)
			}
		}
	}
	return nil
}

func same[T any](c *pgx.Conn, cast string, value T) error {
	var got T
	if err := c.QueryRow(ctx, "SELECT $1::"+cast, value).Scan(&got); err != nil {
		return fmt.Errorf("%s: %w", cast, err)
	}
	if err := equal(got, value); err != nil {
		return fmt.Errorf("%s: %w", cast, err)
	}
	var null *T
	if err := c.QueryRow(ctx, "SELECT $1::"+cast, null).Scan(&null); err != nil || null != nil {
		return fmt.Errorf("NULL %s: %v %v", cast, null, err)
	}
	return nil
}

func types(c *pgx.Conn) error {
	utc := time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)
	return errors.Join(
		same(c, "bool", true), same(c, "int2", int16(-3)), same(c, "int4", int32(1<<30)), same(c, "int8", int64(-1<<62)),
		same(c, "float4", float32(0.25)), same(c, "float8", 1e-300), same(c, "text", "it's é"), same(c, "bytea", []byte{0, 255}),
		same(c, "date", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)), same(c, "timestamp", utc),
		same(c, "uuid", [16]byte{1, 2, 3}), same(c, "int8[]", []int64{1, 2}), same(c, "text[]", []string{"a,b", `"`, ""}),
		same(c, "jsonb", map[string]any{"a": []any{1.5, nil, "x"}}), same(c, "inet", netip.MustParsePrefix("10.1.2.3/8")),
		same(c, "interval", pgtype.Interval{Months: 1, Days: 2, Microseconds: 3, Valid: true}),
		same(c, "numeric", pgtype.Numeric{Int: big.NewInt(123456789), Exp: -4, Valid: true}),
		same(c, "int4range", pgtype.Range[pgtype.Int4]{Lower: pgtype.Int4{Int32: 1, Valid: true}, Upper: pgtype.Int4{Int32: 5, Valid: true},
			LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true}),
		same(c, "point", pgtype.Point{P: pgtype.Vec2{X: 1, Y: -2}, Valid: true}))
}

func ownTypes(c *pgx.Conn) error {
	if _, err := c.Exec(ctx, `DROP TYPE IF EXISTS pgx_pair, pgx_mood CASCADE; CREATE TYPE pgx_mood AS ENUM ('low', 'high');
		CREATE TYPE pgx_pair AS (a int, b pgx_mood)`); err != nil {
		return err
	}
	loaded, err := c.LoadTypes(ctx, []string{"pgx_mood", "pgx_pair", "_pgx_pair"})
	if err != nil {
		return err
	}
	c.TypeMap().RegisterTypes(loaded)
	type pair struct {
		A int32
		B string
	}
	var got []pair
	if err := c.QueryRow(ctx, "SELECT $1::pgx_pair[]", []pair{{1, "low"}, {2, "high"}}).Scan(&got); err != nil {
		return err
	}
	return equal(got, []pair{{1, "low"}, {2, "high"}})
}

func batches(c *pgx.Conn) error {
	if _, err := c.Exec(ctx, "CREATE TEMP TABLE b (a int PRIMARY KEY, t timestamptz)"); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for i := 0; i < 100; i++ {
		batch.Queue("INSERT INTO b VALUES ($1, now())", i)
	}
	batch.Queue("SELECT count(*) FROM b").QueryRow(func(row pgx.Row) error {
		var n int
		if err := row.Scan(&n); err != nil {
			return err
		}
		return equal(n, 100)
	})
	if err := c.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	bad := &pgx.Batch{}
	bad.Queue("INSERT INTO b VALUES (1000)")
	bad.Queue("INSERT INTO b VALUES (1)")
	bad.Queue("INSERT INTO b VALUES (1001)")
	if err := hasCode(c.SendBatch(ctx, bad).Close(), "23505"); err != nil {
		return err
	}
	var n int
	if err := c.QueryRow(ctx, "SELECT count(*) FROM b").Scan(&n); err != nil {
		return err
	}
	return equal(n, 100)
}

func copying(c *pgx.Conn) error {
	if _, err := c.Exec(ctx, "CREATE TEMP TABLE cp (a int8, b text, c numeric, d timestamptz)"); err != nil {
		return err
	}
	n, err := c.CopyFrom(ctx, pgx.Identifier{"cp"}, []string{"a", "b", "d"}, pgx.CopyFromSlice(5000, func(i int) ([]any, error) {
		return []any{int64(i), fmt.Sprint("row ", i), time.Unix(int64(i), 0)}, nil
	}))
	if err != nil || n != 5000 {
		return fmt.Errorf("%d %v", n, err)
	}
	var out strings.Builder
	if _, err := c.PgConn().CopyTo(ctx, &out, "COPY (SELECT a, b FROM cp ORDER BY a LIMIT 2) TO STDOUT (FORMAT csv)"); err != nil {
		return err
	}
	return equal(out.String(), "0,row 0\n1,row 1\n")
}

func modes(c *pgx.Conn) error {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		for i := 0; i < 3; i++ {
			var n int
			var s string
			if err := c.QueryRow(ctx, "SELECT $1::int + 1, $2::text", mode, i, "it's").Scan(&n, &s); err != nil {
				return fmt.Errorf("%v: %w", mode, err)
			}
			if n != i+1 || s != "it's" {
				return fmt.Errorf("%v: %d %s", mode, n, s)
			}
		}
	}
	if _, err := c.Exec(ctx, "CREATE TEMP TABLE m (a int); INSERT INTO m VALUES (1)"); err != nil {
		return err
	}
	rows, _ := c.Query(ctx, "SELECT * FROM m")
	rows.Close()
	if _, err := c.Exec(ctx, "ALTER TABLE m ADD COLUMN b text DEFAULT 'x'"); err != nil {
		return err
	}
	_, err := c.Exec(ctx, "SELECT * FROM m")
	if err != nil {
		return hasCode(err, "0A000") // cached plan must not change result type
	}
	return nil
}

func failing(c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SELECT 1/0")
	if err := hasCode(err, "22012"); err != nil {
		return err
	}
	_, err = c.Exec(ctx, "SELECT $1::int", "x")
	if err == nil {
		return errors.New("no error")
	}
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	other, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer other.Close(ctx)
	if _, err := other.Exec(short, "SELECT pg_sleep(30)"); !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no timeout: %v", err)
	}
	if _, err := c.Exec(ctx, "LISTEN pgx"); err != nil {
		return err
	}
	go func() {
		n, err := pgx.Connect(ctx, url)
		if err == nil {
			_, _ = n.Exec(ctx, "NOTIFY pgx, 'hi'")
			n.Close(ctx)
		}
	}()
	n, err := c.WaitForNotification(ctx)
	if err != nil {
		return err
	}
	return equal(n.Payload, "hi")
}

func pooled() error {
	pool, err := pgxpool.New(ctx, url+"?pool_max_conns=5")
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "DROP TABLE IF EXISTS pgx_counter; CREATE TABLE pgx_counter (n int); INSERT INTO pgx_counter VALUES (0)"); err != nil {
		return err
	}
	var wait sync.WaitGroup
	problems := make(chan error, 20)
	for i := 0; i < 20; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for {
				err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, "UPDATE pgx_counter SET n = n + 1")
					return err
				})
				if err == nil {
					return
				}
				if hasCode(err, "40001") != nil {
					problems <- err
					return
				}
			}
		}()
	}
	wait.Wait()
	close(problems)
	if err := <-problems; err != nil {
		return err
	}
	var n int
	if err := pool.QueryRow(ctx, "SELECT n FROM pgx_counter").Scan(&n); err != nil {
		return err
	}
	return equal(n, 20)
}

func throughSQL(driver string) func() error {
	return func() error {
		dsn := url
		if driver == "postgres" {
			dsn += "?sslmode=disable"
		}
		db, err := sql.Open(driver, dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
		if err != nil {
			return err
		}
		if _, err := tx.Exec("CREATE TEMP TABLE s (id serial, v text, a int[]) ON COMMIT DROP"); err != nil {
			return err
		}
		statement, err := tx.Prepare("INSERT INTO s (v, a) VALUES ($1, $2) RETURNING id")
		if err != nil {
			return err
		}
		for i := 1; i <= 10; i++ {
			var id int
			if err := statement.QueryRow(sql.NullString{String: "x", Valid: i%2 == 0}, pq.Array([]int64{int64(i)})).Scan(&id); err != nil || id != i {
				return fmt.Errorf("%d %v", id, err)
			}
		}
		rows, err := tx.Query("SELECT id, v FROM s WHERE v IS NULL ORDER BY id")
		if err != nil {
			return err
		}
		count := 0
		for rows.Next() {
			var id int
			var v sql.NullString
			if err := rows.Scan(&id, &v); err != nil || v.Valid {
				return fmt.Errorf("%v %v", v, err)
			}
			count++
		}
		kinds, err := rows.ColumnTypes()
		if err == nil && len(kinds) != 2 {
			return errors.New("column types")
		}
		if err := errors.Join(rows.Err(), equal(count, 5), tx.Commit()); err != nil {
			return err
		}
		_, err = db.Exec("SELECT * FROM s")
		if err == nil || !strings.Contains(err.Error(), `relation "s" does not exist`) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	}
}

func pqCopy() error {
	db, err := sql.Open("postgres", url+"?sslmode=disable")
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec("CREATE TEMP TABLE c (a int, b text)"); err != nil {
		return err
	}
	statement, err := tx.Prepare(pq.CopyIn("c", "a", "b"))
	if err != nil {
		return err
	}
	for i := 0; i < 100; i++ {
		if _, err := statement.Exec(i, "tab\there"); err != nil {
			return err
		}
	}
	if _, err := statement.Exec(); err != nil {
		return err
	}
	if err := statement.Close(); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM c WHERE b = E'tab\\there'").Scan(&n); err != nil {
		return err
	}
	return equal(n, 100)
}

func main() {
	attempt("TLS and SCRAM", secure)
	attempt("types", connected(types))
	attempt("own types", connected(ownTypes))
	attempt("batches", connected(batches))
	attempt("copy", connected(copying))
	attempt("query modes", connected(modes))
	attempt("errors, timeouts, notifications", connected(failing))
	attempt("pool and retries", pooled)
	attempt("database/sql with pgx", throughSQL("pgx"))
	attempt("database/sql with lib/pq", throughSQL("postgres"))
	attempt("lib/pq copy", pqCopy)
	if failures > 0 {
		os.Exit(1)
	}
}
