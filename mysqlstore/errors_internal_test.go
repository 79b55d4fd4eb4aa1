package mysqlstore

import (
	"context"
	"database/sql/driver"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

func serverError(number uint16, message string) error {
	return &mysql.MySQLError{Number: number, SQLState: [5]byte{'H', 'Y', '0', '0', '0'}, Message: message}
}

// What an error number means decides what a caller does next.
func TestMeaningOfErrors(t *testing.T) {
	s := &Store{}
	for _, c := range []struct {
		err     error
		kind    error
		outcome store.Outcome
		retried bool
	}{
		{serverError(1213, "Deadlock found"), store.ErrConflict, store.NotApplied, true},
		{serverError(1205, "Lock wait timeout exceeded"), store.ErrConflict, store.NotApplied, true},
		{serverError(1020, "Record has changed since last read"), store.ErrConflict, store.NotApplied, true},
		{errAgain, store.ErrConflict, store.NotApplied, true},
		{serverError(1406, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(1264, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(1366, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(1292, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(3140, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(4025, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(3819, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(1048, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(1142, "x"), store.ErrInvalid, store.NotApplied, false},
		{serverError(1045, "x"), store.ErrUnavailable, store.NotApplied, false},
		{serverError(1049, "x"), store.ErrUnavailable, store.NotApplied, false},
		{serverError(1053, "x"), store.ErrUnavailable, store.NotApplied, false},
		{serverError(1290, "x"), store.ErrUnavailable, store.NotApplied, false},
		{serverError(9999, "x"), store.ErrUnavailable, store.NotApplied, false},
		{&mysql.MySQLError{Number: 1644, SQLState: [5]byte{'4', '5', '0', '0', '0'}}, store.ErrInvalid, store.NotApplied, false},
		{mysql.ErrInvalidConn, store.ErrUnavailable, store.NotApplied, false},
		{mysql.ErrPktTooLarge, store.ErrTooLarge, store.NotApplied, false},
		{driver.ErrBadConn, store.ErrUnavailable, store.NotApplied, false},
		{context.Canceled, store.ErrUnavailable, store.NotApplied, false},
		{&commitError{mysql.ErrInvalidConn}, store.ErrUnavailable, store.Unknown, false},
		{&commitError{serverError(1213, "Deadlock found")}, store.ErrConflict, store.Unknown, false},
	} {
		err := s.wrap("update", nil, store.NotApplied, c.err)
		require.ErrorIs(t, err, c.kind, "%v", c.err)
		require.Equal(t, c.outcome, store.OutcomeOf(err), "%v", c.err)
		require.Equal(t, c.retried, isConflict(c.err), "%v", c.err)
		require.ErrorIs(t, err, c.err, "it unwraps to the driver's own error")
	}
}

// A message of the server may hold values; only those that can't are shown.
func TestErrorsShowNoValues(t *testing.T) {
	s := &Store{}
	for number := range uint16(5000) {
		err := s.wrap("update", nil, store.NotApplied, serverError(number, "Duplicate entry 's3cret' for key 'x'"))
		if m, known := meanings(number); known && m.text {
			continue
		}
		require.NotContains(t, err.Error(), "s3cret", number)
	}
}

// A refusal of the triggers is one of the fence, also where it reaches this
// library: in a service's own transaction, say. What a server wants before it
// takes triggers is said with the mend.
func TestErrorsOfTriggers(t *testing.T) {
	for number, want := range map[uint16]error{
		ErrnoClosed: store.ErrWrongPhase, ErrnoNotHere: store.ErrWrongPhase, ErrnoUnfit: store.ErrInvalid,
	} {
		require.ErrorIs(t, (&Store{}).wrap("write", nil, store.NotApplied, serverError(number, "crossfade: …")), want)
	}
	for _, text := range []string{textClosed, textNotHere, textUnfit} {
		require.LessOrEqual(t, len(text), 128, "MESSAGE_TEXT has no more room")
	}
	err := (&Store{}).triggerFault("install triggers", "CREATE TRIGGER AFTER INSERT ON users", serverError(erLogBinTrust, "You do not have the SUPER privilege"))
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "SET GLOBAL log_bin_trust_function_creators = 1")
}
