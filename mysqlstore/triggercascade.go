package mysqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// Foreign keys that change rows fire no triggers of the rows that go. So the
// parent has triggers that write the change records of these rows before it is
// deleted, or its key changed.

// A foreignKey is one of the live schema, with what it does to its rows.
type foreignKey struct {
	name, table, parent string
	columns, refers     []string // of the table, of the parent
	onDelete, onUpdate  string
	away                bool // the parent is in another database
}

// foreignKeys returns those of the database that change rows by themselves.
func foreignKeys(ctx context.Context, q querier) ([]foreignKey, error) {
	var all []foreignKey
	// Two queries, and not a join, for which MariaDB would look at every database
	// of the server.
	err := each(ctx, q, func(rows *sql.Rows) error {
		var k foreignKey
		err := rows.Scan(&k.table, &k.name, &k.parent, &k.onDelete, &k.onUpdate)
		if cascades(k.onDelete) || cascades(k.onUpdate) {
			all = append(all, k)
		}
		return err
	}, "SELECT table_name, constraint_name, referenced_table_name, delete_rule, update_rule"+
		" FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()"+
		" ORDER BY table_name, constraint_name")
	if err != nil || all == nil {
		return nil, err
	}
	return all, each(ctx, q, func(rows *sql.Rows) error {
		var table, name, column, refers string
		var away bool
		err := rows.Scan(&table, &name, &away, &column, &refers)
		for i := range all {
			if k := &all[i]; k.table == table && k.name == name {
				k.columns, k.refers, k.away = append(k.columns, column), append(k.refers, refers), away
			}
		}
		return err
	}, "SELECT table_name, constraint_name, referenced_table_schema <> DATABASE(), column_name, referenced_column_name"+
		" FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL"+
		" ORDER BY table_name, constraint_name, ordinal_position")
}

// recordedParents returns the tables whose triggers of the group record what foreign
// keys do to the rows of others.
func recordedParents(ctx context.Context, q querier, group string) ([]string, error) {
	var all []string
	err := each(ctx, q, func(rows *sql.Rows) error {
		var table string
		err := rows.Scan(&table)
		all = append(all, table)
		return err
	}, "SELECT DISTINCT event_object_table FROM information_schema.triggers WHERE trigger_schema = DATABASE()"+
		" AND action_timing = 'BEFORE' AND LEFT(trigger_name, ?) = ?", len(triggerPrefix(group)), triggerPrefix(group))
	return all, err
}

// A chain is how the rows of a tracked table go with a row of its first parent:
// foreign keys, each of whose table is the next one's parent.
type chain struct {
	links []foreignKey
	of    tracked
}

// A cascade finds the chains of one event.
type cascade struct {
	keys    []foreignKey
	tracked []tracked
	refused []string // why triggers can't do it
}

// reaches reports whether rows of a tracked table can go with a row of the
// table, so that what can't be written there matters.
func (c *cascade) reaches(table string, seen []string) bool {
	if slices.ContainsFunc(c.tracked, func(t tracked) bool { return strings.EqualFold(t.table, table) }) {
		return true
	}
	return !has(seen, table) && slices.ContainsFunc(c.keys, func(k foreignKey) bool {
		return strings.EqualFold(k.parent, table) && cascades(k.onDelete) && c.reaches(k.table, append(seen, table))
	})
}

