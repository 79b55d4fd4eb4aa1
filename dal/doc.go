// Package dal is what a service imports: a typed repository in front of MySQL
// and DynamoDB, which take turns as the authority while the service runs.
//
//	contract, err := transform.LoadFile("contract.json")
//	mysql, err := mysqlstore.New(db, contract, nil)
//	dynamo, err := dynamostore.New(client, contract, nil)
//	ctl, err := migrationctl.Open(ctx, mysql, dynamo, nil)
//	defer ctl.Close(ctx)
//
//	users, err := dal.NewRepository[User](ctl, "Users")
//	u, err := users.Get(ctx, users.Key(101))
//	err = users.Update(ctx, users.Key(101), func(u *User) error { u.Email = e; return nil })
//	err = ctl.Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
//		return users.In(tx).Delete(ctx, users.Key(101)) // and more, of any entity
//	})
//
// For unit tests of a service, Standalone puts a repository in front of a
// single store, such as package memstore's; see the example.
//
// # What a repository promises
//
// In phases 1 to 3 MySQL is the authority, in phases 4 and 5 DynamoDB: its
// commit decides, and its answer is the answer. What the package holds to, and
// the test that holds it to that:
//
//   - A write is committed together with its change record or not at all, and
//     what an error says of its outcome is true (TestSweepWrites).
//   - A read answers with all of what the store that leads has, or with an error
//     beside no answer. What AllowStale let MySQL answer says so. No read changes a
//     store (TestSweepReads).
//   - What follows a commit runs on its own deadline: a caller that goes away
//     takes nothing with it (TestScenario07CancelledCaller).
//   - Every operation uses one phase from start to end
//     (TestOneSnapshotPerOperation), also an update that lasts longer than a
//     switch: it is done anew, whole (TestScenario19LongUpdateSpansASwitch).
//   - A unit of work is applied whole or not at all (TestUnitIsAllOrNothing,
//     TestSweepWrites), sees its own writes (TestUnitSeesItself), and is decided
//     upon what is there when it commits, also where it only reads or gives up
//     (TestUnitRunsAgain, TestUnitFailsForWhatIsTrue, TestUnitsOfManyWorkers). One
//     that spans a switch is done again (TestScenario19LongUnitSpansASwitch), one
//     that is repeated with its token is applied once (TestUnitWithToken), and one
//     that DynamoDB could not take in a transaction is refused in every phase
//     (TestUnitTooLarge), except in phase 1 without capture; what deletes take along
//     does not count where it is staged (TestScenario24StagedCascade).
//   - What a transaction of the service's own changes, once joined, reaches the
//     follower as every write does (TestJoinedCommitReachesTheFollower,
//     TestJoinedCommitBeyondItsCaller, TestJoinWithoutFollower,
//     TestJoinedCommitThatFails). One that can't be joined is rolled back
//     (TestJoinRefuses, TestJoinWhereDynamoDBLeads), and begun again once the phase
//     is settled (TestJoinWaitsForThePhase). What it leaves of the records that it names
//     is weighed as the library's own writes are, and refused before the commit except in
//     phase 1 without capture (TestJoinedWeighed); what deletes take along does not count
//     where it is staged (TestJoinedTakesAlong, TestJoinedTakesAlongUnstaged).
//   - A phase change and a hand-off make operations wait, not fail, and they go
//     on within 40 ms of its end (TestPhaseChangeWaits,
//     TestRequestsWaitForAHandOff, TestHandOffGivenUp). They wait no longer than
//     PhaseWait, and then say why (TestPhaseWaitSaysWhy). One whose process slept
//     through it looks once more (TestProcessThatSleptLooksAgain).
//   - An answer that DynamoDB gave after this process's lease had run out does
//     not count before the process has the lease again, in the same epoch: reads are
//     repeated, a write waits for that or is reported as unknown, and is not
//     repeated by us (TestLeaseLostDuringRead, TestLeaseLostDuringWrite,
//     TestUnknownIsNotRetried).
//   - A follower that is down, slow or throttled costs an acknowledged write at
//     most its budget, and after a few failures nothing (TestScenario44FollowerHangs).
//   - Keys that exchange unique values reach the follower together, up to 16 of
//     them (TestKeysExchangeUniqueValues); tokens reach it after the rows they
//     stand for (TestTokenFollows).
//   - Under Required an acknowledged write is in the follower, also if a
//     hand-off was faster than its refresh (TestRequiredAcrossAHandBack); of what a
//     staged delete takes along see Required (TestRequiredOfMoreThanIsTold).
//   - A comparison of phase 3 changes neither answer nor latency, and counts a
//     difference only if it persists at the same version (TestScenario35Comparison,
//     TestSweepComparisons).
//   - A record that could not become an item is refused before the commit,
//     except in phase 1 without capture, where it is reported
//     (TestUnfitRecordRefused). With DynamoDB as authority so is one that
//     MySQL's columns can't hold (TestWhatMySQLCantHold).
//   - A record has what it refers to, as the contract's references say: a write of
//     one that has not is ErrNoTarget, a delete that a reference restricts
//     ErrReferenced, and what a delete takes along is taken along in the follower
//     too, in every phase (TestScenario24Cascade). What takes more than a
//     transaction of DynamoDB can have is staged there, where the contract lets it
//     (transform.Entity.Unstaged): the record goes first, and what refers to it goes
//     before the delete is acknowledged, or as soon as a relay comes to it; then the error
//     is ErrPending, with outcome Applied (TestScenario24StagedCascade,
//     TestStagedDeleteBesideAnother, TestStagedDeleteIsWaitedFor,
//     TestStagedDeleteIsAbandoned, TestStagedModel). Otherwise it is refused, with the
//     count (TestTakenAlongIsCounted, TestMovingTakenAlongIsCounted). Both hold in every
//     phase (TestStagedIsNotCounted).
//   - An id that a store assigns is given back, the same one when the create is
//     repeated with its token (TestScenario20CreateFillsID,
//     TestCreateFillsIDAgain).
//   - A stale answer is given only in phase 4, only to who allows it with
//     AllowStale, and says so (TestScenario36Fallback,
//     TestNoFallbackInOtherPhases).
//   - A list has the same members in the same order on the same pages in every
//     phase, ties and answers beyond a megabyte included, and a cursor goes on in the
//     next phase (TestScenario33Lists); random queries are answered alike by every
//     store (TestEveryStoreAnswersAlike).
//   - A query of the table's own key shows what was written before it
//     (TestScenario33TableKeySeesItsOwnWrites), and so does one that gives all columns
//     of a "unique" (TestScenario33UniqueValueSeesItsOwnWrites). Asked otherwise, an
//     index of DynamoDB lags, and the answer says so where TellLag asks it to
//     (TestTellLag).
//   - Conditions on the sort key add up (TestSortConditions); those of Where mean the
//     same in both stores, and a page of them is full unless it has looked through
//     10,000 records (TestWhere, TestFilteredPages, TestWorkOfAPageIsBounded). Folded
//     ones compare text as MySQL does, "%" and "_" being characters
//     (TestScenario34Search).
//   - A unique value is one value in every form that MySQL takes for equal, in every
//     phase, and comes back in the form it was given (TestScenario15OneNameInAnyForm).
//   - An index of a fold finds a text in every form that MySQL takes for equal
//     (TestFoldedIndex, TestScenario15OneNameInAnyForm); what has no order there is
//     refused (TestFoldedIndexRefused).
//   - A cursor goes on in its own query and in no other, and whatever it is, it is
//     ErrInvalid or a place in the list that was asked for
//     (TestCursorBelongsToItsQuery, TestForgedCursors, TestDamagedCursors,
//     FuzzCursor).
//   - Of a key that is made of columns a query takes the values of these, and user 1
//     is not user 12, nor "a#b" and "c" the same as "a" and "b#c" (TestParts,
//     TestPartsOfTexts, TestScenario21KeyCodecs, TestScenario25OrdersByID); what makes
//     no sense is refused (TestPartsRefused).
//   - What the contract hydrates ("keep": {"dynamodb": "hydrate"}) is shown by every
//     read, in every phase and across every step, as the records that it is joined from
//     have it by then (TestHydratedReads, TestHydratedTrees, TestHydratedAcrossAHandOff,
//     TestScenario31CartsShowTheProduct, TestScenario23ChildrenShowTheParent), and by
//     reads within a unit as the unit has staged these (TestHydratedInUnits). It is
//     written nowhere (TestHydratedIsNotWritten), and no query can ask for it
//     (TestHydratedIsNotAskedFor). What is kept by an edge, a counter or a copy is shown in the same way; the
//     copy in items is for others, and no read of this package looks at it.
//   - A COUNT that the contract hydrates is how many records refer to this one, in every
//     phase and after any history, with what was acknowledged before the read and what the
//     unit of work has staged, each record once (TestCounts, TestCountsInUnits,
//     TestCountsAcrossAHandOff, TestScenario32CountersEqualCount).
//   - A SUM, AVG, MIN or MAX that the contract hydrates is of the same records, and equal in
//     every phase (TestTotals, TestTotalsInUnits, TestTotalsAcrossAHandOff).
//   - A query that no index serves says what to add to the contract
//     (TestQueryThatNoIndexServes, TestBy).
//   - Routing allocates nothing (TestRoutingAllocatesNothing).
//
// # What voids it
//
// Writers that go around the library leave no change record, and neither does what
// a joined transaction changes without naming it; Join says more. A commit that
// MySQL acknowledged and then lost, as an asynchronous failover can, is lost
// here too. So is what had not been refreshed when an operator abandons a lost
// DynamoDB in phase 4, which under Required is nothing that was acknowledged, and
// what a process that can't reach MySQL goes on writing to it: migrationctl's
// Operator.Abandon says which are to be stopped first.
//
// # Choices
//
// Operations that wait for a phase are told of it by one reader per process,
// which looks at the phase record every 20 ms. Each of them asking for itself
// would load the very stores that a hand-off is waiting for.
//
// In phases 1 to 3 Update runs the caller's function while MySQL holds the key's
// lock, instead of reading, changing and comparing: two hundred writers of one
// key then queue up, where an optimistic loop would let most of them fail and
// try again. DynamoDB has no such lock, and its store can only compare.
//
// A unit of work reads without locks and commits upon what it has read, in MySQL
// too, where a transaction could be held open instead: its function would then
// hold the fence against a change of phase for as long as it thinks, and would
// behave otherwise once DynamoDB leads. UpdateAtCommit is for the records that
// many want at once. Queries have no part in a unit yet: what they find can be
// read again within it.
//
// A transaction of the service's own that meets a change of the phase is rolled back
// and has to be begun again, where every other operation waits. It has read and
// written before the library saw it, so nobody else can repeat it; and if it waited
// with its locks held, the change of phase would wait for it.
//
// Conditions of Where are not sent to the stores, although both could leave some of
// the records out by themselves and spare their way: a second meaning of each, in
// SQL and in DynamoDB's expressions, would have to be the first one's equal to the
// last collation and digit. What is read costs the same in DynamoDB either way.
//
// What is hydrated is read after the record, in one more read for each hop of a join and
// each level of a tree, for all records of an answer at once, and in none for a T without
// fields for it. It is therefore not of one moment with the record: a product that is
// deleted in between is one that is not there. Within a unit it is no precondition
// either, since nothing says that the unit decides upon it: read the joined record itself
// to depend on it. Changes that Update and UpdateAtCommit run find the fields empty, in
// every phase: MySQL runs them while it holds the key's lock, where a read of other
// records could wait for others' locks.
//
// A number of records is counted when it is read, also where items have one: that is for
// others, and a moment old. It costs a read for each number that T has a field for (TestCountsCost):
// in MySQL one statement for all records of an answer; in DynamoDB a query for each of
// them, which is paid for by what it counts, some thirty of those that refer for a read
// unit. The numbers of one answer are not of one moment, and what a unit's deletes take
// along at its commit is counted until then, as the unit's reads find it.
//
// A sum, a mean, a least and a most are made in the same way, at the price of the records
// themselves: each read of a record that shows one reads all that refer to it, once for each
// of their columns that is asked for (TestTotalsCost). MySQL sends each such column
// by one statement for up to 500 records of the answer; DynamoDB reads the edges and then the records, a hundred a call, and is paid for
// them whole. There they are not of one moment: of an amount that one unit of work takes
// from one record and adds to another, the sum may show either without the other. Do not
// decide upon it, and where many refer keep a total in the record, and change it in the unit
// of work that changes its parts.
//
// A cursor is bound to its query by a digest and not by a secret. It opens nothing:
// value, bounds and conditions are the query's, whatever the cursor says.
//
// The names in this package's names.go are aliases: the stores' contract in
// package store needs them too, and must not import a service's package.
package dal
