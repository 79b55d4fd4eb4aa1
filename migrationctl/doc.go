// Package migrationctl is the controller of a migration from MySQL to DynamoDB:
// the phase record and its steps, the hand-off of authority there and back, the
// relay, backfill, verify and repair. A service opens a Controller; a command
// line makes an Operator. It serves no HTTP and reads no flags.
//
//	ctl, err := migrationctl.Open(ctx, mysql, dynamo, nil)
//	if err != nil { … }
//	defer ctl.Close(ctx)
//	users, err := dal.NewRepository[User](ctl, "Users")
//
// and, once, from anywhere:
//
//	op, err := migrationctl.NewOperator(mysql, dynamo, nil)
//	err = op.Init(ctx)
//	err = op.CaptureOn(ctx, migrationctl.Change{Reason: "begin"})
//	err = op.SetPhase(ctx, store.DualWrite, migrationctl.Change{Reason: "begin"})
//	err = op.Backfill(ctx, migrationctl.BackfillOptions{})
//	err = op.SetPhase(ctx, store.Validate, migrationctl.Change{Reason: "compare"})
//
//	_, err = op.Verify(ctx, migrationctl.VerifyOptions{})
//	err = op.SetPhase(ctx, store.DynamoDBPrimary, migrationctl.Change{Reason: "cut over"})
//
// # Guarantees
//
//   - A step is made whole or refused whole, with every unmet condition
//     (TestGuards, TestRefusedStepChangesNothing).
//   - When a step returns, every process of the fleet obeys it; one that does
//     not know it yet writes nothing (TestStepWaitsForFleet,
//     TestCaptureOnRefusesOldEpoch).
//   - No write without change record commits after the first one with one
//     (TestCaptureOnRefusesOldEpoch).
//   - Whatever fails in a write, a refresh or a backfill, and wherever a process
//     dies, the stores are equal once the relay is done (TestSweepWrites,
//     TestSweepBackfill), also where a transaction of the service's own was joined
//     (TestSweepJoinedWrites), where triggers name what has changed
//     (TestSweepTriggeredRefresh), and where the service has SQL of its own
//     (TestSweepServiceSQL).
//   - A live value is never overwritten, and a deleted record never brought
//     back, by a backfill or a late refresh (TestScenario16LateBackfillKeepsLiveValue,
//     TestScenario17LateBackfillKeepsDelete).
//   - A process with another contract does not join a group that captures under
//     this one (TestOtherContractIsRefused).
//   - A follower that holds a later history than MySQL is never taken for up to
//     date (TestFollowerAheadIsNotCleaned).
//   - Verify and the comparison of phase 3 count a difference only if it
//     persists at the same version (TestVerifyCountsWhatPersists).
//   - At no time do both stores take writes, whatever fails in a hand-off and
//     wherever its driver dies; another process finishes it, or it is given up
//     (TestSweepHandoff), also where only operators are left (TestOperatorGoesOn,
//     TestDriverThatSlept). Requests of live processes wait and do not fail
//     (TestWalk).
//   - A process that is silent is waited for as long as its lease may last, and
//     nothing it asks afterwards is answered from the store that led before
//     (TestSilentProcessIsWaitedOut). What one wrote that was only too busy to renew
//     its lease is acknowledged once it has it again (TestLateReplyCounts).
//   - A write that lands in DynamoDB after MySQL took over was never
//     acknowledged; it is audited and undone, and its token applies again
//     (TestStrayWriteIsUndone, TestStrayBeforeHandoff, TestLastLookFindsAStray).
//   - What a service writes by its own SQL in a transaction that it lets the
//     library join is in both stores, beside other writers, across steps and after
//     a crash (TestJoinedWrites, TestJoinedWritesBesideOthers,
//     TestPhaseChangesAroundJoinedWrites, TestJoinedWriteOfADeadProcess,
//     TestJoinedWriteBare), and one that DynamoDB can't take in none
//     (TestJoinedWritesAreWeighed).
//   - With capture by triggers (Operator.InitTriggers) programs that write MySQL
//     without this library lose nothing either: what they were told is committed is
//     in both stores, and where MySQL is not written they are refused
//     (TestWalkWithOutsideWriters). A missing trigger stops capture and the steps
//     (TestTriggersAreGuarded).
//   - Phase 5 needs no MySQL (TestScenario36MySQLStoppedInPhase5, and for good
//     TestWithoutMySQL), and the way back from it loses nothing
//     (TestBackFromPhase5Bare).
//   - A process comes up in the phase the group is in, or does not start and
//     says why (TestScenario39RestartInAnyPhase, TestStartThatCannotTell).
//   - Copies that items have of other records follow these in phases 2 to 5, whether or
//     not a follower is there, beside writers and steps, and after a crash in the middle
//     (TestCopiesFollow, TestCopiesUnderLoad, TestKilledCarryingOut,
//     TestMarksNeedNoFollower). No authority is given away while one is old
//     (TestHandOffCarriesOutMarks, TestLastLookFindsAMark). Verify names those that are
//     old, and none that is on its way (TestVerifyComparesCopies,
//     TestVerifyOfCopiesMeetsTheSameTwice). So it is with numbers of records in items
//     (TestScenario32NumbersInItems, TestVerifyComparesNumbers,
//     TestVerifyOfNumbersMeetsTheSameTwice); what is frozen it leaves alone
//     (TestVerifyLeavesFrozenCopies).
//   - New ids go on above every id that either store gave
//     (TestScenario20OneIDEverywhere), and come once, whatever the clocks of processes say
//     (TestScenario20FrozenClocks).
//
// # What voids them
//
// A second writer that goes around the library; changing the library's own
// tables or attributes by hand; a follower table shared with another writer.
// Tombstones and clean change rows are never purged by this version, so the
// rules for purging them are not needed yet. A backfill of an earlier capture
// whose process sleeps through "capture off", "capture on" and the whole next
// backfill could still insert one page of old rows; each page is bound to
// thirty seconds, and a verify finds them.
//
// # The hand-off
//
// Each store keeps a record with its own mark: open, closed, given away, sealed.
// The marks decide; everything else informs. A step of a hand-off changes one
// record, on condition that it is still as the driver knew it, so a driver that
// died can be replaced at any point, and one that only slept changes nothing
// when it wakes. From 3 to 4: close MySQL's fence, drain, undo strays, raise the
// sequences, give MySQL away, open DynamoDB. From 4 to 3: close DynamoDB, so that
// no lease is granted; wait for every lease; drain; seal MySQL against
// refreshes; look through all shards once more; raise the sequences; give
// DynamoDB away; open MySQL. Until a store is given away the hand-off can be
// given up, and is, if it takes longer than Options.HandoffWait.
//
// Giving DynamoDB away is written down there before MySQL is opened. Without it
// a driver that sleeps before the last step could open MySQL after somebody else
// had given the hand-off up and opened DynamoDB again.
//
// # Choices
//
// While MySQL leads, the fence decides, not the registrations: a step takes
// effect for every writer with the commit that raises the epoch. Waiting for the
// fleet is for operators, and ends when silent processes lapse. While DynamoDB
// leads, leases decide, and a process looks ten times a second whether it is to
// give its lease back.
//
// The relay keeps no list of its own. What is dirty stands in the authority, so
// a relay may die anywhere, and memory does not grow with a follower's downtime.
//
// Fan-out marks are carried out apart from the refreshes, ten seconds at a time each: a
// record that a hundred thousand others show holds up neither these nor other marks. In
// phase 5 the relay looks for them too, so an idle group reads its shards a few times a
// second there; where the contract has no copies, and no delete that may be staged, it
// reads nothing (TestNoCopiesNoLooks).
//
// Marks that are in DynamoDB when it is abandoned are left there: the backfill that MySQL
// then asks for writes every copy anew (TestAbandonedWithAMark).
//
// Phase 5 that was entered from 4 keeps recording changes until capture is
// switched off. As long as it does, MySQL needs no backfill on the way back: the
// records say what it lacks.
package migrationctl
