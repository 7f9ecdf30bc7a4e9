import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.*;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.*;
import java.time.*;
import java.util.*;
import java.util.concurrent.*;
import org.flywaydb.core.Flyway;
import org.hibernate.cfg.Configuration;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PSQLException;

/** pgJDBC by its own interface, all of DatabaseMetaData, HikariCP, Flyway, Hibernate. */
public class Main {
    static final String HOST = System.getenv("PGHOST") + ":" + System.getenv("PGPORT");
    static final String USER = System.getenv("PGUSER");
    static String url(String more) {
        return "jdbc:postgresql://" + HOST + "/" + System.getenv("PGDATABASE") + "?user=" + USER + more;
    }
    static int failures;

    interface Test { void run(Connection c) throws Exception; }

    static void attempt(String what, String options, Test test) {
        try (Connection c = DriverManager.getConnection(url(options))) {
            test.run(c);
            System.out.println("ok " + what);
        } catch (Throwable e) {
            failures++;
            String at = "";
            for (StackTraceElement s : e.getStackTrace())
                if (at.isEmpty() && s.getClassName().startsWith("Main")) at = " (line " + s.getLineNumber() + ")";
            System.out.println("FAILED " + what + ": " + String.valueOf(e).replace('\n', ' ') + at);
        }
    }

    static void equal(Object got, Object want) {
        if (!Objects.deepEquals(got, want)) throw new AssertionError("got " + got + ", not " + want);
    }

    static void fails(String state, Callable<?> call) throws Exception {
        try {
            call.call();
        } catch (SQLException e) {
            equal(e.getSQLState(), state);
            return;
        }
        throw new AssertionError("no error " + state);
    }

