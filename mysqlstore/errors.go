package mysqlstore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Numbers of server errors that decide what happens next. The names are those
// of the manual's error reference.
const (
	erDupEntry    = 1062
	erNoSuchTable = 1146
	erLockTimeout = 1205
	erDeadlock    = 1213
	erCheckRead   = 1020 // MariaDB, innodb_snapshot_isolation
)

// A meaning is what an error number says in the words of this library.
type meaning struct {
	kind   error
	detail string
	// text says that the server's message holds names only, never values, so
	// that it may be shown.
	text bool
}

// meanings returns what the server's error numbers mean. Numbers that are not
// listed are judged by their SQLSTATE.
func meanings(number uint16) (meaning, bool) {
	switch number {
	case erLockTimeout, erDeadlock, erCheckRead:
		return meaning{kind: store.ErrConflict, text: true}, true
	case erDupEntry, 1022, 1169, 1586:
		return meaning{kind: store.ErrUnique}, true
	case 1048, 1364:
		return meaning{kind: store.ErrInvalid, detail: "the column must have a value"}, true
	case 1406:
		return meaning{kind: store.ErrInvalid, detail: "the value is longer than the column"}, true
	case 1264, 1690:
		return meaning{kind: store.ErrInvalid, detail: "the number is out of the column's range"}, true
	case 1265, 1292, 1366, 1411:
		return meaning{kind: store.ErrInvalid, detail: "the column can't hold the value"}, true
	case 3140, 3141, 3144:
		return meaning{kind: store.ErrInvalid, detail: "the value is not JSON"}, true
	case 3819, 4025:
		return meaning{kind: store.ErrInvalid, detail: "a check constraint refuses the value"}, true
	case erNoReferencedRow, erNoReferencedRow2:
		return meaning{kind: store.ErrNoTarget}, true
	case erRowIsReferenced, erRowIsReferenced2:
		return meaning{kind: store.ErrReferenced}, true
	case 1267, 3854, 3988:
		return meaning{kind: store.ErrInvalid, detail: "the column's character set can't hold the text"}, true
	case 1118, 1153:
		return meaning{kind: store.ErrTooLarge}, true
	case 1044, 1142, 1143, 1227, 1370:
		return meaning{kind: store.ErrInvalid, detail: "the account lacks a privilege; grant it", text: true}, true
	case 1045, 1698:
		return meaning{kind: store.ErrUnavailable, detail: "access denied; mend user and password of the DSN", text: true}, true
	case 1046:
		return meaning{kind: store.ErrInvalid, detail: "no database is selected; name it in the DSN, after the slash"}, true
	case 1049:
		return meaning{kind: store.ErrUnavailable, detail: "there is no such database; create it or mend the DSN", text: true}, true
	case 1054:
		return meaning{kind: store.ErrInvalid, detail: "the table has no such column; mend the contract or the table", text: true}, true
	case erNoSuchTable:
		return meaning{kind: store.ErrInvalid, detail: "the table is missing; the library's own are made by migrationctl init", text: true}, true
	case ErrnoClosed, ErrnoNotHere:
		return meaning{kind: store.ErrWrongPhase, text: true}, true
	case ErrnoUnfit, ErrnoIsolation:
		return meaning{kind: store.ErrInvalid, text: true}, true
	case 1290, 1792, 1836:
		return meaning{kind: store.ErrUnavailable, detail: "the server is read only", text: true}, true
	case 1040, 1203, 1226:
		return meaning{kind: store.ErrUnavailable, detail: "too many connections", text: true}, true
	case 1053, 1317, 1927, 1969, 3024:
		return meaning{kind: store.ErrUnavailable, text: true}, true
	}
	return meaning{}, false
}

// meaningOf returns what an error of the driver means.
func meaningOf(err error) meaning {
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return meaning{kind: store.ErrTooLarge, detail: "the statement is longer than max_allowed_packet", text: true}
	}
	var me *mysql.MySQLError
	if !errors.As(err, &me) {
		// Everything else is the network, the pool, or the caller's context.
		return meaning{kind: store.ErrUnavailable, text: true}
	}
	if m, ok := meanings(me.Number); ok {
		return m
	}
	switch string(me.SQLState[:2]) {
	case "22", "23", "42", "45": // value, constraint, statement, raised by a trigger
		return meaning{kind: store.ErrInvalid}
	}
	return meaning{kind: store.ErrUnavailable}
}

// number returns the server's error number, 0 for an error of another origin.
func number(err error) uint16 {
	var me *mysql.MySQLError
	if errors.As(err, &me) {
		return me.Number
	}
	return 0
}

// isConflict reports whether err says that another transaction was in the way
// and nothing has been applied, so that the whole transaction may be repeated.
func isConflict(err error) bool {
	var lost *commitError
	if errors.As(err, &lost) {
		return false
	}
	switch number(err) {
	case erLockTimeout, erDeadlock, erCheckRead:
		return true
	}
	return errors.Is(err, errAgain)
}

