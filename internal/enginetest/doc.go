// Package enginetest gives tests the engines: MySQL, and DynamoDB.
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
// Real ones are found or started by package engine when the first test asks, and
// shared by the tests of one package. Where there is none, this repository's own
// take their place: dynamotest in the test's process, which also runs beside real
// ones, and memmysql, which the go command builds from the examples' module and
// runs as a process that ends with the test's (TestMemMySQLEndsWithItsOwner). A
// test that memmysql can't carry says so with NeedsRealMySQL, and is skipped
// there. Where memmysql can't be built, as in a module cache, which does not have
// the examples, tests of MySQL are skipped.
//
// With CROSSFADE_REQUIRE_ENGINES=1, as in CI, nothing takes the place of a real
// engine: the test fails. An engine that is named but does not answer is a
// failure always.
package enginetest
