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
//     (TestUnitTooLarge), except in phase 1 without capture.
//   - A phase change and a hand-off make operations wait, not fail, and they go
//     on within 40 ms of its end (TestPhaseChangeWaits,
//     TestRequestsWaitForAHandOff, TestHandOffGivenUp). They wait no longer than
//     PhaseWait, and then say why (TestPhaseWaitSaysWhy). One whose process slept
//     through it looks once more (TestProcessThatSleptLooksAgain).
//   - An answer that DynamoDB gave after this process's lease had run out does
//     not count: reads are repeated, a write is reported as unknown and not
//     repeated by us (TestLeaseLostDuringRead, TestLeaseLostDuringWrite,
//     TestUnknownIsNotRetried).
//   - A follower that is down, slow or throttled costs an acknowledged write at
//     most its budget, and after a few failures nothing (TestScenario44FollowerHangs).
//   - Keys that exchange unique values reach the follower together, up to 16 of
//     them (TestKeysExchangeUniqueValues); tokens reach it after the rows they
//     stand for (TestTokenFollows).
//   - Under Required an acknowledged write is in the follower, also if a
//     hand-off was faster than its refresh (TestRequiredAcrossAHandBack).
//   - A comparison of phase 3 changes neither answer nor latency, and counts a
//     difference only if it persists at the same version (TestScenario35Comparison).
//   - A record that could not become an item is refused before the commit,
//     except in phase 1 without capture, where it is reported
//     (TestUnfitRecordRefused). With DynamoDB as authority so is one that
//     MySQL's columns can't hold (TestWhatMySQLCantHold).
//   - An id that a store assigns is given back, the same one when the create is
//     repeated with its token (TestScenario20CreateFillsID,
//     TestCreateFillsIDAgain).
//   - A stale answer is given only in phase 4, only to who allows it with
//     AllowStale, and says so (TestScenario36Fallback,
//     TestNoFallbackInOtherPhases).
//   - Routing allocates nothing (TestRoutingAllocatesNothing).
//
// # What voids it
//
// Writers that go around the library leave no change record. A commit that
// MySQL acknowledged and then lost, as an asynchronous failover can, is lost
// here too. So is what had not been refreshed when an operator abandons a lost
// DynamoDB in phase 4, which under Required is nothing that was acknowledged.
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
// The names in this package's names.go are aliases: the stores' contract in
// package store needs them too, and must not import a service's package.
package dal
