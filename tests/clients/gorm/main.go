// GORM: AutoMigrate and its Migrator, associations, clauses, transactions, scanning rows.
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

var failures int

func attempt(what string, fn func(db *gorm.DB) error) {
	db, err := open(os.Getenv("DATABASE_URL"), nil)
	if err == nil {
		err = fn(db)
		closeAll(db)
	}
	if err != nil {
		failures++
		fmt.Printf("FAILED %s: %s\n", what, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Println("ok", what)
}

func open(dsn string, change func(*postgres.Config, *gorm.Config)) (*gorm.DB, error) {
	server, config := postgres.Config{DSN: dsn}, gorm.Config{Logger: logger.Default.LogMode(logger.Silent), TranslateError: true}
	if change != nil {
		change(&server, &config)
	}
	return gorm.Open(postgres.New(server), &config)
}

func closeAll(db *gorm.DB) {
	if pool, err := db.DB(); err == nil {
		pool.Close()
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

func is(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got %v, not %v", err, want)
	}
	return nil
}

// steps runs them until one fails.
func steps(all ...func() error) error {
	for i, step := range all {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func run(db *gorm.DB, text string, args ...any) func() error {
	return func() error { return db.Exec(text, args...).Error }
}

type Document map[string]any

func (d Document) Value() (driver.Value, error) {
	text, err := json.Marshal(d)
	return string(text), err
}

func (d *Document) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		text = string(value.([]byte))
	}
	return json.Unmarshal([]byte(text), d)
}

type Author struct {
	gorm.Model
	Name  string   `gorm:"size:40;uniqueIndex;not null"`
	Rank  int      `gorm:"default:7;check:rank_positive,rank > 0;comment:higher is better"`
	Extra Document `gorm:"type:jsonb;default:'{}'"`
	Books []Book   `gorm:"constraint:OnUpdate:CASCADE,OnDelete:CASCADE"`
}

type Book struct {
	ID       string         `gorm:"type:uuid;primaryKey;default:gen_random_uuid()"`
	Title    string         `gorm:"index:idx_gorm_title,priority:1;index:idx_gorm_lower,expression:lower(title)"`
	Price    *float64       `gorm:"type:numeric(8,2);index:idx_gorm_dear,where:price > 10,sort:desc"`
	Tags     pq.StringArray `gorm:"type:text[]"`
	AuthorID uint
	Author   *Author
	Readers  []Reader `gorm:"many2many:gorm_book_readers"`
}

type Reader struct {
	ID    uint   `gorm:"primaryKey;autoIncrement"`
	Email string `gorm:"unique"`
}

type Every struct {
	ID     int64 `gorm:"primaryKey"`
	Flag   *bool
	Small  *int16
	Whole  *int32
	Big    *int64
	Real   *float32
	Double *float64
	Words  *string
	Short  *string `gorm:"type:varchar(5)"`
	Bytes  []byte
	Day    *time.Time `gorm:"type:date"`
	Moment *time.Time
	Plain  *time.Time    `gorm:"type:timestamp"`
	Exact  *string       `gorm:"type:numeric(20,5)"`
	UUID   *string       `gorm:"type:uuid"`
	JSON   Document      `gorm:"type:json"`
	Ints   pq.Int64Array `gorm:"type:integer[]"`
	Span   *string       `gorm:"type:int4range"`
	Net    *string       `gorm:"type:inet"`
	Period *string       `gorm:"type:interval"`
	Spent  time.Duration
}

type Counter struct {
	ID uint
	N  int
}

var models = []any{&Author{}, &Book{}, &Reader{}, &Every{}, &Counter{}}

func secure(*gorm.DB) error {
	secret := os.Getenv("SECURE_URL")
	dsn := secret + "?sslmode=verify-full&sslrootcert=" + url.QueryEscape(os.Getenv("SECURE_CA"))
	db, err := open(dsn, nil)
	if err != nil {
		return err
	}
	defer closeAll(db)
	var got struct {
		User string
		TLS  bool
	}
	if err := db.Raw(`SELECT current_user AS "user", ssl AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()`).Scan(&got).Error; err != nil {
		return err
	}
	if got.User != "secure" || !got.TLS {
		return fmt.Errorf("%v", got)
	}
	_, err = open(secret+"?sslmode=disable", nil)
	if err := hasCode(err, "28000"); err != nil {
		return err
	}
	_, err = open(strings.Replace(dsn, "p%40ss", "pass", 1), nil)
	return hasCode(err, "28P01")
}

func migrate(db *gorm.DB) error {
	m := db.Migrator()
	return steps(
		func() error {
			return m.DropTable("gorm_book_readers", &Book{}, &Author{}, &Reader{}, &Every{}, &Counter{})
		},
		func() error { return db.AutoMigrate(models...) },
		func() error { return unchanged(db) },
		func() error {
			if !m.HasTable("books") || !m.HasColumn(&Book{}, "price") || !m.HasIndex(&Book{}, "idx_gorm_lower") || !m.HasConstraint(&Author{}, "rank_positive") ||
				!m.HasConstraint(&Author{}, "Books") || m.HasColumn(&Book{}, "nothing") {
				return errors.New("something is not there")
			}
			return nil
		},
		func() error {
			columns, err := m.ColumnTypes(&Author{})
			if err != nil {
				return err
			}
			got := map[string]string{}
			for _, c := range columns {
				size, _ := c.Length()
				nullable, _ := c.Nullable()
				comment, _ := c.Comment()
				value, _ := c.DefaultValue()
				primary, _ := c.PrimaryKey()
				got[c.Name()] = fmt.Sprint(c.DatabaseTypeName(), ",", size, ",", nullable, ",", comment, ",", value, ",", primary)
			}
			return errors.Join(equal(got["name"], "varchar,40,false,,,false"), equal(got["rank"], "int8,64,true,higher is better,7,false"),
				equal(got["extra"], "jsonb,0,true,,{},false"), equal(got["id"], "int8,64,false,,,true"))
		},
		func() error {
			indexes, err := m.GetIndexes(&Book{})
			if err != nil {
				return err
			}
			names := map[string]bool{}
			for _, i := range indexes {
				names[i.Name()] = true
			}
			return equal(names, map[string]bool{"idx_gorm_title": true, "idx_gorm_dear": true})
		})
}

// unchanged sees that a second AutoMigrate finds all as the first left it.
func unchanged(db *gorm.DB) error {
	var statements []string
	again, err := open(os.Getenv("DATABASE_URL"), func(_ *postgres.Config, c *gorm.Config) { c.Logger = recorder{&statements} })
	if err != nil {
		return err
	}
	defer closeAll(again)
	if err := again.AutoMigrate(models...); err != nil {
		return err
	}
	for _, s := range statements {
		if strings.HasPrefix(s, "ALTER") || strings.HasPrefix(s, "CREATE") {
			return fmt.Errorf("not as it was made: %s", s)
		}
	}
	return nil
}

type recorder struct{ statements *[]string }

func (r recorder) LogMode(logger.LogLevel) logger.Interface { return r }
func (r recorder) Info(context.Context, string, ...any)     {}
func (r recorder) Warn(context.Context, string, ...any)     {}
func (r recorder) Error(context.Context, string, ...any)    {}
func (r recorder) Trace(_ context.Context, _ time.Time, f func() (string, int64), _ error) {
	text, _ := f()
	*r.statements = append(*r.statements, text)
}

func change(db *gorm.DB) error {
	type Reader struct {
		ID    uint
		Email string `gorm:"size:80;not null;default:''"`
		Nick  string `gorm:"default:'none';index"`
	}
	m := db.Migrator()
	return steps(
		func() error { return db.AutoMigrate(&Reader{}) },
		func() error { return m.RenameColumn(&Reader{}, "nick", "alias") },
		func() error { return m.AlterColumn(&Reader{}, "Email") },
		func() error { return m.DropColumn(&Reader{}, "alias") },
		func() error { return m.RenameTable("readers", "gorm_renamed") },
		func() error { return m.RenameTable("gorm_renamed", "readers") },
		func() error {
			return m.CreateView("gorm_cheap", gorm.ViewOption{Replace: true, Query: db.Model(&Book{}).Where("price < 10")})
		},
		func() error { return m.DropView("gorm_cheap") },
		func() error {
			tables, err := m.GetTables()
			if err != nil || len(tables) < 6 {
				return fmt.Errorf("%v %v", tables, err)
			}
			return nil
		})
}

func pointer[T any](v T) *T { return &v }

func types(db *gorm.DB) error {
	day, moment := time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 1, 30, 0, 123000, time.UTC)
	row := Every{Flag: pointer(true), Small: pointer(int16(-3)), Whole: pointer(int32(1 << 30)), Big: pointer(int64(-1 << 62)), Real: pointer(float32(0.25)),
		Double: pointer(1e-300), Words: pointer("it's é"), Short: pointer("x"), Bytes: []byte{0, 255, 39}, Day: &day, Moment: &moment, Plain: &moment,
		Exact: pointer("12345.67800"), UUID: pointer("01234567-89ab-4def-8123-456789abcdef"), JSON: Document{"a": []any{1.0, nil}}, Ints: pq.Int64Array{1, 2},
		Span: pointer("[1,5)"), Net: pointer("10.1.2.3"), Period: pointer("1 mon 2 days 03:04:05"), Spent: time.Second}
	if err := db.Create(&row).Error; err != nil {
		return err
	}
	var found Every
	if err := db.First(&found, row.ID).Error; err != nil {
		return err
	}
	for _, t := range []*time.Time{found.Day, found.Moment, found.Plain} {
		*t = t.UTC()
	}
	found.Net = pointer(strings.TrimSuffix(*found.Net, "/32"))
	if err := equal(found, row); err != nil {
		return err
	}
	empty := Every{}
	if err := db.Create(&empty).Error; err != nil {
		return err
	}
	var nulls Every
	if err := db.First(&nulls, empty.ID).Error; err != nil {
		return err
	}
	return equal([]bool{nulls.Flag == nil, nulls.Bytes == nil, nulls.Moment == nil, nulls.Ints == nil, nulls.Period == nil}, []bool{true, true, true, true, true})
}

func associations(db *gorm.DB) error {
	ann := Author{Name: "Ann", Extra: Document{"k": 1.0}, Books: []Book{{Title: "x", Price: pointer(1.5), Tags: pq.StringArray{"a,b", `"`}}, {Title: "y", Price: pointer(20.0)}}}
	var found Author
	var book Book
	return steps(
		func() error { return db.Create(&ann).Error },
		func() error { return equal([]any{ann.Rank, len(ann.Books[0].ID)}, []any{7, 36}) },
		func() error {
			return db.Preload("Books", func(q *gorm.DB) *gorm.DB { return q.Order("title DESC") }).First(&found, "name = ?", "Ann").Error
		},
		func() error {
			return equal([]any{found.Books[0].Title, found.Books[1].Tags, found.Extra["k"]}, []any{"y", pq.StringArray{"a,b", `"`}, 1.0})
		},
		func() error {
			return db.Joins("Author").First(&book, `"Author".name = ? AND title = ?`, "Ann", "x").Error
		},
		func() error { return equal(book.Author.Name, "Ann") },
		func() error {
			return db.Model(&book).Association("Readers").Append([]Reader{{Email: "a@x"}, {Email: "b@x"}})
		},
		func() error { return equal(db.Model(&book).Association("Readers").Count(), int64(2)) },
		func() error { return db.Model(&book).Association("Readers").Clear() },
		func() error { return db.Delete(&Author{}, "name = ?", "nobody").Error },
		func() error { return db.Delete(&ann).Error },
		func() error { return is(db.First(&Author{}, ann.ID).Error, gorm.ErrRecordNotFound) },
		func() error { return db.Unscoped().Model(&ann).Update("deleted_at", nil).Error })
}

func clauses(db *gorm.DB) error {
	var counts []struct {
		Name string
		N    int
		S    float64
	}
	var books, returned []Book
	var names []string
	many := make([]Reader, 250)
	for i := range many {
		many[i].Email = fmt.Sprintf("r%d@x", i)
	}
	return steps(
		func() error {
			return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.Assignments(map[string]any{"rank": gorm.Expr("authors.rank + ?", 1)})}).Create(&Author{Name: "Ann"}).Error
		},
		func() error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Author{{Name: "Ann"}, {Name: "Bob"}}).Error
		},
		func() error { return db.Model(&Author{}).Order("name").Pluck("name || rank", &names).Error },
		func() error { return equal(names, []string{"Ann8", "Bob7"}) },
		func() error {
			return db.Model(&Author{}).Select("name, count(b.id) AS n, coalesce(sum(b.price), 0) AS s").Joins("LEFT JOIN books b ON b.author_id = authors.id").Group("authors.id").Having("count(b.id) > ?", 0).Scan(&counts).Error
		},
		func() error { return equal(fmt.Sprint(counts), "[{Ann 2 21.5}]") },
		func() error {
			return db.Model(&returned).Clauses(clause.Returning{}).Where("title = ?", "x").Update("price", gorm.Expr("price + 1")).Error
		},
		func() error { return equal(*returned[0].Price, 2.5) },
		func() error {
			return db.Where("author_id IN (?)", db.Model(&Author{}).Select("id").Where("name = ?", "Ann")).Where(map[string]any{"title": []string{"x", "y"}}).Order(clause.OrderByColumn{Column: clause.Column{Name: "price"}, Desc: true}).Limit(1).Offset(1).Find(&books).Error
		},
		func() error { return equal([]any{len(books), books[0].Title}, []any{1, "x"}) },
		func() error { return db.CreateInBatches(&many, 100).Error },
		func() error {
			seen := 0
			found := []Reader{}
			err := db.Where("email LIKE ?", "r%").FindInBatches(&found, 60, func(tx *gorm.DB, batch int) error { seen += len(found); return nil }).Error
			return errors.Join(err, equal(seen, 250))
		},
		func() error {
			rows, err := db.Model(&Reader{}).Select("id").Rows()
			if err != nil {
				return err
			}
			defer rows.Close()
			n := 0
			for rows.Next() {
				n++
			}
			return equal(n, 252)
		},
		func() error {
			var first Reader
			return errors.Join(db.Where(Reader{Email: "r0@x"}).Attrs(Reader{}).FirstOrCreate(&first).Error, db.Where("id > @low AND email = @mail", sql.Named("low", 0), sql.Named("mail", "r0@x")).Take(&first).Error)
		})
}

