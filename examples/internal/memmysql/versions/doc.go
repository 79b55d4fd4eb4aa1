// Package versions keeps tables for the engine of memmysql, in versions that
// never change once they are committed. A transaction works on versions of its
// own: nobody else sees them before its commit, a rollback drops them, and
// reads see one committed state, whoever commits meanwhile.
//
// The tables that go-mysql-server brings along are not fit for that: a rollback
// leaves the locations in their secondary indexes changed, so that later reads
// find other rows (TestRollbackLeavesIndexes), unique keys compare bytes whatever
// the collation says, and an insert out of order costs the cube of a table's
// size.
//
// Two transactions must not change tables at once. Whoever runs them sees to
// that; a commit that is not based on the latest one is refused with ErrStale,
// and changes nothing.
package versions
