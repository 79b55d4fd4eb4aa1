// Package enginetest gives tests the real engines.
//
//	func TestMain(m *testing.M) { enginetest.Main(m) }
//
//	func TestStore(t *testing.T) {
//		db := sqlx.MustConnect("mysql", enginetest.MySQL(t)) // a fresh database
//		enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
//			table := enginetest.Prefix(t) + "users"
//			…
//		})
//	}
//
// Engines are found or started by package engine when the first test asks, and
// shared by the tests of one package. A test whose engine is not there is
// skipped, and says what to install or name; with CROSSFADE_REQUIRE_ENGINES=1,
// as in CI, it fails. An engine that is named but does not answer is a failure
// always.
package enginetest
