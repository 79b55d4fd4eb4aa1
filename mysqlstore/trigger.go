package mysqlstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// Numbers of the errors with which the triggers refuse a statement of a writer
// outside the library. Their SQLSTATE is 45000, and nothing of the statement is
// applied. doc.go has the texts.
const (
	// ErrnoClosed: the fence is closed for a moment. The writer tries again.
	ErrnoClosed = 30401
	// ErrnoNotHere: MySQL is not where this data is written any more.
	ErrnoNotHere = 30402
	// ErrnoUnfit: the row's key is one that no key of the contract can be.
	ErrnoUnfit = 30403
	// ErrnoIsolation: the transaction's isolation level lets rows slip in between.
	ErrnoIsolation = 30404
)

// A trigger refuses with at most 128 characters.
const (
	textClosed    = "crossfade: a hand-off is under way, nothing is written for a moment; try again"
	textNotHere   = "crossfade: DynamoDB leads, and this table is not written here; write through the service"
	textUnfit     = "crossfade: the row's key has no form in the contract; contract check --data tells more"
	textIsolation = "crossfade: foreign keys take rows of several tables along, which needs REPEATABLE READ; this session reads otherwise"
)

// A trigger is one that this library wants to be there.
type trigger struct {
	name   string
	table  string
	timing string // BEFORE or AFTER
	event  string // INSERT, UPDATE or DELETE
	body   string
}

// triggersName is the name under which crossfade_progress remembers that the
// group captures by triggers.
const triggersName = "triggers"

// triggerPrefix begins the names of a group's triggers. Groups may share tables.
func triggerPrefix(group string) string { return "crossfade_" + digest(group, 6) + "_" }

// digest returns the first hex digits of a hash.
func digest(text string, digits int) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])[:digits]
}

// newTrigger names a trigger by what it does: one that is there by that name
// needs no second look at the contract or the schema it was made for.
func (s *Store) newTrigger(table, timing, event, body string) trigger {
	return trigger{name: triggerPrefix(s.group) + strings.ToLower(timing[:1]+event[:1]) + "_" +
		digest(strings.Join([]string{table, timing, event, body}, "\x00"), 16),
		table: table, timing: timing, event: event, body: body}
}

func (t trigger) create() string {
	return "CREATE TRIGGER " + t.name + " " + t.timing + " " + t.event + " ON " + quote(t.table) + " FOR EACH ROW " + t.body
}

// what names the trigger for an operator.
func (t trigger) what() string { return t.timing + " " + t.event + " ON " + t.table }

// literal is a name as a string of SQL that no sql_mode reads otherwise.
func literal(name string) string { return fmt.Sprintf("CONVERT(X'%X' USING utf8mb4)", name) }

// A tracked is a table whose rows belong to the records of an entity: a row that
// changes is a change of the key that its columns hold.
type tracked struct {
	table  string
	entity *transform.Entity
	part   *transform.Children // nil where the rows are not part of the records
	// counted is the reference by which the records count the rows, nil where they do not.
	counted *transform.Reference
}

// tracked returns the tables of the contract's entities, and those of rows that are
// part of their records, or of which their items have the number.
func (s *Store) tracked() []tracked {
	var all []tracked
	for _, e := range s.contract.Entities {
		all = append(all, tracked{table: e.Source, entity: e})
		for _, ch := range e.Children() {
			all = append(all, tracked{table: ch.Rows.Source, entity: e, part: ch})
		}
	}
	for _, e := range s.contract.Entities {
		for _, by := range e.CountedBy() {
			all = append(all, tracked{table: e.Source, entity: by.To(), counted: by})
		}
	}
	return all
}

// isPart reports whether the table's rows are part of the records, or counted by them, and
// not their own rows. One without a parent is part of none.
func (t tracked) isPart() bool { return t.part != nil || t.counted != nil }

// key returns what SQL says of the key that a row's columns hold.
func (t tracked) key(alias string) (transform.KeySQL, error) {
	column := func(c *transform.Column) string { return alias + "." + quote(c.Name) }
	switch {
	case t.part != nil:
		return t.part.KeySQL(column)
	case t.counted != nil:
		return t.counted.KeySQL(column)
	}
	return t.entity.KeySQL(column)
}