func failing(db *gorm.DB) error {
	return steps(
		func() error { return is(db.Create(&Author{Name: "Ann"}).Error, gorm.ErrDuplicatedKey) },
		func() error { return is(db.Create(&Book{Title: "z", AuthorID: 999}).Error, gorm.ErrForeignKeyViolated) },
		func() error {
			return is(db.Create(&Author{Name: "low", Rank: -1}).Error, gorm.ErrCheckConstraintViolated)
		},
		func() error { return hasCode(db.Exec("INSERT INTO authors (name) VALUES (NULL)").Error, "23502") },
		func() error { return hasCode(db.Exec("SELECT * FROM nowhere").Error, "42P01") },
		func() error { return hasCode(db.Exec("SELECT 1 / ?::int", 0).Error, "22012") })
}

func transactions(db *gorm.DB) error {
	undo := errors.New("undo")
	return steps(
		func() error {
			return is(db.Transaction(func(tx *gorm.DB) error { return errors.Join(tx.Create(&Author{Name: "gone"}).Error, undo) }), undo)
		},
		func() error {
			return db.Transaction(func(tx *gorm.DB) error {
				err := tx.Transaction(func(inner *gorm.DB) error { return inner.Create(&Author{Name: "Ann"}).Error })
				return errors.Join(is(err, gorm.ErrDuplicatedKey), tx.SavePoint("s").Error, tx.Create(&Author{Name: "gone"}).Error, tx.RollbackTo("s").Error, tx.Create(&Author{Name: "kept"}).Error)
			}, &sql.TxOptions{Isolation: sql.LevelSerializable})
		},
		func() error {
			var n int64
			return errors.Join(db.Model(&Author{}).Where("name IN ?", []string{"gone", "kept"}).Count(&n).Error, equal(n, int64(1)))
		},
		func() error {
			return db.Transaction(func(tx *gorm.DB) error {
				var a Author
				if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).First(&a, "name = ?", "Ann").Error; err != nil {
					return err
				}
				err := db.Transaction(func(other *gorm.DB) error {
					return other.Clauses(clause.Locking{Strength: "SHARE", Options: "NOWAIT"}).First(&Author{}, a.ID).Error
				})
				return hasCode(err, "55P03")
			})
		},
		func() error {
			return hasCode(db.Transaction(func(tx *gorm.DB) error { return tx.Create(&Author{Name: "read only"}).Error }, &sql.TxOptions{ReadOnly: true}), "25006")
		})
}

