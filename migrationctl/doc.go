// Package migrationctl is the controller of a migration from MySQL to DynamoDB:
// the phase record and its steps, the relay, backfill, verify and repair. A
// service opens a Controller; a command line makes an Operator. It serves no
// HTTP and reads no flags.
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
// This version makes the steps among phases 1, 2 and 3. It refuses the step to
// phase 4.
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
//     TestSweepBackfill).
//   - A live value is never overwritten, and a deleted record never brought
//     back, by a backfill or a late refresh (TestScenario16LateBackfillKeepsLiveValue,
//     TestScenario17LateBackfillKeepsDelete).
//   - A process with another contract does not join a group that captures under
//     this one (TestOtherContractIsRefused).
//   - A follower that holds a later history than MySQL is never taken for up to
//     date (TestFollowerAheadIsNotCleaned).
//   - Verify and the comparison of phase 3 count a difference only if it
//     persists at the same version (TestVerifyCountsWhatPersists).
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
// # Choices
//
// The fence decides, not the registrations: a step takes effect for every
// writer with the commit that raises the epoch. Waiting for the fleet is for
// reads and for operators, and ends when silent processes lapse.
//
// The relay keeps no list of its own. What is dirty stands in MySQL, so a relay
// may die anywhere, and memory does not grow with a follower's downtime.
package migrationctl