// errAgain says that what a transaction found does not fit together any more,
// and that a new one will see why.
var errAgain = errors.New("the row changed meanwhile")

// notSent reports whether the driver knows that the statement never left.
func notSent(err error) bool { return errors.Is(err, driver.ErrBadConn) }

// refused reports whether the server itself answered that a statement which is
// a transaction of its own has failed. Errors that it gives on its way down, or
// of the commit inside the statement, say nothing of the kind.
func refused(err error) bool {
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return true // the driver refused it
	}
	switch number(err) {
	case 0, 1053, 1180, 1927:
		return false
	}
	return true
}

// A callerError is what a mutation's Modify returned. It hides its cause from
// errors.As: a server error in there is not one of this transaction.
type callerError struct{ err error }

func (e *callerError) Error() string { return e.err.Error() }

// A commitError is a COMMIT whose answer did not arrive or was not yes.
// Nobody knows what became of the transaction.
type commitError struct{ err error }

func (e *commitError) Error() string { return "commit: " + e.err.Error() }
func (e *commitError) Unwrap() error { return e.err }

// quiet prints a server error without its message, which may hold values of a
// row. It unwraps to the driver's own error.
type quiet struct{ err *mysql.MySQLError }

func (q quiet) Error() string {
	return fmt.Sprintf("server error %d (%s)", q.err.Number, q.err.SQLState[:])
}

func (q quiet) Unwrap() error { return q.err }

// cause returns err in a form that shows no content of a row.
func cause(err error, m meaning) error {
	var me *mysql.MySQLError
	if m.text || !errors.As(err, &me) {
		return err
	}
	return quiet{me}
}

// wrap returns err as a *store.Error. One that is an *Error already stays. The
// outcome of a transaction whose COMMIT got no answer is unknown, whatever is
// given.
func (s *Store) wrap(op string, e *transform.Entity, outcome store.Outcome, err error) error {
	if err == nil {
		return nil
	}
	var done *store.Error
	if errors.As(err, &done) {
		return err
	}
	var lost *commitError
	if errors.As(err, &lost) && outcome != store.NoWrite {
		outcome = store.Unknown
	}
	m := meaningOf(err)
	if errors.Is(err, errAgain) {
		m = meaning{kind: store.ErrConflict, text: true}
	}
	out := &store.Error{Op: op, Store: s.Name(), Kind: m.kind, Outcome: outcome, Detail: m.detail, Cause: cause(err, m)}
	if e != nil {
		out.Entity = e.Name
		out.Field = faultyColumn(e, err)
	}
	return out
}

// invalid returns the error of something that could not be right in any state
// of the database.
func (s *Store) invalid(op, entity, field, detail string, outcome store.Outcome) *store.Error {
	return &store.Error{Op: op, Entity: entity, Store: s.Name(), Kind: store.ErrInvalid,
		Outcome: outcome, Field: field, Detail: detail}
}

// wrongPhase returns the error of an operation that the fence refused.
func (s *Store) wrongPhase(op, entity string, outcome store.Outcome) *store.Error {
	return &store.Error{Op: op, Entity: entity, Store: s.Name(), Kind: store.ErrWrongPhase, Outcome: outcome}
}

// The server names columns and indexes in its messages only. What follows is
// the one place that reads message text; a message in another form costs the
// name, nothing else.

// faultyColumn returns the column of the entity that a server error names last,
// or "". A message reads "… for column `db`.`users`.`email` at row 1" or
// "CONSTRAINT `users.profile` failed for …", depending on server and version.
func faultyColumn(e *transform.Entity, err error) string {
	var me *mysql.MySQLError
	if !errors.As(err, &me) {
		return ""
	}
	switch me.Number {
	case 1048, 1364, 1406, 1264, 1265, 1292, 1366, 3140, 4025:
	default:
		return ""
	}
	words := strings.FieldsFunc(me.Message, func(r rune) bool { return strings.ContainsRune("'`.\" ", r) })
	for i := len(words) - 1; i >= 0; i-- {
		if e.ColumnIndex(words[i]) >= 0 {
			return words[i]
		}
	}
	return ""
}

// duplicateIndex returns the name of the index that a 1062 is about: the last
// quoted word, after the table's name that newer servers put before it. In
// every language of the server the value stands before the index.
func duplicateIndex(err error) string {
	var me *mysql.MySQLError
	if !errors.As(err, &me) {
		return ""
	}
	parts := strings.Split(me.Message, "'")
	if len(parts) < 3 {
		return ""
	}
	name := parts[len(parts)-2]
	return name[strings.LastIndexByte(name, '.')+1:]
}
