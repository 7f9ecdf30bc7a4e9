# Ruby's pg.
require 'pg'
require 'timeout'

$failures = 0

def same(got, want)
  raise "got #{got.inspect}, not #{want.inspect}" unless got == want
end

def attempt(what)
  db = PG.connect(ENV['DATABASE_URL'])
  db.set_notice_processor { |_| }
  yield db
  puts "ok #{what}"
rescue StandardError => e
  $failures += 1
  where = (e.backtrace || []).find { |l| l.include?('main.rb') }
  puts "FAILED #{what}: #{e.message.lines.first.to_s.strip} #{where}"
ensure
  db&.finish
end

def login(url)
  db = PG.connect(url)
  db.exec('SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()').values[0]
ensure
  db&.finish
end

def refused(why, url)
  login(url)
rescue PG::ConnectionBad => e
  raise unless e.message.include?(why)
else
  raise "let in: #{url}"
end

attempt 'TLS and SCRAM' do
  secure = "#{ENV['SECURE_URL']}?sslmode=verify-full&sslrootcert=#{ENV['SECURE_CA']}"
  same login(secure), %w[secure t]
  refused('rejects connection', "#{ENV['SECURE_URL']}?sslmode=disable")
  refused('password authentication failed', secure.sub('p%40ss', 'pass'))
end

attempt 'retry on 40001' do |db|
  db.exec('DROP TABLE IF EXISTS ruby_counter; CREATE TABLE ruby_counter AS SELECT 0 AS n')
  work = Array.new(3) do
    Thread.new do
      own = PG.connect(ENV['DATABASE_URL'])
      5.times do
        own.transaction do
          own.exec('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE')
          n = own.exec('SELECT n FROM ruby_counter').getvalue(0, 0).to_i
          own.exec_params('UPDATE ruby_counter SET n = $1', [n + 1])
        end
      rescue PG::TRSerializationFailure
        retry
      end
      own.finish
    end
  end
  work.each(&:join)
  same db.exec('SELECT n FROM ruby_counter').getvalue(0, 0), '15'
end

attempt 'values' do |db|
  db.type_map_for_results = PG::BasicTypeMapForResults.new(db)
  db.type_map_for_queries = PG::BasicTypeMapForQueries.new(db)
  same db.exec_params('SELECT $1::int + 1 AS v', [41])[0]['v'], 42
  same db.exec_params('SELECT $1::text AS v', ["it's é"])[0]['v'], "it's é"
  same db.exec_params('SELECT $1::text AS v', [nil])[0]['v'], nil
  same db.exec_params('SELECT $1::int[] AS v', [[1, nil, 3]])[0]['v'], [1, nil, 3]
  same db.exec_params('SELECT $1::bool AS v', [true])[0]['v'], true
  same db.exec("SELECT '{\"a\": [1]}'::json AS v")[0]['v'], { 'a' => [1] }
  same db.exec('SELECT 1.5::float8 AS v')[0]['v'], 1.5
  same db.exec("SELECT '2026-01-02'::date AS v")[0]['v'].to_s, '2026-01-02'
end

attempt 'binary' do |db|
  r = db.exec_params('SELECT $1::bytea AS a, 258::int4 AS b', [{ value: "\x00\xff".b, format: 1 }], 1)
  same r.getvalue(0, 0), "\x00\xff".b
  same r.getvalue(0, 1).unpack1('N'), 258
end

attempt 'prepared statements' do |db|
  db.exec('CREATE TEMP TABLE t (id serial, v text)')
  db.prepare('add', 'INSERT INTO t (v) VALUES ($1) RETURNING id')
  same (1..3).map { |i| db.exec_prepared('add', ["v#{i}"])[0]['id'] }, %w[1 2 3]
  d = db.describe_prepared('add')
  same [d.nparams, d.paramtype(0), d.fname(0), d.ftype(0)], [1, 25, 'id', 23]
  same db.exec('UPDATE t SET v = 1').cmd_tuples, 3
end

attempt 'errors' do |db|
  db.exec('CREATE TEMP TABLE u (a int PRIMARY KEY)')
  db.exec('INSERT INTO u VALUES (1)')
  begin
    db.exec('INSERT INTO u VALUES (1)')
    raise 'no error'
  rescue PG::UniqueViolation => e
    same e.result.error_field(PG::Result::PG_DIAG_SQLSTATE), '23505'
    same e.result.error_field(PG::Result::PG_DIAG_CONSTRAINT_NAME), 'u_pkey'
  end
  begin
    db.exec('SELECT * FROM nowhere')
  rescue PG::UndefinedTable
    same db.exec('SELECT 1').ntuples, 1
  end
end

attempt 'transactions' do |db|
  db.exec('CREATE TEMP TABLE t (a int)')
  begin
    db.transaction { db.exec('INSERT INTO t VALUES (1)'); raise ArgumentError }
  rescue ArgumentError
    same db.transaction_status, PG::PQTRANS_IDLE
  end
  db.transaction { db.exec('INSERT INTO t VALUES (2)') }
  same db.exec('SELECT a FROM t').values, [['2']]
end

attempt 'COPY' do |db|
  db.exec('CREATE TEMP TABLE c (a int, b text)')
  db.copy_data('COPY c FROM STDIN', PG::TextEncoder::CopyRow.new) { (1..100).each { |i| db.put_copy_data([i, "r\t#{i}"]) } }
  rows = []
  db.copy_data('COPY (SELECT * FROM c ORDER BY a LIMIT 2) TO STDOUT', PG::TextDecoder::CopyRow.new) do
    while (row = db.get_copy_data)
      rows << row
    end
  end
  same rows, [['1', "r\t1"], ['2', "r\t2"]]
end

attempt 'one row at a time' do |db|
  db.send_query('SELECT i FROM generate_series(1, 1000) i')
  db.set_single_row_mode
  n = 0
  db.get_result.stream_each { |row| n += row['i'].to_i }
  db.get_last_result
  same n, 500_500
end

attempt 'pipeline' do |db|
  db.enter_pipeline_mode
  db.send_query_params('SELECT $1::int AS a', [1])
  db.send_query_params('SELECT 1/$1::int AS a', [0])
  db.send_query_params('SELECT 3 AS a', [])
  db.pipeline_sync
  same db.get_result.getvalue(0, 0), '1'
  db.get_result
  begin
    db.get_result.check
    raise 'no error'
  rescue PG::DivisionByZero
  end
  db.get_result
  same db.get_result.result_status, PG::PGRES_PIPELINE_ABORTED
  db.get_result
  same db.get_result.result_status, PG::PGRES_PIPELINE_SYNC
  db.exit_pipeline_mode
end

attempt 'LISTEN' do |db|
  db.exec('LISTEN news')
  other = PG.connect(ENV['DATABASE_URL'])
  other.exec("NOTIFY news, 'hello'")
  other.finish
  got = nil
  db.wait_for_notify(10) { |channel, _, payload| got = [channel, payload] }
  same got, %w[news hello]
end

attempt 'cancel' do |db|
  db.send_query('SELECT pg_sleep(60)')
  db.cancel
  begin
    db.get_last_result
    raise 'no error'
  rescue PG::QueryCanceled
    same db.exec('SELECT 1').ntuples, 1
  end
end

exit($failures.zero? ? 0 : 1)
