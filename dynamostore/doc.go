// Package dynamostore keeps the items of a contract in DynamoDB, on
// aws-sdk-go-v2, as the follower of a migration.
//
//	contract, err := transform.LoadFile("contract.json")
//	cfg, err := config.LoadDefaultConfig(ctx)
//	client := dynamostore.NewClient(cfg, nil) // or the service's own
//	dynamo, err := dynamostore.New(client, contract, nil)
//	err = dynamo.Apply(ctx, nil, nil)         // creates the tables that are missing
//	ctl, err := migrationctl.Open(ctx, mysql, dynamo, nil)
//
// An item has the contract's attributes and, on top, the entity (_cf_e), the
// key (_cf_k) and the version (_cf_v) it is at. A deleted record leaves a
// tombstone: an item of the table's key, those three, _cf_d and when it was
// written (_cf_at), which no sparse index holds.
//
// What it promises, and the test that holds it:
//
//   - A put takes effect only over nothing or a smaller version
//     (TestPutKeepsWhatIsAsNew).
//   - A delete leaves a tombstone, also where nothing was, and it stops older
//     puts and inserts (TestTombstoneWhereNothingWas, TestTombstoneBlocksInsert)
//     and leaves the indexes (TestTombstoneLeavesTheIndexes).
//   - Insert puts nothing where anything is (TestInsertNeverReplaces), and one
//     bad or throttled row costs the others nothing (TestInsertSparesTheOthers,
//     TestInsertTriesThrottledRowsAgain).
//   - A value comes back as it was stored, to the last digit
//     (TestInsertKeepsEveryValue).
//   - A full pass gives every item once, whatever its size
//     (TestScanBeyondAMegabyte); a query gives MySQL's order, ties included, in
//     pages of any size (TestQueryOfEachProjection).
//   - A call ends when its context does (TestHangEndsWithTheContext).
//   - A failed write says whether it may be there (TestPutSaysWhatBecameOfIt).
//   - No error prints anything of an item (TestErrorsSayNothingOfAnItem).
//   - Apply creates what is missing and changes nothing that is there
//     (TestVerifyNamesEachDifference, TestApplyFromTwoSides).
//
// What voids it: another writer that puts or deletes items without their
// versions; time to live on the table, which deletes behind the library's back;
// a global table written in more than one region, where the last writer wins
// whatever its version. Query reads global secondary indexes, which lag; every
// other read is strongly consistent.
//
// The client's credentials need PutItem, GetItem, BatchGetItem, PartiQLInsert,
// Query, Scan and DescribeTable on the tables and their indexes; Apply needs
// CreateTable.
package dynamostore