func retries(db *gorm.DB) error {
	if err := db.Create(&Counter{ID: 1}).Error; err != nil {
		return err
	}
	add := func() error {
		for {
			err := db.Transaction(func(tx *gorm.DB) error {
				var c Counter
				return errors.Join(tx.First(&c, 1).Error, tx.Model(&c).Update("n", c.N+1).Error)
			}, &sql.TxOptions{Isolation: sql.LevelSerializable})
			if err == nil || hasCode(err, "40001") != nil {
				return err
			}
		}
	}
	var wait sync.WaitGroup
	problems := make(chan error, 12)
	for i := 0; i < cap(problems); i++ {
		wait.Add(1)
		go func() { defer wait.Done(); problems <- add() }()
	}
	wait.Wait()
	close(problems)
	for err := range problems {
		if err != nil {
			return err
		}
	}
	var c Counter
	return errors.Join(db.First(&c, 1).Error, equal(c.N, 12))
}

func modes(*gorm.DB) error {
	for i, change := range []func(*postgres.Config, *gorm.Config){
		func(_ *postgres.Config, c *gorm.Config) { c.PrepareStmt = true },
		func(s *postgres.Config, _ *gorm.Config) { s.PreferSimpleProtocol = true },
		func(_ *postgres.Config, c *gorm.Config) { c.SkipDefaultTransaction = true },
	} {
		db, err := open(os.Getenv("DATABASE_URL"), change)
		if err != nil {
			return err
		}
		for j := 0; j < 3 && err == nil; j++ {
			var got []Reader
			err = errors.Join(db.Where("email IN ?", []string{"a@x", "it's"}).Find(&got).Error, equal(len(got), 1))
		}
		closeAll(db)
		if err != nil {
			return fmt.Errorf("mode %d: %w", i, err)
		}
	}
	return nil
}