// column returns the column of the table that has the value of a column of the
// record's key.
func (t tracked) column(name string) string {
	if by := t.counted; by != nil {
		for n, i := range by.Columns {
			if t.entity.Columns[t.entity.KeyColumns[n]].Name == name {
				return by.Of().Columns[i].Name
			}
		}
	}
	if t.part != nil {
		for i, c := range t.part.Rows.Columns {
			if p := t.part.Parent(i); p >= 0 && t.entity.Columns[p].Name == name {
				return c.Name
			}
		}
	}
	return name
}

// columns returns the columns of the table that hold the key.
func (t tracked) columns() []string {
	var all []string
	for _, i := range t.entity.KeyColumns {
		all = append(all, t.column(t.entity.Columns[i].Name))
	}
	return all
}

// tiedBy reports whether the foreign key is the one that ties the table's rows to
// the record they are part of. What it does to them it does where the record's own
// row changes or goes, which is recorded by itself, under the same keys.
func (t tracked) tiedBy(k foreignKey) bool {
	if !t.isPart() || k.away || !strings.EqualFold(k.parent, t.entity.Source) {
		return false
	}
	for _, i := range t.entity.KeyColumns {
		name := t.entity.Columns[i].Name
		n := slices.IndexFunc(k.refers, func(r string) bool { return strings.EqualFold(r, name) })
		if n < 0 || !strings.EqualFold(k.columns[n], t.column(name)) {
			return false
		}
	}
	return true
}

// declareTrigger begins every trigger. The variables' names must not be those of
// columns, which are never used here without an alias.
const declareTrigger = `BEGIN
DECLARE crossfade_state VARCHAR(16) CHARACTER SET ascii;
DECLARE crossfade_capture TINYINT DEFAULT 0;
DECLARE crossfade_floor BIGINT UNSIGNED DEFAULT 0;
DECLARE crossfade_old, crossfade_new VARBINARY(16000);
DECLARE crossfade_old_unfit, crossfade_new_unfit TINYINT DEFAULT 0;
DECLARE crossfade_zone VARCHAR(64) DEFAULT @@SESSION.time_zone;
DECLARE crossfade_rows BIGINT DEFAULT 0;
`

// refuseUnlessOpen reads the fence with its shared lock, as every writer of the
// library does, so that it stays as it is until the writer's transaction ends.
func (s *Store) refuseUnlessOpen() string {
	return "SELECT f.state, f.capture, f.floor INTO crossfade_state, crossfade_capture, crossfade_floor" +
		" FROM crossfade_fence f WHERE f.grp = " + literal(s.group) + " LOCK IN SHARE MODE;\n" +
		"IF crossfade_state <=> 'closed' THEN " + signal(ErrnoClosed, textClosed) + " END IF;\n" +
		"IF NOT (crossfade_state <=> 'open') THEN " + signal(ErrnoNotHere, textNotHere) + " END IF;\n"
}

func signal(number int, text string) string {
	return fmt.Sprintf("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = '%s';", number, strings.ReplaceAll(text, "'", "''"))
}

// outsideOnly is what a trigger does for a statement that is not the library's for
// this group.
func (s *Store) outsideOnly(table, body string) string {
	return "IF NOT (" + followingVariable + " <=> " + s.followingMark() + ") AND NOT (" + ownVariable + " <=> " + s.ownMark(table) + ") THEN\n" +
		body + "END IF;\n"
}

// rowTriggers returns the triggers of a table for the entities in whose records
// its rows are.
func (s *Store) rowTriggers(table string, of []tracked) ([]trigger, error) {
	var all []trigger
	for _, event := range []string{"INSERT", "UPDATE", "DELETE"} {
		body := s.refuseUnlessOpen() + "IF crossfade_capture = 1 THEN\n"
		for _, t := range of {
			record, err := s.recordRow(t, event)
			if err != nil {
				return nil, err
			}
			body += record
		}
		all = append(all, s.newTrigger(table, "AFTER", event,
			declareTrigger+s.outsideOnly(table, body+"END IF;\n")+"END"))
	}
	return all, nil
}

