// Package memmysql is a MySQL server in this process, for running the examples
// and tests on a machine that has only Go.
//
//	server, err := memmysql.Start()
//	defer server.Close()
//	db, err := sql.Open("mysql", server.DSN())
//
// SQL, types and protocol are those of go-mysql-server; the tables are our own,
// in the package versions. What changes tables is a transaction behind one lock:
//
//   - A transaction takes the lock at its first statement that changes or locks
//     something, and gives it back at its end, however that comes: no commit is
//     lost (TestNothingIsLost), and a connection that is gone has rolled back and
//     holds nobody up (TestGoneConnections).
//   - A wait ends after the session's innodb_lock_wait_timeout with error 1205, and
//     the transaction goes on (TestLockWait).
//   - Reads without locks wait for nobody and see what is committed, those of a
//     transaction all from one snapshot (TestSnapshot).
//   - Servers in one process share no data, and Close ends all of one
//     (TestServersApart).
//
// What it is not: there are no row locks, so two transactions that would not meet
// in MySQL follow one another here, and there are no deadlocks. From its first
// change on, a transaction sees what is committed last, not its snapshot. There
// are no accounts, no privileges and no storage engines but the one. Data is gone
// with the server. Global variables and logrus' standard logger, which the first
// Start silences, are the process's.
//
// What the engine does otherwise than MySQL and clients notice is mended where
// that is small: parser.go and rules.go for statements, errors.go for errors
// (TestMended), WEIGHT_STRING (TestWeights) and the time that a class of characters
// takes (TestClasses). The rest is the engine's: expect an error, or another plan, not
// the last word on what MySQL would do. An UPDATE that changes a text into one that its
// collation takes for equal, "ann" into "Ann", may be left undone.
package memmysql
