package mysqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// How writers leave fan-out marks, for copies in items that are old once they commit
// (see store.FansOut). A mark is a row of crossfade_fanout, in the writer's own
// transaction and after all change records: whoever has locked a record's mark has its
// change record, so that no two writers wait for each other here who do not there. Only
// what the contract has copies of costs a statement, and only where it has changed.

// shows returns the columns of the entity that copies show.
func shows(e *transform.Entity) []int {
	var all []int
	for _, h := range e.CopiedIn() {
		if !slices.Contains(all, h.Shows()) {
			all = append(all, h.Shows())
		}
	}
	return all
}

// showsMade reports whether copies show a column that MySQL itself may change with any
// other one, so that a record before a statement, and what the statement sets, do not
// tell whether it will.
func (src *source) showsMade() bool {
	return slices.ContainsFunc(src.shows, func(i int) bool {
		c := &src.entity.Columns[i]
		return c.Generated == "virtual" || c.Generated == "stored" || c.OnUpdate != ""
	})
}

// outdates notes that a row was one thing and has become another, of which copies may be
// old. before is the zero Record where nobody knows what it was.
func (f *fenced) outdates(src *source, key transform.Key, before, now transform.Record) {
	if len(src.shows) == 0 {
		return
	}
	if before.IsZero() || src.showsMade() || src.entity.ChangesCopies(before, now) {
		f.old = append(f.old, key)
	}
}

// leaveFanOuts leaves the marks of what was noted, at the versions of the change records
// that the write has left; without any it leaves none. An error leaves the transaction
// unusable.
func (f *fenced) leaveFanOuts(ctx context.Context, changes []store.Change) error {
	if len(f.old) == 0 {
		return nil
	}
	old := map[transform.Key]bool{}
	for _, key := range f.old {
		old[key] = true
	}
	var marks []store.KeyVersion
	for _, c := range changes {
		for _, k := range c.Keys {
			if old[k.Key] {
				marks = append(marks, k)
			}
		}
	}
	return f.s.leaveFanOuts(ctx, f.t, marks)
}

// The parts of the statement that leaves marks. Of one that is there, a pass that has got
// somewhere goes on, and since says that it does not cover this change; created_at stays,
// for it has waited since then.
const (
	insertFanOut = "INSERT INTO crossfade_fanout (grp, entity, id, version, since, reached, created_at) "
	onFanOut     = " ON DUPLICATE KEY UPDATE since = IF(reached = '', VALUES(version), since), version = VALUES(version)"
)

// leaveFanOuts leaves marks in the order of the keys.
func (s *Store) leaveFanOuts(ctx context.Context, t *tx, marks []store.KeyVersion) error {
	slices.SortFunc(marks, func(a, b store.KeyVersion) int { return compareKeys(a.Key, b.Key) })
	for some := range slices.Chunk(marks, bumpChunk) {
		var args []any
		for _, k := range some {
			args = append(args, s.group, k.Key.Entity, []byte(k.Key.ID), uint64(k.Version), uint64(k.Version))
		}
		if _, err := t.exec(ctx, insertFanOut+"VALUES "+repeat("(?, ?, ?, ?, ?, '', UTC_TIMESTAMP(6))", len(some))+onFanOut, args...); err != nil {
			return err
		}
	}
	return nil
}

// copied returns those of the keys that items have copies of.
func (s *Store) copied(keys []store.KeyVersion) []store.KeyVersion {
	var all []store.KeyVersion
	for _, k := range keys {
		if len(s.sources[k.Key.Entity].shows) > 0 {
			all = append(all, k)
		}
	}
	return all
}