    static Object one(Connection c, String sql, Object... values) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) s.setObject(i + 1, values[i]);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                return r.getObject(1);
            }
        }
    }

    static Connection secured(String password, String options) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://localhost:" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE") + "?" + options, "secure", password);
    }

    static void login(Connection ignored) throws Exception {
        String password = java.net.URI.create(System.getenv("SECURE_URL")).getUserInfo().substring("secure:".length());
        String checked = "sslmode=verify-full&sslrootcert=" + System.getenv("SECURE_CA");
        try (Connection c = secured(password, checked)) {
            equal(one(c, "SELECT current_user || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "securetrue");
        }
        fails("28000", () -> secured(password, "sslmode=disable"));
        fails("28P01", () -> secured("other", checked));
    }

    static void types(Connection c) throws SQLException {
        for (int round = 0; round < 8; round++) {  // from the fifth on: server-side statements, binary
            Object[][] values = {{"bool", true}, {"int2", 7}, {"int4", -7}, {"int8", 1L << 60}, {"float4", 0.5f}, {"float8", -1e300},
                {"numeric", new BigDecimal("12345678901234567890.0001")}, {"text", "it's é"}, {"varchar", ""}, {"uuid", new UUID(1, 2)},
                {"date", LocalDate.of(1969, 12, 31)}, {"timestamp", LocalDateTime.of(2026, 1, 2, 3, 4, 5, 6000)}};
            for (Object[] v : values) {
                Class<?> kind = v[1].getClass();
                try (PreparedStatement s = c.prepareStatement("SELECT ?::" + v[0] + ", NULL::" + v[0])) {
                    s.setObject(1, v[1]);
                    ResultSet r = s.executeQuery();
                    r.next();
                    equal(r.getObject(1, kind), v[1]);
                    equal(r.getObject(2), null);
                    if (!r.wasNull()) throw new AssertionError("wasNull");
                }
            }
            OffsetDateTime when = OffsetDateTime.of(2026, 3, 29, 2, 30, 0, 0, ZoneOffset.UTC);
            try (PreparedStatement s = c.prepareStatement("SELECT ?::timestamptz, ?::bytea, ?::int[], ?::jsonb")) {
                s.setObject(1, when);
                s.setBytes(2, new byte[] {0, -1});
                s.setArray(3, c.createArrayOf("int4", new Integer[] {1, null, 3}));
                s.setObject(4, "{\"a\": 1}", Types.OTHER);
                ResultSet r = s.executeQuery();
                r.next();
                equal(r.getObject(1, OffsetDateTime.class), when);
                equal(r.getBytes(2), new byte[] {0, -1});
                equal(r.getArray(3).getArray(), new Integer[] {1, null, 3});
                equal(r.getString(4), "{\"a\": 1}");
            }
        }
    }

    static void statements(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TEMP TABLE t (id serial PRIMARY KEY, v text UNIQUE)");
            equal(s.executeUpdate("INSERT INTO t (v) VALUES ('a'), ('b')", Statement.RETURN_GENERATED_KEYS), 2);
            ResultSet keys = s.getGeneratedKeys();
            keys.next();
            equal(keys.getInt("id"), 1);
            s.execute("SELECT 1; SELECT 2");
            equal(s.getMoreResults(), true);
        }
        try (PreparedStatement s = c.prepareStatement("INSERT INTO t (v) VALUES (?)")) {
            for (int i = 0; i < 200; i++) {
                s.setString(1, "b" + i);
                s.addBatch();
            }
            equal(s.executeBatch().length, 200);
            s.setString(1, "fresh");
            s.addBatch();
            s.setString(1, "a");
            s.addBatch();
            fails("23505", () -> s.executeBatch());
        }
        try (PreparedStatement s = c.prepareStatement("SELECT id, v FROM t WHERE id > ? ORDER BY id")) {
            ParameterMetaData p = s.getParameterMetaData();
            equal(p.getParameterTypeName(1), "int4");
            equal(s.getMetaData().getColumnName(2), "v");
            equal(s.getMetaData().isAutoIncrement(1), true);
        }
        c.setAutoCommit(false);
        try (PreparedStatement s = c.prepareStatement("SELECT i FROM generate_series(1, 10000) i")) {
            s.setFetchSize(100);
            ResultSet r = s.executeQuery();
            long sum = 0;
            while (r.next()) sum += r.getInt(1);
            equal(sum, 50005000L);
        }
        Savepoint before = c.setSavepoint("before");
        fails("22012", () -> one(c, "SELECT 1 / ?", 0));
        c.rollback(before);
        try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
            ResultSet r = s.executeQuery("SELECT id, v FROM t ORDER BY id");
            r.last();
            r.first();
            r.updateString("v", "changed");
            r.updateRow();
            equal(one(c, "SELECT v FROM t WHERE id = 1"), "changed");
        }
        c.commit();
        c.setAutoCommit(true);
        try (CallableStatement s = c.prepareCall("{? = call upper(?)}")) {
            s.registerOutParameter(1, Types.VARCHAR);
            s.setString(2, "x");
            s.execute();
            equal(s.getString(1), "X");
        }
    }

    static void errorsAndLimits(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TEMP TABLE e (a int CONSTRAINT small CHECK (a < 10))");
            try {
                s.execute("INSERT INTO e VALUES (11)");
                throw new AssertionError("no error");
            } catch (PSQLException e) {
                equal(e.getServerErrorMessage().getConstraint(), "small");
                equal(e.getServerErrorMessage().getTable(), "e");
            }
            s.setQueryTimeout(1);
            fails("57014", () -> s.execute("SELECT pg_sleep(30)"));
            s.setQueryTimeout(0);
            s.execute("DROP TABLE IF EXISTS java_nowhere");
            equal(s.getWarnings().getSQLState(), "00000");
            ExecutorService other = Executors.newSingleThreadExecutor();
            other.submit(() -> { Thread.sleep(200); s.cancel(); return null; });
            fails("57014", () -> s.execute("SELECT pg_sleep(30)"));
            other.shutdown();
        }
        equal(c.isValid(5), true);
        c.setAutoCommit(false);
        c.setReadOnly(true);
        fails("25006", () -> { try (Statement s = c.createStatement()) { return s.execute("CREATE TABLE no (a int)"); } });
        c.rollback();
        c.setAutoCommit(true);
        c.setReadOnly(false);
        c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        equal(c.getTransactionIsolation(), Connection.TRANSACTION_SERIALIZABLE);
        c.setSchema("pg_catalog");
        equal(c.getSchema(), "pg_catalog");
    }

    static void copyAndNotify(Connection c) throws Exception {
        CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TEMP TABLE cp (a int, b text); LISTEN java");
        }
        equal(copy.copyIn("COPY cp FROM STDIN (FORMAT csv)", new StringReader("1,one\n2,\"t,wo\"\n")), 2L);
        StringWriter out = new StringWriter();
        equal(copy.copyOut("COPY (SELECT b, a FROM cp ORDER BY a) TO STDOUT", out), 2L);
        equal(out.toString(), "one\t1\nt,wo\t2\n");
        try (Connection d = DriverManager.getConnection(url("")); Statement s = d.createStatement()) {
            s.execute("NOTIFY java, 'hello'");
        }
        PGNotification[] got = c.unwrap(PGConnection.class).getNotifications(5000);
        equal(got.length + got[0].getParameter(), "1hello");
    }

    /** Every method of DatabaseMetaData, with arguments that find something. */
    static void largeObjects(Connection c) throws Exception {
        c.setAutoCommit(false);
        LargeObjectManager m = c.unwrap(PGConnection.class).getLargeObjectAPI();
        long oid = m.createLO();
        byte[] bytes = new byte[100_000];
        new Random(5).nextBytes(bytes);
        try (LargeObject lo = m.open(oid, LargeObjectManager.READWRITE)) {
            lo.write(bytes);
            lo.seek64(3_000_000_000L, LargeObject.SEEK_SET);
            lo.write(new byte[] {1, 2, 3});
            equal(lo.size64(), 3_000_000_003L);
            lo.truncate64(100_000);
        }
        try (LargeObject lo = m.open(oid, LargeObjectManager.READ); InputStream in = lo.getInputStream()) {
            equal(Arrays.equals(in.readAllBytes(), bytes), true);
        }
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TEMP TABLE images (id int, content oid)");
        }
        try (PreparedStatement p = c.prepareStatement("INSERT INTO images VALUES (1, ?)")) {
            p.setBlob(1, new ByteArrayInputStream(bytes), bytes.length);
            p.executeUpdate();
        }
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT content FROM images")) {
            r.next();
            Blob b = r.getBlob(1);
            equal(b.length(), 100_000L);
            equal(Arrays.equals(b.getBytes(50_001, 1000), Arrays.copyOfRange(bytes, 50_000, 51_000)), true);
        }
        m.delete(oid);
        fails("42704", () -> m.open(oid, LargeObjectManager.READ));
        c.rollback();
        c.setAutoCommit(true);
    }

    static void metadata(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            s.execute("DROP SCHEMA IF EXISTS meta CASCADE; CREATE SCHEMA meta; CREATE TABLE meta.parent (a int, b text, PRIMARY KEY (a, b)); "
                + "CREATE TABLE meta.child (id serial PRIMARY KEY, a int NOT NULL, b text DEFAULT 'x', n numeric(8,2), g int GENERATED ALWAYS AS (a * 2) STORED, "
                + "CONSTRAINT of_parent FOREIGN KEY (a, b) REFERENCES meta.parent ON DELETE SET NULL); COMMENT ON COLUMN meta.child.n IS 'a number'; "
                + "CREATE INDEX child_n ON meta.child (n DESC); CREATE VIEW meta.seen AS SELECT * FROM meta.child; CREATE TYPE meta.mood AS ENUM ('low'); "
                + "CREATE FUNCTION meta.twice(x int, OUT y int) LANGUAGE sql AS 'SELECT x * 2'; CREATE PROCEDURE meta.note(x int) LANGUAGE sql AS 'SELECT 1'");
        }
        DatabaseMetaData m = c.getMetaData();
        Map<Class<?>, Object> plain = Map.of(int.class, 1, boolean.class, true, Class.class, String.class);
        int called = 0;
        for (Method method : DatabaseMetaData.class.getMethods()) {
            if (method.getDeclaringClass() != DatabaseMetaData.class) continue;
            Object[] args = new Object[method.getParameterCount()];
            for (int i = 0; i < args.length; i++)
                args[i] = method.getParameterTypes()[i] == String.class ? new String[] {null, "meta", "child", "%", "meta", "parent"}[i]
                    : plain.get(method.getParameterTypes()[i]);
            try {
                Object result = method.invoke(m, args);
                if (result instanceof ResultSet) while (((ResultSet) result).next()) called += 0;
                called++;
            } catch (InvocationTargetException e) {
                boolean absent = e.getCause() instanceof SQLFeatureNotSupportedException
                    || String.valueOf(e.getCause().getMessage()).contains("not yet implemented");
                if (!absent) throw new AssertionError(method.getName() + ": " + e.getCause());
            }
        }
        if (called < 150) throw new AssertionError("only " + called + " methods");
        equal(names(m.getTables(null, "meta", "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME"), "child,parent,seen");
        equal(names(m.getColumns(null, "meta", "child", "%"), "COLUMN_NAME"), "id,a,b,n,g");
        ResultSet n = m.getColumns(null, "meta", "child", "n");
        n.next();
        equal(n.getInt("COLUMN_SIZE") + " " + n.getInt("DECIMAL_DIGITS") + " " + n.getString("REMARKS"), "8 2 a number");
        equal(names(m.getPrimaryKeys(null, "meta", "parent"), "COLUMN_NAME"), "a,b");
        equal(names(m.getImportedKeys(null, "meta", "child"), "FKCOLUMN_NAME"), "a,b");
        equal(names(m.getExportedKeys(null, "meta", "parent"), "FK_NAME"), "of_parent,of_parent");
        equal(names(m.getIndexInfo(null, "meta", "child", false, false), "INDEX_NAME"), "child_pkey,child_n");
        equal(names(m.getFunctions(null, "meta", "%"), "FUNCTION_NAME"), "twice");
        equal(names(m.getProcedures(null, "meta", "%"), "PROCEDURE_NAME"), "note");
        equal(names(m.getFunctionColumns(null, "meta", "twice", "%"), "COLUMN_NAME"), "returnValue,x,y");
        equal(names(m.getBestRowIdentifier(null, "meta", "parent", 0, true), "COLUMN_NAME"), "a,b");
        equal(m.getDatabaseProductName(), "PostgreSQL");
        equal(m.getDatabaseMajorVersion(), 15);
    }

    static String names(ResultSet r, String column) throws SQLException {
        StringJoiner out = new StringJoiner(",");
        while (r.next()) out.add(r.getString(column));
        return out.toString();
    }

    static void pooled(Connection unused) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url(""));
        config.setMaximumPoolSize(4);
        config.setTransactionIsolation("TRANSACTION_REPEATABLE_READ");
        try (HikariDataSource pool = new HikariDataSource(config)) {
            try (Connection c = pool.getConnection(); Statement s = c.createStatement()) {
                s.execute("DROP TABLE IF EXISTS java_counter; CREATE TABLE java_counter (n int); INSERT INTO java_counter VALUES (0)");
            }
            ExecutorService threads = Executors.newFixedThreadPool(8);
            List<Future<Void>> all = new ArrayList<>();
            for (int i = 0; i < 40; i++)
                all.add(threads.submit(() -> {
                    for (;;)
                        try (Connection c = pool.getConnection(); Statement s = c.createStatement()) {
                            s.execute("UPDATE java_counter SET n = n + 1");
                            return null;
                        } catch (SQLException e) {
                            if (!"40001".equals(e.getSQLState())) throw e;
                        }
                }));
            for (Future<Void> f : all) f.get();
            threads.shutdown();
            try (Connection c = pool.getConnection()) {
                equal(one(c, "SELECT n FROM java_counter"), 40);
            }
        }
    }

    static void flyway(Connection c) throws Exception {
        Path dir = Files.createTempDirectory("migrations");
        Files.writeString(dir.resolve("V1__first.sql"), "CREATE TABLE f (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);");
        Files.writeString(dir.resolve("V2__second.sql"), "ALTER TABLE f ADD COLUMN w int DEFAULT 7; CREATE INDEX f_w ON f (w);\nINSERT INTO f (v) VALUES ('x');");
        Files.writeString(dir.resolve("R__view.sql"), "CREATE OR REPLACE VIEW fv AS SELECT v, w FROM f;");
        Flyway flyway = Flyway.configure().dataSource(url(""), USER, "").schemas("java_flyway").locations("filesystem:" + dir).cleanDisabled(false).load();
        flyway.clean();
        equal(flyway.migrate().migrationsExecuted, 3);
        equal(flyway.migrate().migrationsExecuted, 0);
        flyway.validate();
        equal(flyway.info().applied().length >= 3, true);
        equal(one(c, "SELECT w FROM java_flyway.fv"), 7);
        flyway.clean();
        equal(one(c, "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'java_flyway'"), 0L);
    }

    @Entity(name = "Author") @Table(name = "h_author")
    public static class Author {
        @Id @GeneratedValue(strategy = GenerationType.SEQUENCE) public Long id;
        @Column(nullable = false, unique = true, length = 80) public String name;
        @Version public int version;
        public Instant seen = Instant.parse("2026-01-01T00:00:00Z");
        public BigDecimal worth = new BigDecimal("1.50");
        public UUID key = new UUID(3, 4);
        @Enumerated(EnumType.STRING) public DayOfWeek day = DayOfWeek.MONDAY;
        @OneToMany(mappedBy = "author", cascade = CascadeType.ALL, orphanRemoval = true) public List<Book> books = new ArrayList<>();
    }

    @Entity(name = "Book") @Table(name = "h_book", indexes = @Index(name = "h_book_title", columnList = "title"))
    public static class Book {
        @Id @GeneratedValue(strategy = GenerationType.IDENTITY) public Long id;
        public String title;
        public byte[] cover = {1, 2};
        @ManyToOne(optional = false, fetch = FetchType.LAZY) public Author author;
    }

    static void hibernate(Connection unused) {
        java.util.logging.Logger.getLogger("org.hibernate").setLevel(java.util.logging.Level.SEVERE);
        Configuration config = new Configuration().addAnnotatedClass(Author.class).addAnnotatedClass(Book.class)
            .setProperty("hibernate.connection.url", url("")).setProperty("hibernate.hbm2ddl.auto", "create-drop");
        try (var sessions = config.buildSessionFactory()) {
            Long id = sessions.fromTransaction(s -> {
                Author a = new Author();
                a.name = "Ann";
                for (int i = 0; i < 5; i++) {
                    Book b = new Book();
                    b.title = "T" + i;
                    b.author = a;
                    a.books.add(b);
                }
                s.persist(a);
                return a.id;
            });
            sessions.inTransaction(s -> {
                Author a = s.find(Author.class, id, LockModeType.PESSIMISTIC_WRITE);
                equal(a.books.size(), 5);
                equal(a.seen + " " + a.worth + " " + a.key + " " + a.day, "2026-01-01T00:00:00Z 1.50 " + new UUID(3, 4) + " MONDAY");
                a.books.remove(0);
                a.name = "Anna";
            });
            sessions.inTransaction(s -> {
                equal(s.createSelectionQuery("select count(b) from Book b where b.author.name like 'An%' and b.title > :t", Long.class)
                    .setParameter("t", "T1").getSingleResult(), 3L);
                equal(s.createSelectionQuery("select a.name from Author a join a.books b group by a.name having count(b) = 4 order by 1 limit 2", String.class).getResultList(), List.of("Anna"));
                equal(s.createMutationQuery("update Book b set b.title = upper(b.title) || '!' where b.title = 'T2'").executeUpdate(), 1);
            });
        }
    }

    public static void main(String[] args) {
        java.util.logging.Logger.getLogger("").setLevel(java.util.logging.Level.WARNING);
        attempt("TLS and SCRAM", "", Main::login);
        attempt("types", "", Main::types);
        attempt("types, simple protocol", "&preferQueryMode=simple", c -> equal(one(c, "SELECT ?::int + 1", 1), 2));
        attempt("statements", "", Main::statements);
        attempt("statements, rewritten batches", "&reWriteBatchedInserts=true&prepareThreshold=1", Main::statements);
        attempt("errors and limits", "", Main::errorsAndLimits);
        attempt("copy and notifications", "", Main::copyAndNotify);
        attempt("large objects", "", Main::largeObjects);
        attempt("DatabaseMetaData", "", Main::metadata);
        attempt("HikariCP", "", Main::pooled);
        attempt("Flyway", "", Main::flyway);
        attempt("Hibernate", "", Main::hibernate);
        System.exit(failures == 0 ? 0 : 1);
    }
}
