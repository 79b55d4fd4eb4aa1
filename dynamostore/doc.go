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
// holds. Of an entity whose items move, that is whose item key is made of columns
// that can change, each key has a stand in the library's table, with those
// attributes and the key of its item: it keeps the version, and is the tombstone.
// What is about to be deleted, and others may refer to, says by whom (_cf_m), on the
// item or the stand. An item with copies of other records has a stamp (_cf_s). What else the library keeps is in one table of its own,
// LibraryTable.
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
//     names the holder (TestFollowerKeepsGuards, TestInsertKeepsGuards). They are
//     named by the value as MySQL compares it, so that other forms of it are taken
//     too (TestConformance).
//   - A record whose item moves has one item, whatever order its versions come in,
//     beside inserts, exchanges and deletes, and wherever a process dies
//     (TestMovesInAnyOrder, TestBrokenMovesAreFound).
//   - A value comes back as it was stored, to the last digit
//     (TestInsertKeepsEveryValue).
//   - A full pass gives every item once, whatever its size
//     (TestScanBeyondAMegabyte); a query gives MySQL's order, ties included, in
//     pages of any size (TestQueryOfEachProjection, TestTiesComeInTheOrderOfTheKey),
//     tombstones left out (TestTombstonesCostAPageNothing).
//   - A query of the table's own key is strongly consistent
//     (TestTableKeyIsReadConsistently). So is one that gives all columns of a unique: it
//     reads the value's guard and the record that this names, and asks no index
//     (TestWhichQueriesAskTheGuard, TestUniqueValuesWhileIndexesStandStill), whoever takes
//     the value meanwhile (TestValueChangesHandsBetweenTwoReads, TestValueGivenUpAndTakenAgain,
//     TestValuesPassedOnBesideReaders). Guards that are missing or were left behind hide
//     nothing and show nothing (TestLeftGuardsMisleadNobody).
//   - Bounds that exclude each other, or that no key can have, are an empty answer or left
//     to the library, never an error of the service (TestBoundsInTheRequest).
//   - Several entities may live in one table, which is planned, created and looked into
//     once (TestSharedTableIsOne). A scan and a query give those of one entity, their
//     limit counts them alone (TestConformance), and where its sort keys begin with a
//     text of its own a query reads no other's (TestQueriesOfASharedPartition). A scan
//     reads, and pays for, the whole table each time. An item that something else wrote
//     is of the entity that has such keys (TestItemsOfNobodyInASharedTable).
//
// # The authority
//
//   - A write commits whole or not at all (TestWriteIsAllOrNothing), with one
//     change item in the same transaction (TestCapturedWriteLeavesOneChangeItem),
//     by one call beyond the reads it needs (TestWriteIsOneCall).
//   - Nothing is asked without a lease, and no answer counts that comes after it
//     (TestNothingWithoutALease, TestReplyAfterTheLease,
//     TestLeaseOverBetweenReadAndPut). A write waits for the lease to be granted for
//     the same epoch again, if its holder asks for it (TestLeaseComesBack). No lease is granted after the mark has
//     left Open (TestGrantLooksAtTheMark, TestNoGrantAfterTheMark).
//   - Guards and edges that are missing, another record's or nobody's are found and
//     mended beside writes, whichever store leads (TestGuardsAreCompared,
//     TestEdgesAreCompared, TestNoFaultBesideWrites).
//   - A write moves an item in one transaction, with its stand, and is found by its
//     key all the while (TestMoveIsOneTransaction, TestMovedBetweenTwoReads,
//     TestWritersMoveInAnyOrder). An item that something else took away is told, and
//     mended by whatever replaces it (TestItemThatSomethingElseTookAway).
//   - Versions of a key only grow, through deletes, without capture and above
//     each epoch's floor (TestVersionsLieAboveTheFloor, TestBumpBesideWrites).
//   - A unique value has one holder, and is free within a write once an earlier mutation
//     has let it go (TestUniqueValuesHaveOneHolder, TestUniqueValuesChangeHandsInOneWrite).
//   - A record has what it refers to. What refers to a key is found by edges, which
//     are its records' (TestEdgesAreTheirRecords, TestFollowerKeepsEdges), and nothing
//     begins to refer to what is being deleted (TestNothingBeginsToReferToWhatIsMarked,
//     TestDeleteWithoutItsMark). A deleter that dies blocks nobody
//     (TestDeadDeleterBlocksNobody), and one that fails leaves nothing
//     (TestMarksAreTakenAway, TestRepliesOfADeleteAreLost,
//     TestRepliesOfAMovingDeleteAreLost).
//   - A count is the number of edges that a consistent query finds, however many
//     megabytes they are, and marks and lost replies change nothing of it
//     (TestCountIsConsistent, TestCountBeyondAMegabyte, TestCountBesideMarks,
//     TestCountAfterLostReplies).
//   - A total is of the records to which such edges lead, read consistently a hundred at
//     once; one that is gone or refers elsewhere by then is left out
//     (TestTotalsAreConsistent, TestTotalsAreOfRecords, TestTotalsReadAHundredAtOnce).
//   - An id is given once, above all that RaiseID was told, and never above what
//     the column holds (TestIDsAreGivenOnce, TestRaiseIDNeverGoesBack,
//     TestSequenceEndsWithTheColumn). So are the ids of rows that are part of a
//     record, in the list of its item (storetest, "ids of their own").
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
// (TestErrorsSayNothingOfAnItem).
//
// # References
//
// DynamoDB has no foreign keys, and a transaction can't ask what refers to an item.
// So each record that refers to another has an edge item in the library's table, put
// and deleted with its own item, and its write looks at the target's item in the same
// transaction. A delete of what others may refer to marks the item (_cf_m) by a
// transaction of its own, and what is marked nothing begins to refer to; where items
// move, the stand is looked at and marked, which a move replaces
// (TestMarkIsOnTheStand, TestMovedBeneathItsDelete, TestTakenAlongMovesMeanwhile). Then it
// finds the edges by a consistent query, marks what goes along and has edges itself,
// and ends with one transaction upon the versions and marks that it knows. Each
// weaker rule that was tried has a trace that leaves a record without its target:
//
//   - edges listed before the mark, or marks that a write does not look at;
//   - what goes along is not marked: something begins to refer to that;
//   - a delete that does not look for its mark, or takes another's for its own:
//     somebody took it away, and a record was added;
//   - marks that stay while the other store leads: the delete gets stuck and lands when
//     this one leads again, and meanwhile a refresh has put an edge
//     (TestDeleteStuckOverHandoffs);
//   - one mark for all attempts of a delete, or one that can take effect twice: a
//     request that got no answer finds it there again, after a record was added.
//
// A count of edges on the target would need no mark, and make all that refer to one
// target wait for each other.
//
// What it relies on: that a consistent query shows every edge whose transaction the
// service has put before the mark. The service promises that of transactions that it
// has acknowledged.
//
// # Staged deletes
//
// A delete that takes along more than one transaction can have deletes its own record first,
// with all else that its write does, and leaves a fan-out mark. Its tombstone says that it
// is being emptied until nothing refers to the record any more. Before the delete is made
// no more is read of what it takes along than the keys of some (TestStagedDeleteReadsLittle).
//
//   - Whenever its process dies, what refers to the record is taken along by the next one who
//     carries out marks, with guards, edges, copies and change items, and nothing is left of
//     it (TestStagedDeleteIsKilled, TestEmptyPassesAClosedMark). Several may
//     (TestManyEmptyAtOnce).
//   - Nothing begins to refer to the record, and nothing comes to its key before it is
//     emptied: who would put something helps (TestMadeAnewWhileStaged).
//   - What refers to a record that is there is nobody's to take, also where the store was
//     given up with a mark in it, and leads again (TestOldMarkAfterAnotherLead,
//     TestMadeAnewBeneathAnEmptying).
//   - A delete that could not be finished is told as committed, and the same write with its
//     token finishes it (TestStagedDeletePends).
//
// A record that is taken along costs what its own delete would, and one that others may
// refer to a transaction and a query for each reference more, whether or not any do. A
// reader sees records that refer to what is gone until they go too. Under dal.Required what
// a relay took along, of a delete that runs for longer than the relays leave it alone, is
// not waited for.
//
// # Copies
//
// Where the contract keeps a joined attribute by an edge, the item has a copy of what the
// record that it refers to shows. The copy is no part of the record: reads join it. A
// follower's item has those that come with the record (TestFollowerIsGivenCopies).
// Where this store leads:
//
//   - A write keeps the copies that the item has, whatever it changes and wherever it
//     moves the item (TestItemsKeepTheirCopies).
//   - It leaves a fan-out mark in its own transaction, captured or bare, if copies are old
//     by it or an item has not got its own yet, and none otherwise
//     (TestWritesLeaveFanOutMarks). The mark is one of the 100 actions; a bare write that
//     needs none stays a single put, and a contract without copies asks for nothing more
//     (TestWhatCopiesCost).
//   - What shows a record is found by its edges (TestDependentsInPages), and renewed, on
//     condition of the stamp, which each write makes anew. So a renewal that is older
//     than another one comes too late, also where both write the same
//     (TestOlderRenewComesTooLate), and no writer puts an old copy back
//     (TestRenewBesideWriters, TestRenewBesideAlong, TestRenewWhileARequestIsLost). Once
//     the store has been given away none passes (TestRenewGivenAway).
//   - A copy that can't be shown is not there, and neither are those of an item without
//     room for them (TestRenewOfWhatIsNotThere, TestCopiesThatFillTheItem).
//
// A number of records in an item ("counter") is a copy too. A write names in its mark what
// counts the records that it creates, deletes or takes along, or that refer elsewhere by it,
// and Renew counts their edges after it has read the item, and writes on condition of its
// stamp. The number is not changed in the write's own transaction: all who refer to one
// record would meet there, and be refused with TransactionConflict, and a number that a fault
// has made wrong would stay so. Who reads the item itself sees what was counted last: as old
// as the relay is behind, and exact once no mark is left (TestCountersModel of package dal).
// A count reads, and pays for, all edges of the record. A mark of an edge that verify takes
// away, or puts back, there is none: verify finds the number by its next pass.
//
// A frozen copy ("copy") is made by the first Renew after each write of its record, which
// leaves a mark for it, and by no other one: the stamp says so.
//
// The cost of a renewal is that of a read of the item, one of what it refers to, and one
// update of the item and of each index that has the copy.
//
// # The tables
//
// Tables, which every Store is too, makes the tables of any contract that has been
// checked.
//
//   - Apply only adds: tables, indexes, tags, and settings switched on
//     (TestApplyAddsWhatIsMissing, TestKeptTable). It changes no key, index, capacity,
//     billing or encryption, switches nothing off and deletes nothing
//     (TestApplyNeverReplaces, TestVerifyNamesEachDifference), and where that can't
//     make a table what the contract wants it does nothing and says why
//     (TestApplyRefusesWhatItCannotAdd, TestApplyCreatesNothingBesideADifference).
//   - What it would do to a table is in the plan, and asked before it is done
//     (TestApplyAddsWhatIsMissing, TestApplyAsksAndTells).
//   - Stopped anywhere and run again, or run by several at once, it ends with the same
//     tables (TestApplyStoppedAtEveryCall, TestApplyFromTwoSides,
//     TestApplyAddsFromTwoSides).
//   - Indexes are added one at a time, as the service demands
//     (TestApplyAddsIndexesOneAtATime, TestApplyWaitsForOthers).
//   - What an engine has no call for is told, and is no failure
//     (TestWhatAnEngineLacks).
//
// # What voids it
//
// Another writer that puts or deletes items without their versions; time to live
// on a table of the contract, which deletes behind the library's back: it leaves no
// version, no change item and no tombstone, and guards of unique values and edges stay,
// which are counted; tables that are restored or emptied without the library's; a global
// table written in more than one region, where the last writer wins whatever its
// version. Query of a global secondary index reads what lags, unless it gives all
// columns of a unique; every other read is strongly consistent.
//
// DynamoDB has no clock to ask. Ages of registrations and change items, and the
// order of the audit, go by the clocks of the processes and inform people
// (TestAgeOfARegistration). Only the life of a token depends on a clock: one that
// is a day wrong lets a token apply twice.
//
// # What the credentials need
//
// Policy writes it down as a policy of IAM, for a service or an operator and for
// one phase or all (TestPolicy). In short:
//
// On the contract's tables and their indexes: PutItem, UpdateItem, GetItem,
// BatchGetItem, ConditionCheckItem, PartiQLInsert, Query, Scan, DescribeTable, and
// DeleteItem where items move. On the library's table: PutItem, UpdateItem,
// DeleteItem, GetItem, BatchGetItem, ConditionCheckItem, Query, DescribeTable, and Scan for verify. A
// transaction needs the permissions of what it does. Check needs DescribeTable only. Plan and Verify need
// DescribeTimeToLive and DescribeContinuousBackups too, and ListTagsOfResource where
// the contract names tags; Contents needs Scan. Apply needs in addition CreateTable,
// UpdateTable, UpdateTimeToLive, UpdateContinuousBackups and TagResource, each where
// the contract asks for what it does, and what KMS asks for where it names a key.
package dynamostore
