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
//
// For unit tests of a service, Standalone puts a repository in front of a
// single store, such as package memstore's; see the example.
//
// # What a repository promises
//
// In phases 1 to 3 MySQL is the authority: its commit decides, and its answer
// is the answer. What the package holds to then, and the test that holds it to
// that:
//
//   - A write is committed together with its change record or not at all, and
//     what an error says of its outcome is true (TestSweepWrites).
//   - What follows a commit runs on its own deadline: a caller that goes away
//     takes nothing with it (TestScenario07CancelledCaller).
//   - Every operation uses one phase from start to end (TestOneSnapshotPerOperation).
//   - A phase change makes operations wait, not fail (TestPhaseChangeWaits).
//   - A follower that is down, slow or throttled costs an acknowledged write at
//     most its budget, and after a few failures nothing (TestScenario44FollowerHangs).
//   - A comparison of phase 3 changes neither answer nor latency, and counts a
//     difference only if it persists at the same version (TestScenario35Comparison).
//   - A record that could not become an item is refused before the commit,
//     except in phase 1 without capture, where it is reported
//     (TestUnfitRecordRefused).
//
// # What voids it
//
// Writers that go around the library leave no change record. A commit that
// MySQL acknowledged and then lost, as an asynchronous failover can, is lost
// here too.
//
// # Choices
//
// Update runs the caller's function while MySQL holds the key's lock, instead
// of reading, changing and comparing: two hundred writers of one key then queue
// up, where an optimistic loop would let most of them fail and try again.
//
// The names in this package's names.go are aliases: the stores' contract in
// package store needs them too, and must not import a service's package.
package dal
