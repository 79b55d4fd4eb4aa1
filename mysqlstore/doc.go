// Package mysqlstore is the store on MySQL and MariaDB, through sqlx and
// go-sql-driver/mysql: as the authority it writes rows and their change records
// in one transaction, under the fence that says whether MySQL may commit; as the
// follower it is brought up to date, under the same fence.
//
//	contract, err := transform.LoadFile("contract.json")
//	db, err := mysqlstore.OpenDB("shop:secret@tcp(127.0.0.1:3306)/shop?tls=true") // or the service's own *sqlx.DB
//	mysql, err := mysqlstore.New(db, contract, nil)
//	err = mysql.Init(ctx)  // once per database; migrationctl init does it
//	err = mysql.Ready(ctx) // says what is wrong before a write finds out
//	err = mysql.Check(ctx) // says what forbids that DynamoDB leads and MySQL follows
//
// # What it promises as the authority
//
// The rules of package store hold (TestConformance, in both protocols of the
// driver and with its other ways to hand over values). Beyond them:
//
//   - Whatever happens to the caller or the connection at any statement of a
//     write, nothing commits without its change record, and the error says
//     what became of the write (TestWriteWithFaultAtEveryStatement,
//     TestAssignedKeyWithFaultAtEveryStatement).
//   - A transaction in which any statement failed is never committed
//     (TestPoisonedTransactionDoesNotCommit, TestLockTimeoutOfTheFenceStatement,
//     TestDeadlockOfTheFenceStatement, TestAssignedKeyWithoutChangeRecord).
//   - Every write holds the fence's shared lock until it commits, under READ
//     COMMITTED and REPEATABLE READ, and obeys what it finds there
//     (TestWriteHoldsTheFenceUntilItCommits, TestWriteWaitsForTheFenceAndObeysIt).
//   - A read that carries an epoch sees the fence in its own snapshot, with and
//     without capture, and is refused in another epoch or where MySQL was given
//     away (TestReadsSeeTheFence, TestClosedFence).
//   - A bare write has as many statements as without this library, a captured
//     one as many as in a transaction of its own, and one more per key
//     (TestStatementsOfAWrite).
//   - Where MySQL assigns a key, the answer names it, also that of a repeated
//     write (TestAssignedKeys, TestAssignedKeysOfARepeatedWrite).
//   - A write repeated with its token is applied once
//     (TestTokenSettlesAnUnknownOutcome, TestSameTokenAtOnce). Tokens are kept
//     for 24 hours (TestTokensAreKeptForADay), and a drain carries them to the
//     other store (TestTokensAreCarried).
//   - An update sets the columns that changed, and no other
//     (TestUpdateChangesOnlyWhatModifyChanged).
//   - Records hold what MySQL stores, whatever the session and the driver do
//     with it (TestValuesAsStored): a FLOAT, a BIT, a TIME is the same in both
//     protocols, and whether plain SQL or the store wrote it (TestRowsOfSQL,
//     TestRandomRowsOfTypes, TestKeysOfTypes). A row that has no form as a record does not
//     hide its neighbours (TestRowsThatCanNotBeRepresented).
//   - Queries compare and sort text byte by byte, as DynamoDB does
//     (TestQueryComparesBytes), labels of an ENUM too (TestQueriesOfTypes).
//   - Errors show no content of a row (TestErrorsShowNoValues).
//
// # What it promises of its mark
//
//   - When Advance has returned, no write of an older mark commits
//     (TestAdvanceWaitsForWritesInFlight). Fence, phase record and audit move
//     together or not at all (TestAdvanceWithFaultAtEveryStatement), and only
//     from the revision that the caller knew (TestAdvanceAtOnce,
//     TestTakeOverAtOnce).
//   - The sign of life of a hand-off's driver is one statement and waits for no
//     write (TestBeatDoesNotWaitForTheFence).
//   - Advance gives up after Options.FenceWait, with nothing changed
//     (TestAdvanceGivesUp); with Options.EndHolders it ends the sessions of its
//     own account that hold the fence, and no others (TestAdvanceEndsHolders).
//   - RaiseID never lowers the counter (TestRaiseID), and LastID is the counter
//     as it is (TestLastID).
//
// # What it promises as the follower
//
//   - Nothing lands but where MySQL was given away to the authority of the same
//     epoch and is not sealed, and the fence is held until it has landed
//     (TestFollowerNeedsTheFence, TestPutHoldsTheFence). Insert and Keep carry
//     no epoch: given away is all they need.
//   - Row and version change together (TestPutWithFaultAtEveryStatement), and
//     versions go on from those that MySQL gave as the authority
//     (TestPutOverTheAuthoritysVersions).
//   - What is put is what is there: ids, and columns that MySQL would fill or
//     update by itself (TestPutStoresWhatItIsGiven). What does not fit is an
//     error in every sql_mode (TestPutRefusesWhatDoesNotFit).
//   - Foreign keys are neither checked nor do they cascade
//     (TestPutChecksNoForeignKeys), and the service's sessions are as they were
//     afterwards (TestFollowerLeavesSessionsAsTheyWere,
//     TestSessionThatIsNotRestored).
//   - A unique value that is taken is told with the key of the row that has it
//     (TestUniqueTakenInTheFollower), and keys exchange them in one transaction
//     (TestPutTogetherSwaps).
//   - A delete that comes between a backfill's look and its insert is not undone
//     (TestInsertBesideADelete).
//
// # What it promises of its looks at a contract
//
// CheckLive, CheckData and Preview read and write nothing, need none of the
// library's tables, and take a contract that no store can migrate yet. The session
// they read with is given back as it was, and nothing in it changes what they see
// (TestPreviewSession).
//
//   - CheckLive finds what in the schema does not fit the contract, or will cost
//     time, where the contract says it (TestCheckLive, TestCheckLiveUnique,
//     TestCheckLiveView), whatever the names are (TestCheckLiveHostileNames), and
//     nothing in a schema that is as the contract says (TestCheckLiveClean).
//   - CheckData finds what keeps a row from becoming its item, with the number of
//     rows and the first of their keys (TestCheckData), and counts a row for
//     each thing that is wrong with it (TestCheckDataEveryFaultOfARow).
//   - It finds rows whose items have one key, byte for byte or as MySQL compares
//     (TestCheckData), and so what is no label of an ENUM beside an empty label
//     (TestCheckDataOfNoLabelBesideAnEmptyOne).
//   - However many rows there are, the same memory does, and no file stays behind
//     (TestCheckDataMemory). A check that is interrupted has what it found until
//     then (TestCheckDataInterrupted).
//   - Preview gives each row once, in the order of the primary key
//     (TestPreviewRows). A row that can't be represented does not hide its
//     neighbours (TestPreviewUnfit), and large rows are not all in memory at once
//     (TestPreviewMemory).
//
// Findings of CheckData show the values of primary keys, and nothing else here
// does. Rows that change meanwhile are seen before or after.
//
// # What voids it
//
// Init refuses what it can see: Galera, group replication with several
// primaries, TiDB, Vitess, and tables that are not InnoDB's. Ready refuses
// sessions that do not speak utf8mb4, do not commit single statements, read
// uncommitted data, or count TIMESTAMP columns in another zone than UTC.
//
// Check refuses to follow with what MySQL keeps and DynamoDB would not: unique
// indexes that the contract does not declare or that compare text otherwise than
// by its bytes, columns that it does not have, triggers and checks
// (TestCheckFollower). As the authority MySQL may have all of them.
//
// What it can't see: writes by others that do not go through this library leave
// no change record, and pass while MySQL was given away. A failover that loses
// commits loses them here too. A key's ID may have 2048 bytes, a token 128.
//
// # Its tables
//
// Init makes eight tables, all named crossfade_…, in the database of the DSN:
// the fence and the phase record (one row per group), a change record per key
// ever written under capture or put, tokens, processes, the audit, dead letters,
// and the progress of long runs. Nothing in them is a copy of the service's data
// save the keys.
package mysqlstore