func has(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// deletes returns the chains along which rows go when one of the table is
// deleted. before is how the table itself was reached, begun by its own parent.
func (c *cascade) deletes(table string, before []foreignKey) []chain {
	var all []chain
	for _, k := range c.keys {
		if !strings.EqualFold(k.parent, table) || !cascades(k.onDelete) || !c.reaches(k.table, nil) {
			continue
		}
		links := append(slices.Clone(before), k)
		what := fmt.Sprintf("the foreign key %s of %s (ON DELETE %s)", k.name, k.table, k.onDelete)
		switch {
		case k.away:
			c.refused = append(c.refused, what+" has its parent in another database")
			continue
		case strings.EqualFold(k.onDelete, "SET DEFAULT"):
			c.refused = append(c.refused, what+" is one that InnoDB does not carry out")
			continue
		}
		for _, t := range c.tracked {
			if strings.EqualFold(t.table, k.table) && !t.tiedBy(k) {
				all = append(all, chain{links, t})
			}
		}
		if !strings.EqualFold(k.onDelete, "CASCADE") {
			c.follows(k, what)
			continue
		}
		visited := []string{links[0].parent}
		for _, l := range before {
			visited = append(visited, l.table)
		}
		if has(visited, k.table) {
			c.refused = append(c.refused, what+" comes back to a table that its rows go with, so that there is no end to what one delete takes")
			continue
		}
		all = append(all, c.deletes(k.table, links)...)
	}
	return all
}

// follows refuses a foreign key that changes columns which another one follows
// in its turn.
func (c *cascade) follows(changed foreignKey, what string) {
	for _, k := range c.keys {
		if strings.EqualFold(k.parent, changed.table) && cascades(k.onUpdate) &&
			slices.ContainsFunc(k.refers, func(n string) bool { return has(changed.columns, n) }) {
			c.refused = append(c.refused, what+" changes what the foreign key "+k.name+" of "+k.table+" follows (ON UPDATE "+k.onUpdate+")")
		}
	}
}

// keyName says what a row would change in changing the columns of its key.
func (t tracked) keyName() string {
	if t.counted != nil {
		return "which record of " + t.entity.Source + " counts a row of " + t.table
	}
	if t.isPart() {
		return "which record of " + t.entity.Source + " a row of " + t.table + " is part of"
	}
	return "the primary key of " + t.table
}

// updates returns the chains, of one link each, along which rows change when a
// column of the table does that they refer to.
func (c *cascade) updates(table string) []chain {
	var all []chain
	for _, k := range c.keys {
		if !strings.EqualFold(k.parent, table) || !cascades(k.onUpdate) {
			continue
		}
		what := fmt.Sprintf("the foreign key %s of %s (ON UPDATE %s)", k.name, k.table, k.onUpdate)
		var of []tracked
		for _, t := range c.tracked {
			if strings.EqualFold(t.table, k.table) && !t.tiedBy(k) {
				of = append(of, t)
			}
		}
		c.follows(k, what)
		switch {
		case len(of) == 0:
			continue
		case k.away:
			c.refused = append(c.refused, what+" has its parent in another database")
			continue
		}
		for _, t := range of {
			if slices.ContainsFunc(t.columns(), func(n string) bool { return has(k.columns, n) }) {
				c.refused = append(c.refused, what+" changes "+t.keyName())
				continue
			}
			all = append(all, chain{[]foreignKey{k}, t})
		}
	}
	return all
}

// cascadeTriggers returns the triggers of the parents, or why there can be none.
func (s *Store) cascadeTriggers(keys []foreignKey, mariaDB bool) (all []trigger, refused []string, err error) {
	c := &cascade{keys: keys, tracked: s.tracked()}
	var parents []string
	for _, k := range keys {
		if !has(parents, k.parent) {
			parents = append(parents, k.parent)
		}
	}
	slices.Sort(parents)
	for _, parent := range parents {
		for _, of := range []struct {
			event  string
			chains []chain
		}{{"DELETE", c.deletes(parent, nil)}, {"UPDATE", c.updates(parent)}} {
			if len(of.chains) == 0 {
				continue
			}
			body := s.refuseUnlessRepeatable(parent, of.chains, mariaDB)
			for _, ch := range of.chains {
				text, err := s.recordChain(ch, of.event)
				if err != nil {
					return nil, nil, err
				}
				body += text
			}
			// Also for the library's own statements: they have the change records
			// of the keys that they name. A follower, of whichever group, checks no
			// foreign keys, and then nothing cascades.
			all = append(all, s.newTrigger(parent, "BEFORE", of.event,
				declareTrigger+"IF "+followingVariable+" IS NULL THEN\n"+body+"END IF;\nEND"))
		}
	}
	slices.Sort(c.refused)
	return all, slices.Compact(c.refused), nil
}

// refuseUnlessRepeatable refuses a delete that takes rows along through two foreign
// keys or more unless the session locks gaps, as it does under REPEATABLE READ: who
// inserts a row shares the lock on the row above it with the trigger, so under READ
// COMMITTED one could come after the look, unrecorded. The rows right below the one
// that is deleted are safe, since that one is locked exclusively, and so is what the
// library deletes, which locks likewise level by level. A level that was set for one
// transaction only no variable shows.
func (s *Store) refuseUnlessRepeatable(parent string, chains []chain, mariaDB bool) string {
	level := "@@SESSION.transaction_isolation"
	if mariaDB {
		level = "@@SESSION.tx_isolation" // the other name came with 11.1
	}
	var seen []string
	body := ""
	for _, ch := range chains {
		first := ch.links[0]
		if len(ch.links) < 2 || slices.Contains(seen, first.table+"\x00"+first.name) {
			continue
		}
		seen = append(seen, first.table+"\x00"+first.name)
		from, where := ch.rows(1)
		body += "SELECT COUNT(*) INTO crossfade_rows FROM " + from + " WHERE " + where + inShare + ";\n" +
			"IF crossfade_rows > 0 THEN " + signal(ErrnoIsolation, textIsolation) + " END IF;\n"
	}
	if body == "" {
		return ""
	}
	return "IF LEFT(" + level + ", 5) = 'READ-' AND NOT (" + ownVariable + " <=> " + s.ownMark(parent) + ") THEN\n" + body + "END IF;\n"
}

// rows returns the rows that go with OLD along the first links, each under an alias.
func (ch chain) rows(links int) (from, where string) {
	for i, k := range ch.links[:links] {
		alias, parent := fmt.Sprintf("t%d", i), fmt.Sprintf("t%d", i-1)
		if i == 0 {
			from, parent = quote(k.table)+" "+alias, "OLD"
		}
		var on []string
		for n := range k.columns {
			on = append(on, alias+"."+quote(k.columns[n])+" = "+parent+"."+quote(k.refers[n]))
		}
		if i == 0 {
			where = strings.Join(on, " AND ")
		} else {
			from += " JOIN " + quote(k.table) + " " + alias + " ON " + strings.Join(on, " AND ")
		}
	}
	return from, where
}

// recordChain writes the change records of the rows at the end of a chain. They
// are locked first: the fence matters only where there are some, and what is
// locked can't be changed, nor anything put beneath it, before it goes. The lock is
// a shared one: a table that the statement itself reads or changes a trigger may
// not lock otherwise, and a program's DELETE with a join would fail
// (TestStatementsThatNameChildAndParent). Who changes one of the rows just then may
// deadlock with the statement, and tries again.
func (s *Store) recordChain(ch chain, event string) (string, error) {
	last := "t" + fmt.Sprint(len(ch.links)-1)
	key, err := ch.of.key(last)
	if err != nil {
		return "", err
	}
	if key.InUTC {
		return "", &transform.ValueError{Entity: ch.of.entity.Name,
			Reason: "its key has a TIMESTAMP, which a trigger of another table can't read in UTC; declare the foreign key " + ch.links[len(ch.links)-1].name + " ON DELETE RESTRICT"}
	}
	from, where := ch.rows(len(ch.links))
	body := "SELECT COUNT(*) INTO crossfade_rows FROM " + from + " WHERE " + where + inShare + ";\n" +
		"IF crossfade_rows > 0 THEN\n" + s.refuseUnlessOpen() +
		"IF crossfade_capture = 1 THEN\n" + insertRecord + "SELECT " + literal(s.group) + ", " + literal(ch.of.entity.Name) + ", " + key.ID +
		", crossfade_floor + 1, 1, UTC_TIMESTAMP(6) FROM " + from + " WHERE " + where +
		fmt.Sprintf(" AND NOT (%s) AND LENGTH(%s) <= %d", key.Unfit, key.ID, MaxKeyID) +
		" ORDER BY 3" + inShare + onRecorded + ";\n" + s.chainFanOut(ch, event, key.ID) + "END IF;\nEND IF;\n"
	if event != "UPDATE" {
		return body, nil
	}
	var changed []string
	for _, c := range ch.links[0].refers {
		changed = append(changed, "NOT (CAST(OLD."+quote(c)+" AS BINARY) <=> CAST(NEW."+quote(c)+" AS BINARY))")
	}
	return "IF " + strings.Join(changed, " OR ") + " THEN\n" + body + "END IF;\n", nil
}
