// Package paritytest shows that a service answers alike in every phase of its
// migration, and while the phase changes: the test to write before the cutover, and
// to see fail, until the mapping is done.
//
//	func TestParity(t *testing.T) {
//		paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
//			mysql, dynamo := freshStores(t) // with the same rows each time
//			ctl, err := migrationctl.Open(t.Context(), mysql, dynamo, nil)
//			require.NoError(t, err)
//			return paritytest.Service[http.Handler]{API: newServer(ctl), Controller: ctl}
//		}, []paritytest.Request{
//			{Method: "POST", Path: "/users", Body: `{"name":"dora"}`, Save: map[string]string{"id": "$.id"}},
//			{Method: "GET", Path: "/users/{id}"},
//			{Method: "DELETE", Path: "/users/{id}"},
//			{Method: "GET", Path: "/users/{id}"},
//		}, &paritytest.Options{Varies: []string{"$.created_at"}})
//	}
//
// HTTP opens the service anew for each phase, takes it there with what the phase
// demands (capture, backfill, verify), sends the requests in order, and compares
// status, headers and body with those of phase 1, byte for byte. Then it sends them
// while the group walks from phase to phase, a step beside each request, as often as
// it takes for every request to meet every step. Operations does the same for
// functions instead of requests, and Repository for random histories of a
// repository's own operations. Go takes a group to a phase, for tests of your own.
//
// The rows that open writes are MySQL's, and the backfill brings them over. Those of
// Service.Fill are written in the phase that is compared. A service should be compared
// both ways: what a phase makes of rows it was given is one thing, and of those it
// writes another.
//
// # The way to a cutover
//
// What a phase can't do fails the test, with the reason, so the test says what is
// to be done next:
//
//  1. Give every column of the contract an attribute: a process does not start
//     without ("no attribute carries column amount"), nor with one of a type that
//     can't hold its column.
//  2. Write the requests that your clients send, those that fail included, and
//     Options{Phases: []dal.Phase{dal.MySQLOnly}}. It passes once each request
//     gives the same answer twice: name what varies (Options.Varies).
//  3. Let Options.Phases go, so that all five count. A step is refused with the
//     reason: the backfill in phase 2 where a row fits no item, phase 4 where an index is unique in
//     MySQL and not in the contract ("MySQL keeps what the contract does not
//     know"). Mend the contract until all steps are made. In phases 2 and 3 the
//     answers are MySQL's, and verify compares what DynamoDB has.
//  4. Phase 4 fails where an answer is other than MySQL's: a list in another
//     order, a name found whatever its case, a joined name that went stale. The
//     difference names phase, request and JSON path. Declare the index, the
//     folding, how the copy is kept.
//  5. Phase 5 fails if something still asks MySQL, once you put a proxy before MySQL
//     that stops at a request of the test (examples/shop does); and the walk fails where a request does not survive a switch, for
//     instance since it keeps state between requests in the process.
//
// The test is then the definition of done, and stays until the library is taken
// out.
//
// # False alarms
//
//   - Ids that the library assigns may jump at a hand-off. If the service shows them,
//     name them in Varies: "$..id".
//   - A cursor holds the sort key it stopped at, so it differs from run to run where
//     that key holds the clock or an id that jumped: "$.next" in Varies.
//   - The text of an error names the store that met it. Put a message of your own into
//     bodies, by the kind of the error (errors.Is), never err.Error().
//
// # What it promises
//
//   - A difference in status, in a header that counts or in one byte of a body
//     fails the test and names phase, request and JSON path
//     (TestDifferencesAreFound).
//   - A service that answers alike passes (TestEqualServicesPass).
//   - What Varies names may differ, and nothing beside it (TestVaries).
//   - Rows that a phase writes in another way than phase 1 are found, where Fill writes
//     them (TestFilledInPhase, TestDifferencesAreFound).
//   - A request that fails or hangs only while the phase changes is found
//     (TestDifferencesAreFound).
//   - A follower that misses a write, or holds another one, is found even if no
//     request asks for it (TestDifferencesAreFound).
//
// What it can't see: what no request asks for, and races between clients, since
// requests go one after the other. TestParityUnderLoad of examples/shop is a way to
// compare answers to several clients at once.
//
// The package imports migrationctl, which package dal does not: a service's own
// tests have a controller anyway.
package paritytest
