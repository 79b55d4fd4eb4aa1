package memmysql

import (
	"errors"
	"regexp"

	"github.com/dolthub/vitess/go/mysql"
)

// errClosed ends the waits of a connection that is gone.
var errClosed = errors.New("the connection is closed")

// The errors of waits, with MySQL's numbers and texts.

func errLockWait() error {
	return mysql.NewSQLError(1205, "HY000", "Lock wait timeout exceeded; try restarting transaction")
}

func errInterrupted() error {
	return mysql.NewSQLError(1317, "70100", "Query execution was interrupted")
}

func errNoThread(id uint32) error {
	return mysql.NewSQLError(1094, "HY000", "Unknown thread id: %d", id)
}

// refusals are the engine's texts for what MySQL says in other words and with
// another number. Clients tell errors apart by the number, and read a column's or
// an index's name out of the text.
var refusals = []struct {
	engine *regexp.Regexp
	number int
	state  string
	text   string // of MySQL, with what the engine's named
}{
	{regexp.MustCompile(`(?s)Duplicate entry '(.*)' for key '(.*)'`), mysql.ERDupEntry, mysql.SSDupKey, "Duplicate entry '$1' for key '$2'"},
	{regexp.MustCompile(`(?s)string '.*' is too large for column '(.*)'`), 1406, "22001", "Data too long for column '$1' at row 1"},
	{regexp.MustCompile(`column name '(.*)' is non-nullable but attempted to set a value of null`), 1048, "23000", "Column '$1' cannot be null"},
	{regexp.MustCompile(`Field '(.*)' doesn't have a default value`), 1364, "HY000", "Field '$1' doesn't have a default value"},
	{regexp.MustCompile(`Check constraint "(.*)" violated`), 3819, "HY000", "Check constraint '$1' is violated."},
	{regexp.MustCompile(`(?s)Invalid JSON text: (.*)`), 3140, "22032", "Invalid JSON text: $1"},
	{regexp.MustCompile(`(Incorrect datetime value: '.*')`), 1292, "22007", "$1"},
	{regexp.MustCompile(`(?i)(SAVEPOINT .* does not exist)`), 1305, "42000", "$1"},
}

// mend gives an error of the engine the number and the text that MySQL gives it.
func mend(err error) error {
	var known *mysql.SQLError
	if !errors.As(err, &known) {
		return err
	}
	for _, r := range refusals {
		if m := r.engine.FindStringSubmatchIndex(known.Message); m != nil {
			text := r.engine.ExpandString(nil, r.text, known.Message, m)
			return &mysql.SQLError{Num: r.number, State: r.state, Message: string(text), Query: known.Query}
		}
	}
	return err
}
