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
//     (TestStatementsOfAWrite). A delete may have to look first (see below).
//   - Where MySQL assigns a key, the answer names it, also that of a repeated
//     write (TestAssignedKeys, TestAssignedKeysOfARepeatedWrite).
//   - A write repeated with its token is applied once
//     (TestTokenSettlesAnUnknownOutcome, TestSameTokenAtOnce). Tokens are kept
//     for 24 hours (TestTokensAreKeptForADay), and a drain carries them to the
//     other store (TestTokensAreCarried).
//   - An update sets the columns that changed, and no other
//     (TestUpdateChangesOnlyWhatModifyChanged).
//   - Rows of other tables that are part of a record change with it, by the
//     difference: those that stay get no statement (TestChildrenThatStayAsTheyAre).
//     They are read in the statement that reads the record, and where that locks it
//     as they are now (TestChildrenAreThoseOfNow), and a delete waits for who adds
//     one (TestChildrenWaitForTheirRecord). A list that the server cuts is an error
//     (TestChildrenThatAreCut, TestReadyLooksAtChildren).
//   - Records hold what MySQL stores, whatever the session and the driver do
//     with it (TestValuesAsStored): a FLOAT, a BIT, a TIME is the same in both
//     protocols, and whether plain SQL or the store wrote it (TestRowsOfSQL,
//     TestRandomRowsOfTypes, TestKeysOfTypes). A row that has no form as a record does not
//     hide its neighbours (TestRowsThatCanNotBeRepresented).
//   - Queries compare and sort text byte by byte, as DynamoDB does
//     (TestQueryComparesBytes), labels of an ENUM too (TestQueriesOfTypes), and
//     numbers exactly, beyond what the column holds too (TestConformance). They find
//     their rows by MySQL's indexes (TestStatementsUseIndexes). An attribute that is
//     made of columns is compared as the entity's view shows it, which is what the item
//     has (transform's TestViewIsItem), and its rows are found by the columns where they
//     can be told from it (TestTemplatesUseIndexes). One that is the same in all items,
//     or of which nothing can be told, such as a month, has MySQL read the whole table.
//   - Errors show no content of a row (TestErrorsShowNoValues).
//   - What a delete takes along by the contract's references has change records, and
//     nothing slips in between (TestNothingSlipsInBeforeADelete,
//     TestNothingSlipsInWhileADeleteLooks). A reference that is no foreign key of the
//     schema is found before it matters (TestReferencesAreForeignKeys).
//
// # Copies that follow
//
// Items may have copies of what other records have ("keep": {"dynamodb": "edge"}). A row
// has none: MySQL joins, and here is only what says that copies are old, the fan-out
// marks.
//
//   - A captured write leaves a mark in its own transaction where it changes what copies
//     show, also by what a foreign key sets to NULL, and costs one statement more only
//     there (TestWritersLeaveFanOuts, TestSetNullLeavesFanOuts, TestColumnThatMySQLSets,
//     TestPutOverWhatCanNotBeRead). What does not commit leaves none, and nothing commits
//     without (TestFanOutsInVain, TestFanOutWithFaultAtEveryStatement).
//   - A transaction of the service's own leaves one for each key that it names and that
//     copies show (TestJoinedLeavesFanOuts, TestJoinedTakenBackLeavesFanOuts). Triggers
//     leave one where the values differ, be it in their bytes only
//     (TestTriggersLeaveFanOuts, TestTriggersLeaveFanOutsOfValues,
//     TestTriggersFollowSetNull, TestOwnFanOutsBesideTriggers), and where a row comes or
//     goes in a session with foreign_key_checks = 0, another group's follower among them
//     (TestTriggersLeaveFanOutsWithoutForeignKeys, TestFollowerLeavesFanOutsOfAnotherGroup).
//   - An update that changes nothing that copies show leaves none. A BEFORE UPDATE trigger
//     of the service's own could set such a column beside it, so Ready and contract check
//     refuse one that names it (TestTriggersThatSetWhatCopiesShow).
//   - A mark has the version of a change record, which never comes again
//     (TestFanOutsGoOnAfterAnEpoch). It is cleaned at that version alone, whoever writes
//     meanwhile (TestFanOutMarks, TestCleanedBesideAWriter, TestTwoWritersOfOneSource,
//     TestNoFanOutIsForgotten).
//   - What refers to a record is found by the index of the foreign key, page by page
//     (TestDependents, TestDependentsAsMySQLCompares, TestDependentsReadTheirRowsAlone).
//     Rows whose keys no change record holds are in nobody's way
//     (TestDependentsWithoutARecord).
//     The reference must be a foreign key of the schema (TestCopiesNeedTheForeignKey).
//   - The records whose items count others than before ("counter") have change records by
//     the same transaction, and no mark: those of what a write creates in the order of the
//     keys, others last. A write reads what it deletes or puts over for that. A
//     transaction of the service's own does so at its commit, by what the rows that it named
//     referred to when it named them: it names them before it moves or deletes them
//     (TestJoinedRecordsWhatCounts, TestJoinedTakenBackRecordsWhatCounts). So do triggers,
//     also of cascades (TestTriggersRecordWhatCounts, TestWritesBesideTriggersRecordWhatCounts),
//     and rows that can't be read count too (TestUnreadableRowsAreCounted). What counts is left to the
//     relay, and not brought with the write. A preview shows numbers (TestPreviewShowsNumbers).
//   - A contract without copies needs no table for them (TestFanOutTable).
//   - A preview shows the copies that items have (TestPreviewShowsCopies,
//     TestPreviewOfManyCopies, TestPreviewOfUnfitCopies).
//
// # References
//
// MySQL's own foreign keys keep them, and its cascades do what they always did: code
// of ours beside them would be a second opinion. But a cascade fires no statement, so
// under capture a delete reads first, with locks and level by level, every row that
// it will reach, and writes its change record. The row that is deleted is locked
// before what refers to it is looked for: who inserts a row takes a shared lock on
// each row that it refers to. Without capture nothing follows, and a delete is the
// statement it always was, unless what goes along may have rows of other tables that
// are part of its record: they are deleted before, whatever their foreign keys say
// (TestTakenAlongWithItsRows). Beside changes of other records it looks too where these may
// be among what goes along, and nowhere else (TestNoLookWithoutNeed): a write that takes
// along what it changes is refused, as in DynamoDB.
//
// References are of records. A foreign key of rows that are part of one, such as
// order_lines.product_id, keeps what it says while MySQL is the authority: a delete of
// a product that restricts is ErrReferenced, a line without its product ErrNoTarget
// (TestForeignKeysOfRows). Nothing keeps it while DynamoDB is: the lines are inside the
// item of their order, and no edge tells which orders have a product. Check warns of it
// (TestReadyLooksAtChildren); a service that needs it deletes no product, and marks it
// as gone, or has the lines as an entity of their own. One that cascades is refused
// without triggers.
//
// ON UPDATE CASCADE or SET NULL does nothing where the foreign key refers to the
// primary key of a record, which no update of the library changes. Where it refers to
// another column, or to a table that is not the contract's, Ready refuses it unless
// triggers capture what it changes (TestFollowedKeysAreFound,
// TestFollowedKeysBesideTriggers).
//
// Where a foreign key is in the way, the error's columns are read from the server's
// message; a server that words it otherwise costs the names.
//
// A transaction of the service's own that dal joins, by Joining:
//
//   - Its change records commit with it, of keys that were named before or after
//     the service's statements (TestJoinedTransaction,
//     TestJoinedTransactionNamesKeysLater), and are taken in the order of the keys
//     (TestJoinedTransactionTakesKeysInOrder).
//   - It never commits without them, whatever happens at any statement, and the
//     error says what became of it (TestJoinWithFaultAtEveryStatement,
//     TestJoinRefused, TestJoinRefusesKeys, TestJoinLockTimeout). If the service
//     goes on after a rollback inside it, what then committed by itself is brought
//     to the follower, whoever has written the same keys in between
//     (TestJoinedTransactionThatWasTakenBack, TestJoinedTransactionThatLostOneKey);
//     one that the service ended by itself may have been committed
//     (TestJoinedTransactionEndedByTheService).
//   - The service's own savepoints are as without the library
//     (TestJoinedTransactionWithSavepoints). One from before Join or Touch that is
//     released costs Commit two statements more, of which one runs on another
//     connection of the store's pool: let that have more than one.
//   - What it leaves of its keys can be read before it commits (TestJoinedRows), with the
//     rows of other tables that are there then (TestJoinedRowsOfOtherTables), and a row
//     that can't be represented (TestJoinedRowsThatCanNotBeRead). One that lost its change
//     records is refused there already (TestJoinedRowsTakenBack,
//     TestJoinedRowsTakenBackAfterwards).
//   - Without capture it costs one statement (TestJoinBare), and one for each entity of
//     its keys. Under capture it costs one for each key, two for each Join or Touch with
//     keys, and the same reads (TestJoinedTransactionStatements).
//   - A step waits for it, and may end it as any other holder of the fence
//     (TestAdvanceWaitsForJoinedTransaction, TestAdvanceEndsJoinedTransaction).
//
// # SQL of the service's own
//
// Where the rows of an entity are more than the contract's columns (stored procedures,
// audit or search tables beside them, a view, columns that are encrypted, rows that are
// marked as gone) the service goes on using its own SQL: Options.SQL has a Read and a
// Write for each such entity, and the library's statements no longer read or write its
// rows. All other entities stay as they are.
//
//	mysql, err := mysqlstore.New(db, contract, &mysqlstore.Options{SQL: map[string]mysqlstore.SQL{
//		"Users": {Read: readUsers, Write: writeUser},
//	}})
//
// Whatever they do, the library's promises hold:
//
//   - Write runs within the library's transaction, after the fence's lock and the change
//     record, and not at all where the fence lets nothing pass
//     (TestServiceSQLBelowTheFence). It is told what there is and what there is to be,
//     and commits with what it writes beside, or not at all (TestServiceSQLIsUsed). An
//     update that changes nothing does not call it.
//   - The library then reads again, in that transaction, with Read. A record that is not
//     as the repository said is rolled back, ErrInvalid, with entity and field: another
//     value, a column that was forgotten or changed beside, another key, a record that
//     was to go (TestServiceSQLThatIsWrong). Columns that MySQL fills by ON UPDATE may
//     change. A failed statement takes the write back also if Write makes nothing of it,
//     so what may be there is INSERT … ON DUPLICATE KEY UPDATE, and no INSERT that fails.
//     Where MySQL assigns the id, Write tells it (TestServiceSQLAssignsAnID).
//   - COMMIT, ROLLBACK and the like are not sent. What ends the transaction in a procedure
//     or in passing, as CREATE TABLE does, is found by a savepoint that is gone: the
//     outcome is Unknown, and the follower is brought what is there
//     (TestServiceSQLThatEndsTheTransaction).
//   - What is there Read says. Keys are found by statements of the library, by the
//     columns of keys, indexes, references and uniques: these must be in the contract's
//     table and hold what the records have. All others may be stored in any form
//     (TestServiceSQLSealsColumns). A row without a record is nowhere, and a list goes on
//     behind it (TestServiceSQLMarksRowsAsGone). A record that can't be read does not
//     hide the others (TestServiceSQLReadsWrongly). A count reads, by Read,
//     the records that it counts, and a total those whose values it is made of.
//   - A row may stay behind where its record is gone only if it keeps no unique value of
//     the contract, and nothing refers to it (TestServiceSQLLeavesWhatCounts).
//   - What a delete takes along by references goes through Write too, with and without
//     capture (TestServiceSQLGoesAlong). It is locked before the first Read of the write, so that
//     it is as Read sees it (TestNothingSlipsInFurtherDown, TestLeftWithoutATargetAsItIs,
//     TestNothingComesToLifeBeforeItGoes).
//   - As the follower MySQL is written by the same Write, in strict mode and without
//     foreign key checks, from what Read shows to what DynamoDB has; what is there
//     already does not call it (TestServiceSQLFollows). So tables beside are right in
//     phase 4 and on the way back, and stand still in phase 5. Keys that exchange unique
//     values are deleted and inserted.
//   - Where triggers capture, what Write changes in other records of the contract is
//     recorded, and its own key has a version more (TestServiceSQLBesideTriggers).
//     Without triggers Write changes its own record and tables that the contract does
//     not have, and nothing else: nobody would learn of it.
//   - The operator's commands have none of this SQL. Once a process that has it has
//     registered they keep away from these records, ErrUnavailable: backfill, verify and
//     repair run in the service, by its Controller (TestServiceSQLKeepsOthersAway).
//     Previews and checks of data read the table, and CheckSchema says what it can't
//     compare.
//
// It costs a Read before and a Read after, the row's lock, and two statements for the
// savepoint; without capture one more for the fence, and a read asks the fence after it
// (TestServiceSQLStatements). Under capture a read is a transaction.
//
// What it can't know: two writers of one new key without capture, of whom one does not
// fail by its INSERT; an AssignedID that is another row's with the same values in all
// other columns; session variables that Write sets and leaves. An entity whose records
// have rows of other tables can't have SQL of its own (TestServiceSQLIsRefused).
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
//   - It finds keys that are too long for change records, and rows that refer to nothing
//     where items have copies (TestDependentsWithoutARecord, TestCheckDataOrphans): who
//     creates what they refer to leaves no fan-out mark.
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
// # Capture by triggers
//
// InstallTriggers makes other writers of the contract's tables part of it: other
// services, scripts, cron jobs. Their statements need no change.
//
//   - While capture is on, each row that they insert, change or delete leaves a
//     change record in their own transaction, of both keys where the key changes
//     (TestTriggersRecordOutsideWriters). Without capture nothing is recorded
//     (TestTriggersWithoutCapture). The key is made in SQL as Entity.Key makes it
//     (TestKeySQL).
//   - They hold the fence until they commit, and where nothing is written they get
//     an error with SQLSTATE 45000 and have written nothing
//     (TestTriggersRefuseWhereNothingIsWritten): ErrnoClosed (30401), "crossfade: a
//     hand-off is under way, nothing is written for a moment; try again", and
//     ErrnoNotHere (30402), "crossfade: DynamoDB leads, and this table is not
//     written here; write through the service". A key that the contract has no
//     form for is ErrnoUnfit (30403), "crossfade: the row's key has no form in the
//     contract; contract check --data tells more" (TestTriggersRefuseUnfitKeys).
//   - A row that is part of a record is a change of the record, and of both where it
//     goes from one to another; one without a parent is a change of none
//     (TestTriggersRecordTheParentsOfRows, TestTriggersFindTheRecordThatMySQLFinds).
//     Where nothing is written, such rows are not either (TestTriggersRefuseRows).
//   - What foreign keys delete, set to NULL or change of these rows is recorded too,
//     through any number of tables, whoever deletes the parent
//     (TestTriggersRecordCascades, TestTriggersFollowCascadesToRows), and the
//     statement may read or change these tables itself
//     (TestStatementsThatNameChildAndParent). What comes back to a table that it came
//     from, changes a primary key, or takes rows whose key has a TIMESTAMP is refused
//     (TestCascadesThatTriggersCanNotFollow), and so is a key with a FLOAT. So a
//     reference that cascades to its own entity can't be captured by triggers.
//   - A write of this library still gives its keys one version, and what is put into
//     the follower none (TestOwnWritesStepOnce, TestOwnRowsStepTheirRecordOnce,
//     TestFollowerPassesTriggers). What a delete takes along by references has two:
//     the parent's triggers can't know that the library has recorded it. The answer
//     tells of the second, for which such a delete has a query more
//     (TestTakenAlongBesideTriggers). What tells statements apart is no setting of a
//     connection that could stay behind on it (TestOwnMarkDoesNotStay). A process that
//     has not heard of the triggers yet, for which it needs to read the phase record
//     once, gives a key two versions, which costs a refresh.
//   - A transaction of the service's own (Joining) commits with and without names of
//     keys (TestJoinedBesideTriggers, TestJoinedTakingAlongBesideTriggers); its
//     statements raise the versions of those that it names. What is rolled back
//     inside it is found (TestJoinedTakenBackBesideTriggers,
//     TestJoinedTakenBackWithoutNames, TestJoinBesideTriggersWithFaultAtEveryStatement).
//     Without names it costs one statement for that.
//   - Several groups may have triggers on one table: what the library writes for one
//     of them, as the authority's store or as the follower, is an outside write to
//     the others (TestTriggersOfTwoGroups, TestFollowerOfOneGroupOfTwo). So while
//     DynamoDB leads in one, the others write such a table no more.
//   - Ready and Check refuse when a trigger is missing, was changed, or is of
//     another contract (TestTriggersLookedAt).
//
// Another writer locks the row first and then its change record, the library the
// other way round: the two can deadlock (1213), and one of them tries again. So can
// a statement whose foreign keys take rows that another one changes just then.
//
// Where foreign keys take rows along through two tables or more, other programs delete
// the topmost rows under REPEATABLE READ, MySQL's default: under READ COMMITTED a row
// that somebody inserts beneath them in that moment would go unrecorded, so a session
// of that level gets ErrnoIsolation (30404, TestNothingSlipsInBelowACascade,
// TestOwnDeleteUnderReadCommitted). A level that SET TRANSACTION sets for one
// transaction no trigger can see.
//
// It is void where no trigger fires: TRUNCATE; DROP or EXCHANGE PARTITION; foreign
// keys whose parent is changed by a session with foreign_key_checks = 0 fire
// nothing, and cascade nothing; tools that swap a table for a copy of it take the
// triggers away (Ready says so); rows that a replica or a restore applies. LOCK
// TABLES of another writer locks the library's tables with its own, and the
// service waits. A session of the service that holds its clock still by SET
// timestamp may have a write taken for the library's own, if it is the same table
// and the library wrote it before on that connection. Of two databases that are
// joined by a foreign key only the one of the DSN is seen.
//
// The account that makes the triggers is their definer: they write with its rights,
// and with the account gone every write of these tables fails. Triggers are seen by
// accounts with TRIGGER on their tables only, so the service's needs that.
//
// # What voids it
//
// Init refuses what it can see: Galera, group replication with several
// primaries, TiDB, Vitess, and tables that are not InnoDB's. Ready refuses
// sessions that do not speak utf8mb4, do not commit single statements, read
// uncommitted data, or count TIMESTAMP columns in another zone than UTC.
//
// Check refuses to follow with what MySQL keeps and DynamoDB would not: unique
// indexes that the contract does not declare or that take other texts for equal than
// the contract's collation, keys that compare text otherwise than by its bytes,
// columns that the contract does not have, triggers and checks
// (TestCheckFollower). As the authority MySQL may have all of them. Not even then may a
// column have another character set than the contract says, or one that MySQL compares,
// such as of a key, a unique index, a reference or the rows of a record, a collation
// that takes other texts for equal: Ready and contract check refuse it alike
// (TestCollationsThatDiffer).
//
// What it can't see: writes by others that do not go through this library leave
// no change record, and pass while MySQL was given away, unless the group captures
// by triggers. A failover that loses commits loses them here too. A key's ID may have 2048 bytes, a token 128.
//
// # Its tables
//
// Init makes nine tables, all named crossfade_…, in the database of the DSN:
// the fence and the phase record (one row per group), a change record per key
// ever written under capture or put, fan-out marks, tokens, processes, the audit, dead letters,
// and the progress of long runs. Nothing in them is a copy of the service's data
// save the keys.
package mysqlstore
