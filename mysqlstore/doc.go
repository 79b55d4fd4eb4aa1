// Package mysqlstore is the store on MySQL and MariaDB, through sqlx and
// go-sql-driver/mysql: it writes rows and their change records in one
// transaction, under the fence that says whether MySQL may commit.
//
//	contract, err := transform.LoadFile("contract.json")
//	db, err := mysqlstore.OpenDB("shop:secret@tcp(127.0.0.1:3306)/shop?tls=true") // or the service's own *sqlx.DB
//	mysql, err := mysqlstore.New(db, contract, nil)
//	err = mysql.Init(ctx)  // once per database; migrationctl init does it
//	err = mysql.Ready(ctx) // says what is wrong before a write finds out
//
// # What it promises
//
// The rules of package store hold (TestConformance, in both protocols of the
// driver and with its other ways to hand over values). Beyond them:
//
//   - Whatever happens to the caller or the connection at any statement of a
//     write, nothing commits without its change record, and the error says
//     what became of the write (TestWriteWithFaultAtEveryStatement).
//   - A transaction in which any statement failed is never committed
//     (TestPoisonedTransactionDoesNotCommit, TestLockTimeoutOfTheFenceStatement,
//     TestDeadlockOfTheFenceStatement).
//   - Every write holds the fence's shared lock until it commits, under READ
//     COMMITTED and REPEATABLE READ, and obeys what it finds there
//     (TestWriteHoldsTheFenceUntilItCommits, TestWriteWaitsForTheFenceAndObeysIt).
//   - When Advance has returned, no write of an older epoch commits
//     (TestAdvanceWaitsForWritesInFlight). Fence, phase record and audit move
//     together or not at all (TestAdvanceWithFaultAtEveryStatement).
//   - A bare write has as many statements as without this library, a captured
//     one as many as in a transaction of its own, and one more per key
//     (TestStatementsOfAWrite).
//   - A write repeated with its token is applied once
//     (TestTokenSettlesAnUnknownOutcome, TestSameTokenAtOnce). Tokens are kept
//     for 24 hours (TestTokensAreKeptForADay).
//   - An update sets the columns that changed, and no other
//     (TestUpdateChangesOnlyWhatModifyChanged).
//   - Records hold what MySQL stores, whatever the session and the driver do
//     with it (TestValuesAsStored). A row that has no form as a record does not
//     hide its neighbours (TestRowsThatCanNotBeRepresented).
//   - Queries compare and sort text byte by byte, as DynamoDB does
//     (TestQueryComparesBytes).
//   - Errors show no content of a row (TestErrorsShowNoValues).
//
// # What voids it
//
// Init refuses what it can see: Galera, group replication with several
// primaries, TiDB, Vitess, and tables that are not InnoDB's. Ready refuses
// sessions that do not speak utf8mb4, do not commit single statements, read
// uncommitted data, or count TIMESTAMP columns in another zone than UTC.
//
// What it can't see: writes by others that do not go through this library leave
// no change record. A failover that loses commits loses them here too. A key's
// ID may have 2048 bytes, a token 128.
//
// # Its tables
//
// Init makes eight tables, all named crossfade_…, in the database of the DSN:
// the fence and the phase record (one row per group), a change record per key
// ever written under capture, tokens, processes, the audit, dead letters, and
// the progress of long runs. Nothing in them is a copy of the service's data
// save the keys.
package mysqlstore