// recordRow writes the change records of the row before and after the event.
//
// A key that the contract has no form for is refused where the statement makes
// it. Where it was there before, no item can be of it, and so there is nothing
// to record; the row can be mended.
func (s *Store) recordRow(t tracked, event string) (string, error) {
	before, err := t.key("OLD")
	if err != nil {
		return "", err
	}
	after, _ := t.key("NEW")
	set := ""
	if event != "INSERT" {
		set += setKey("old", before)
	}
	if event != "DELETE" {
		set += setKey("new", after)
	}
	if before.InUTC {
		// A TIMESTAMP is read in the writer's zone. Nothing in between can fail.
		set = "SET @@SESSION.time_zone = '+00:00';\n" + set + "SET @@SESSION.time_zone = crossfade_zone;\n"
	}
	name, ifOld, ifNew, unfit := t.entity.Name, "crossfade_old_unfit = 0", "", "crossfade_new_unfit = 1"
	if t.isPart() {
		ifOld, ifNew = "crossfade_old IS NOT NULL AND "+ifOld, "crossfade_new IS NOT NULL"
		unfit = ifNew + " AND " + unfit // what is a part of no record may be anything
	}
	if t.counted != nil {
		// A row that no record can count is no fault of the number's.
		ifNew += " AND crossfade_new_unfit = 0"
		unfit = "FALSE"
	}
	switch event {
	case "INSERT":
		return set + refuseUnfit(unfit) + s.record(name, "crossfade_new", ifNew) + s.uncheckedFanOut(t, "crossfade_new"), nil
	case "DELETE":
		return set + s.record(name, "crossfade_old", ifOld) + s.uncheckedFanOut(t, "crossfade_old"), nil
	}
	same := s.record(name, "crossfade_old", ifOld)
	if t.counted != nil {
		same = "SET crossfade_rows = 0;\n" // it is counted as before
	}
	return set + refuseUnfit(unfit+" AND NOT (crossfade_new <=> crossfade_old)") +
		// In the order of the keys, as every writer takes them.
		"IF crossfade_old = crossfade_new THEN\n" +
		same +
		"ELSEIF crossfade_old < crossfade_new THEN\n" +
		s.record(name, "crossfade_old", ifOld) + s.record(name, "crossfade_new", ifNew) +
		"ELSE\n" +
		s.record(name, "crossfade_new", ifNew) + s.record(name, "crossfade_old", ifOld) +
		"END IF;\n" + s.rowFanOut(t), nil
}

// setKey puts a row's key into the variables of that name.
func setKey(name string, k transform.KeySQL) string {
	return "SET crossfade_" + name + " = " + k.ID + ";\n" +
		fmt.Sprintf("SET crossfade_%s_unfit = (%s) OR LENGTH(crossfade_%s) > %d;\n", name, k.Unfit, name, MaxKeyID)
}

func refuseUnfit(condition string) string {
	return "IF " + condition + " THEN " + signal(ErrnoUnfit, textUnfit) + " END IF;\n"
}

// record gives a key its next version and makes it dirty, as recordChange does.
func (s *Store) record(entity, id, condition string) string {
	insert := insertRecord + "VALUES (" + literal(s.group) + ", " + literal(entity) + ", " + id +
		", crossfade_floor + 1, 1, UTC_TIMESTAMP(6))" + onRecorded + ";\n"
	if condition == "" {
		return insert
	}
	return "IF " + condition + " THEN\n" + insert + "END IF;\n"
}

// The parts of the statement that writes change records. The assignments are
// carried out from left to right: dirty_at looks at dirty as it was.
const (
	insertRecord = "INSERT INTO crossfade_change (grp, entity, id, version, dirty, dirty_at) "
	onRecorded   = " ON DUPLICATE KEY UPDATE" +
		" version = GREATEST(crossfade_change.version, crossfade_floor) + 1," +
		" dirty_at = IF(crossfade_change.dirty = 1, crossfade_change.dirty_at, UTC_TIMESTAMP(6))," +
		" dirty = 1"
)
