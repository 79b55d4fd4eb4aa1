// Package dynamotest is a DynamoDB for tests: in this process and in memory,
// spoken to by the real SDK client over a loopback connection, and broken on
// request as no other engine is.
//
//	func TestOrder(t *testing.T) {
//		srv := dynamotest.Start(t) // its own tables; closed with the test
//		client := srv.Client()     // *dynamodb.Client
//		createTables(t, client)
//
//		// The third transaction is done, and its reply is lost.
//		lost := srv.Fault(dynamotest.OnOperation("TransactWriteItems").Nth(3).LoseReply())
//		placeOrders(t, client, 5)
//		if lost.Hits() != 1 || len(srv.Requests("TransactWriteItems")) != 6 {
//			t.Error("the order must be tried again, with the same token")
//		}
//	}
//
// [New] is Start for a program. Nothing is read from the environment and
// nothing is sent anywhere but to 127.0.0.1.
//
// # Testing your service
//
// A test starts a server, makes tables, runs the service's own code on it,
// breaks something, and looks at what came of it:
//
//	srv := dynamotest.Start(t)
//	dynamo, err := dynamostore.New(srv.Client(), contract, nil)
//	err = dynamo.Apply(ctx, nil, nil) // the contract's tables; or CreateTable by the client
//
//	slow := srv.Fault(dynamotest.OnTable("orders").Latency(time.Second))  // until slow.Remove()
//	srv.Fault(dynamotest.OnOperation("PutItem").Key(key).Times(2).Conflict())
//	srv.Fault(dynamotest.OnOperation("Query").Index("byName").IndexLag(dynamotest.Forever))
//	srv.Fault(dynamotest.OnOperation("CreateTable").SettleAfter(3)) // CREATING for three looks
//	srv.Advance(11 * time.Minute)                                  // tokens and TTLs go by this clock
//
//	for _, r := range srv.Requests("PutItem") {
//		fmt.Println(r, r.Names("orders", key)) // #6 PutItem orders 200 true
//	}
//
// A rule that never has a hit breaks nothing: look at [Fault.Hits]. One for an
// operation that is not there, or without an effect, panics (TestMisusePanics). Narrowings
// of one kind replace each other: Table("a").Table("b") is for b alone. Each try of
// the SDK's is a request, and its pauses between tries take real time: give the
// client a Retryer with a short MaxBackoff, or aws.NopRetryer{} to see the
// first error. Example is a whole program, TestSignUpSurvivesThrottling a whole
// test of a repository.
//
// Where a migrationctl.Controller is at work, it writes to DynamoDB as well, in
// its own goroutines and as often as it takes: assert on Fault.Hits of a rule
// that ends, on the first request of [Server.Requests] and on what is in the
// tables at last, and not on how many requests there were.
//
// After [Server.Close] requests fail as where nobody listens, those that hung
// are cut off, and the tables are gone; Requests and Hits still say what was
// (TestAfterClose).
//
// For unit tests of code that needs no DynamoDB there is dal/memstore, a store
// in memory. dal/faultstore fails the nth call of any store, which sweeps a
// write path more thoroughly than rules do, but knows nothing of DynamoDB's own
// errors. dal/storetest is for whoever writes a store.
//
// # What it does
//
// Tables, global and local indexes, items, queries, scans, batches,
// transactions, PartiQL, time to live and tags, as Amazon documents them, and
// where the documents are silent, as DynamoDB Local does. Messages are the
// service's as far as they are known. Of point-in-time recovery there is the switch,
// of encryption what was asked for. There are no streams, which a table that asks
// for one is refused for, no other backups, no global tables, and no limits on
// throughput but those of a [Rule]. Operations that are missing answer with
// UnknownOperationException (TestRequestsSayWhatIsNotThere).
//
// Guarantees, and the tests that hold them:
//
//   - It behaves as in testdata/behaviours.txt, and so do DynamoDB Local and
//     dynoxide, but for what is listed there with its reason (TestBehaviours,
//     TestBehavioursOnEngines).
//   - Writes of one item are atomic, transactions are atomic and isolated, and
//     nothing is lost by concurrency (TestNothingIsLost, TestTransactionsConflict).
//   - A client request token makes a transaction idempotent for ten minutes of
//     the server's clock (TestTokensAreKeptTenMinutes).
//   - The SDK's waiters, paginators, attributevalue and expression packages work
//     as they are (TestWaitersWait, TestPaginators, TestAttributeValue,
//     TestExpressionKeyConditions), and so does the client guregu/dynamo (a test
//     in the examples module).
//   - Tables and indexes take as long as a rule says to be there and to be gone
//     (TestSettleByTheClock, TestSettleOfAnIndex, TestApplyWaits), one index at a
//     time (TestOneIndexAtATime).
//   - No request ends the server or an unbounded amount of memory: bodies have
//     32 MB at most (FuzzRequest, TestProtocol, TestConnections).
//   - Faults do what their methods say, the same for the same seed (fault_test.go).
//
// Tables are ready as soon as CreateTable returns, indexes as soon as
// UpdateTable does, unless [Rule.Settle] says otherwise; global indexes and
// reads that are not consistent are up to date. [Rule.IndexLag] and [Rule.Stale]
// make them late, as they may be in the service at any time. Capacity is counted
// and never runs out. BenchmarkEngines compares its speed with that of the
// engines that are there.
package dynamotest
