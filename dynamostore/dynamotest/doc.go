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
// # What it does
//
// Tables, global and local indexes, items, queries, scans, batches,
// transactions, PartiQL, time to live and tags, as Amazon documents them, and
// where the documents are silent, as DynamoDB Local does. Messages are the
// service's as far as they are known. There are no streams, backups, global
// tables, and no limits on throughput but those of a [Rule].
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
//   - The SDK's waiters, paginators and attributevalue work as they are
//     (TestWaiters, TestPaginators, TestAttributeValue).
//   - No request ends the server or an unbounded amount of memory: bodies have
//     32 MB at most (FuzzRequest, TestProtocol).
//   - Faults do what their methods say, the same for the same seed (fault_test.go).
//
// Tables are ready as soon as CreateTable returns, indexes as soon as
// UpdateTable does; global indexes and reads that are not consistent are up to
// date. [Rule.IndexLag] and [Rule.Stale] make them late, as they may be in the
// service at any time. Capacity is counted and never runs out.
package dynamotest
