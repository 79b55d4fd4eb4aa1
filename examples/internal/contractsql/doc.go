// Package contractsql tests the statements that a contract makes on a server with
// MySQL 8's syntax: go-mysql-server, in the test's process. What it can't do is
// left out by name, and tested on MariaDB where transform is.
package contractsql