// Through the driver below: cancel by context, COPY, notifications.
func below(db *gorm.DB) error {
	short, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := db.WithContext(short).Exec("SELECT pg_sleep(30)").Error; !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no timeout: %v", err)
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(2)
	ctx := context.Background()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SET statement_timeout = 100"); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_sleep(30)"); hasCode(err, "57014") != nil {
		return fmt.Errorf("no timeout: %v", err)
	}
	return conn.Raw(func(c any) error {
		raw := c.(*stdlib.Conn).Conn()
		n, err := raw.CopyFrom(ctx, pgx.Identifier{"counters"}, []string{"id", "n"}, pgx.CopyFromSlice(1000, func(i int) ([]any, error) { return []any{i + 10, i}, nil }))
		if err := errors.Join(err, equal(n, int64(1000))); err != nil {
			return err
		}
		if _, err := raw.Exec(ctx, "LISTEN gorm"); err != nil {
			return err
		}
		if err := db.Exec("SELECT pg_notify('gorm', ?)", "hi").Error; err != nil {
			return err
		}
		notice, err := raw.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		return equal(notice.Payload, "hi")
	})
}

func main() {
	attempt("TLS and SCRAM", secure)
	attempt("migrations and introspection", migrate)
	attempt("types", types)
	attempt("associations", associations)
	attempt("clauses, batches, rows", clauses)
	attempt("errors", failing)
	attempt("transactions and locks", transactions)
	attempt("retry on 40001", retries)
	attempt("prepared, simple, without transactions", modes)
	attempt("timeouts, copy, notifications", below)
	attempt("changed models", change)
	if failures > 0 {
		os.Exit(1)
	}
}
