package mysqlstore

import (
	"fmt"
	"strings"
)

// How the triggers of capture: triggers tell the library's own statements, which
// have a change record already or need none, from those of everybody else.
//
// A mark that a session kept would be dangerous: the connection goes back to the
// service's pool, and if the mark stayed, the service's next own statement on it
// would leave no change record. So the statement that writes a row carries the
// mark itself: it sets a variable to the moment at which it began, which is what
// a trigger sees as the time too, and the time of no other statement of the
// session. It needs no statement to set or to clear it, and a statement that
// changed no row, failed, or was rolled back leaves nothing behind that counts
// (TestOwnMarkDoesNotStay). The one thing that would hold the time still is SET
// timestamp in a session of the service; doc.go says so.
//
// It names the table too: where a trigger of the service's own changes another
// table of the contract, that is recorded. And it names the group: what the library
// writes for one is an outside write to every other one with triggers on the table
// (TestTriggersOfTwoGroups).
//
// Only captured writes carry it. A bare one leaves no record, whoever made it.
const ownVariable = "@crossfade_own"

// ownMark is the mark of the statement that evaluates it, or of the one that has
// fired the trigger that does. It is of bytes, so that no collation has a say.
func (s *Store) ownMark(table string) string {
	return fmt.Sprintf("CONCAT(X'%X', UTC_TIMESTAMP(6) + 0)", s.group+"\x00"+table)
}

// ownCondition is always true and sets the mark, in the WHERE of a statement.
func (s *Store) ownCondition(table string) string {
	return " AND (" + ownVariable + " := " + s.ownMark(table) + ") > ''"
}

// A transaction of the follower sets its session up and restores it, or ends the
// connection, so its mark is a variable of the session, which holds the group. It
// must cover statements that insert many rows. See session.go.
const followingVariable = "@crossfade_following"

// followingMark is what the variable holds while the group's follower writes.
func (s *Store) followingMark() string { return fmt.Sprintf("X'%X'", s.group) }

// marked returns the condition with which a data statement of the transaction
// marks itself as the library's own, "" where nothing asks for it.
func (f *fenced) marked(src *source) string {
	if f.at.Captured && f.s.triggered.Load() {
		return f.s.ownCondition(src.entity.Source)
	}
	return ""
}

// insertPlain returns the INSERT of one row, marked if need be.
func (f *fenced) insertPlain(src *source) string {
	if f.marked(src) == "" {
		return src.insertPlain()
	}
	return src.insert + " SELECT " + repeat("?", len(src.writes)) + " FROM (SELECT " + ownVariable + " := " + f.s.ownMark(src.entity.Source) + ") crossfade_own"
}

// insertMany returns the INSERT of that many rows, marked if need be. The mark is
// set before the first row: what a SELECT gives is read from left to right.
func (f *fenced) insertMany(src *source, rows int) string {
	one := repeat("?", len(src.writes))
	if f.marked(src) == "" {
		return src.insert + " VALUES " + repeat("("+one+")", rows)
	}
	row := " SELECT " + one + " FROM (SELECT " + ownVariable + " := " + f.s.ownMark(src.entity.Source) + ") crossfade_own"
	return src.insert + strings.TrimSuffix(strings.Repeat(row+" UNION ALL", rows), " UNION ALL")
}
