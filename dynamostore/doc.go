// Package dynamostore keeps the items of a contract in DynamoDB, on
// aws-sdk-go-v2: as the follower of a migration in its phases 2 and 3, as the
// authority in 4 and 5.
//
//	contract, err := transform.LoadFile("contract.json")
//	cfg, err := config.LoadDefaultConfig(ctx)
//	client := dynamostore.NewClient(cfg, nil) // or the service's own
//	dynamo, err := dynamostore.New(client, contract, nil)
//	err = dynamo.Apply(ctx, nil, nil)         // creates the tables that are missing
//	err = dynamo.Init(ctx)                    // makes the phase record
//	ctl, err := migrationctl.Open(ctx, mysql, dynamo, nil)
//
// An item has the contract's attributes and, on top, the entity (_cf_e), the
// key (_cf_k), the version (_cf_v) it is at and the id of the write that left it
// (_cf_w). A deleted record leaves a tombstone: an item of the table's key,
// those four, _cf_d and when it was written (_cf_at), which no sparse index
// holds. What else the library keeps is in one table of its own, LibraryTable.
//
// # The follower
//
//   - A put takes effect only over nothing or a smaller version
//     (TestPutKeepsWhatIsAsNew).
//   - A delete leaves a tombstone, also where nothing was, and it stops older
//     puts and inserts (TestTombstoneWhereNothingWas, TestTombstoneBlocksInsert)
//     and leaves the indexes (TestTombstoneLeavesTheIndexes).
//   - Insert puts nothing where anything is (TestInsertNeverReplaces), and one
//     bad or throttled row costs the others nothing (TestInsertSparesTheOthers,
//     TestInsertTriesThrottledRowsAgain).
//   - The guards of unique values change hands with the items, and a collision
//     names the holder (TestFollowerKeepsGuards, TestInsertKeepsGuards).
//   - A value comes back as it was stored, to the last digit
//     (TestInsertKeepsEveryValue).
//   - A full pass gives every item once, whatever its size
//     (TestScanBeyondAMegabyte); a query gives MySQL's order, ties included, in
//     pages of any size (TestQueryOfEachProjection).
//
// # The authority
//
//   - A write commits whole or not at all (TestWriteIsAllOrNothing), with one
//     change item in the same transaction (TestCapturedWriteLeavesOneChangeItem),
//     by one call beyond the reads it needs (TestWriteIsOneCall).
//   - Nothing is asked without a lease, and no answer counts that comes after it
//     (TestNothingWithoutALease, TestReplyAfterTheLease,
//     TestLeaseOverBetweenReadAndPut). No lease is granted after the mark has
//     left Open (TestGrantLooksAtTheMark, TestNoGrantAfterTheMark).
//   - Versions of a key only grow, through deletes, without capture and above
//     each epoch's floor (TestVersionsLieAboveTheFloor, TestBumpBesideWrites).
//   - A unique value has one holder, and can be exchanged within a write
//     (TestUniqueValuesHaveOneHolder, TestUniqueValuesChangeHandsInOneWrite).
//   - An id is given once, above all that RaiseID was told, and never above what
//     the column holds (TestIDsAreGivenOnce, TestRaiseIDNeverGoesBack,
//     TestSequenceEndsWithTheColumn).
//   - A token applies once, for a day (TestTokenAppliesOnce,
//     TestTokenOfManyAtOnce, TestKeepAndLifeOfTokens), and is carried to the
//     other store, that of a bare write too (TestTokenOfABareWriteIsCarried).
//   - What MySQL could not hold, and what a transaction of the service could not,
//     is refused before anything is sent (TestWriteRefusesWhatMySQLCannotHold,
//     TestWriteCountsBeforeItSends).
//   - Writers of one key all get through (TestWritersOfOneKeyAllSucceed).
//   - A write whose reply is lost is recognised; it is unknown only if nobody can
//     tell (TestLostReplyIsRecognised, TestLostReplyAndAnotherWriter,
//     TestNoAnswerIsUnknown, TestPutSaysWhatBecameOfIt).
//   - The phase record changes from the revision its maker knew, once, and the
//     audit with it (TestAdvanceOfOneRevisionSucceedsOnce).
//
// A call ends when its context does (TestHangEndsWithTheContext,
// TestHangOfAWriteEndsWithTheContext). No error prints anything of an item
// (TestErrorsSayNothingOfAnItem). Apply creates what is missing and changes no
// table of the contract (TestVerifyNamesEachDifference, TestApplyFromTwoSides).
//
// # What voids it
//
// Another writer that puts or deletes items without their versions; time to live
// on a table of the contract, which deletes behind the library's back; a global
// table written in more than one region, where the last writer wins whatever its
// version. Query reads global secondary indexes, which lag; every other read is
// strongly consistent.
//
// DynamoDB has no clock to ask. Ages of registrations and change items, and the
// order of the audit, go by the clocks of the processes and inform people
// (TestAgeOfARegistration). Only the life of a token depends on a clock: one that
// is a day wrong lets a token apply twice.
//
// # What the credentials need
//
// On the contract's tables and their indexes: PutItem, UpdateItem, GetItem,
// BatchGetItem, PartiQLInsert, Query, Scan, DescribeTable. On the library's
// table: PutItem, UpdateItem, DeleteItem, GetItem, BatchGetItem,
// ConditionCheckItem, Query, DescribeTable. A transaction needs the permissions
// of what it does. Apply needs CreateTable, and on the library's table
// DescribeTimeToLive and UpdateTimeToLive; Verify DescribeTimeToLive.
package dynamostore