// bumpCopied is Bump for keys whose records may have changed meanwhile: it leaves marks
// too.
func (s *Store) bumpCopied(ctx context.Context, keys []transform.Key) error {
	return s.bumpAnd(ctx, keys, func(t *tx, sorted []transform.Key) error {
		for _, key := range sorted {
			if len(s.sources[key.Entity].shows) == 0 {
				continue
			}
			if _, err := t.exec(ctx, insertFanOut+fanOutOf("?", "?", "?")+onFanOut, s.group, key.Entity, []byte(key.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// fanOutOf selects the mark of a key, at the version of its change record.
func fanOutOf(group, entity, id string) string {
	return "SELECT c.grp, c.entity, c.id, c.version, c.version, '', UTC_TIMESTAMP(6) FROM crossfade_change c" +
		" WHERE c.grp = " + group + " AND c.entity = " + entity + " AND c.id = " + id
}

// rowFanOut leaves marks where another writer has changed what copies show of a row, or
// its key.
func (s *Store) rowFanOut(t tracked) string {
	src := s.sources[t.entity.Name]
	if t.isPart() || len(src.shows) == 0 {
		return ""
	}
	return "IF NOT (crossfade_old <=> crossfade_new) OR " + src.shownDiffer() + " THEN\n" +
		s.leaveFanOut(t, "crossfade_old") +
		"IF NOT (crossfade_old <=> crossfade_new) THEN\n" + s.leaveFanOut(t, "crossfade_new") + "END IF;\n" +
		"END IF;\n"
}

// leaveFanOut leaves the mark of a key in a trigger.
func (s *Store) leaveFanOut(t tracked, id string) string {
	return insertFanOut + fanOutOf(literal(s.group), literal(t.entity.Name), id) + onFanOut + ";\n"
}

// uncheckedFanOut leaves the mark of a row that comes or goes in a session that checks no
// foreign keys, such as that of another group's follower: what refers to the row may have
// been there before, and may stay.
func (s *Store) uncheckedFanOut(t tracked, id string) string {
	if t.isPart() || len(s.sources[t.entity.Name].shows) == 0 {
		return ""
	}
	return "IF @@SESSION.foreign_key_checks = 0 THEN\n" + s.leaveFanOut(t, id) + "END IF;\n"
}

// shownDiffer is true if OLD and NEW differ in what copies show. Texts that a collation
// takes for equal differ by their bytes, and floating point numbers of the same digits by
// their values.
func (src *source) shownDiffer() string {
	if src.showsMade() {
		return "TRUE"
	}
	var parts []string
	for _, i := range src.shows {
		c := &src.entity.Columns[i]
		differ := func(form string) {
			name := func(row string) string { return strings.ReplaceAll(form, "?", row+"."+quote(c.Name)) }
			parts = append(parts, "NOT ("+name("OLD")+" <=> "+name("NEW")+")")
		}
		switch c.Kind {
		case transform.Timestamp: // as text one hour of each autumn is there twice
			differ("UNIX_TIMESTAMP(?)")
		case transform.JSON: // of which two forms are equal
			differ("CAST(CAST(? AS CHAR) AS BINARY)")
		case transform.Float:
			differ("?")
			fallthrough // for what has a sign and is zero
		default:
			differ("CAST(? AS BINARY)")
		}
	}
	return strings.Join(parts, " OR ")
}

// chainFanOut leaves marks of the rows at the end of a chain, where a foreign key sets a
// column that copies show.
func (s *Store) chainFanOut(ch chain, event, id string) string {
	src := s.sources[ch.of.entity.Name]
	last := ch.links[len(ch.links)-1]
	sets := src.showsMade() || slices.ContainsFunc(src.shows, func(i int) bool { return has(last.columns, src.entity.Columns[i].Name) })
	if ch.of.isPart() || len(src.shows) == 0 || !sets || event == "DELETE" && strings.EqualFold(last.onDelete, "CASCADE") {
		return ""
	}
	from, where := ch.rows(len(ch.links))
	return insertFanOut + "SELECT c.grp, c.entity, c.id, c.version, c.version, '', UTC_TIMESTAMP(6) FROM " + from +
		" STRAIGHT_JOIN crossfade_change c ON c.grp = " + literal(s.group) + " AND c.entity = " + literal(ch.of.entity.Name) + " AND c.id = " + id +
		" WHERE " + where + " ORDER BY 3" + inShare + onFanOut + ";\n"
}
