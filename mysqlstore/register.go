package mysqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A seen is what a process tells of itself, as JSON: processes of different versions
// read each other's.
type seen struct {
	store.ReadCounts
	Away bool `json:",omitempty"`
}

// Register renews a process's registration and returns the phase record. Now
// and then it also removes tokens and registrations that are older than a day.
func (s *Store) Register(ctx context.Context, r store.Registration) (store.PhaseRecord, error) {
	if err := checkName("process", r.Process); err != nil {
		return store.PhaseRecord{}, s.invalid("register", "", "", err.Error(), store.NotApplied)
	}
	started := r.Started.UTC().Format(sqlTime)
	reads, err := json.Marshal(seen{r.Reads, r.Away})
	if err != nil {
		return store.PhaseRecord{}, s.wrap("register", nil, store.NotApplied, err)
	}
	_, outcome, err := s.run(ctx, "INSERT INTO crossfade_process (grp, process, host, read_counts, epoch, contract, started, renewed_at)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))"+
		" ON DUPLICATE KEY UPDATE host=?, read_counts=?, epoch=?, contract=?, started=?, renewed_at=UTC_TIMESTAMP(6)",
		s.group, r.Process, r.Host, string(reads), r.Epoch, r.Contract, started, r.Host, string(reads), r.Epoch, r.Contract, started)
	if err != nil {
		return store.PhaseRecord{}, s.wrap("register", nil, outcome, err)
	}
	s.purge(ctx)
	record, err := s.phase(ctx)
	if err == nil {
		err = s.note(ctx)
	}
	return record, s.wrap("register", nil, store.NoWrite, err)
}

// Deregister removes a registration, if it is there.
func (s *Store) Deregister(ctx context.Context, process string) error {
	_, outcome, err := s.run(ctx, "DELETE FROM crossfade_process WHERE grp=? AND process=?", s.group, process)
	return s.wrap("deregister", nil, outcome, err)
}

// Registrations returns all entries in the order of their names.
func (s *Store) Registrations(ctx context.Context) ([]store.Registration, error) {
	var all []store.Registration
	err := each(ctx, s.db, func(rows *sql.Rows) error {
		var r store.Registration
		var started, reads string
		var age int64 // microseconds
		err := rows.Scan(&r.Process, &r.Host, &reads, &r.Epoch, &r.Contract, &started, &age)
		if err == nil {
			var has seen
			err = json.Unmarshal([]byte(reads), &has)
			r.Reads, r.Away = has.ReadCounts, has.Away
		}
		r.Started, r.Age = parseTime(started), time.Duration(age)*time.Microsecond
		all = append(all, r)
		return err
	}, "SELECT process, host, read_counts, epoch, contract, CAST(started AS CHAR),"+
		" TIMESTAMPDIFF(MICROSECOND, renewed_at, UTC_TIMESTAMP(6)) FROM crossfade_process"+
		" WHERE grp=? ORDER BY process", s.group)
	return all, s.wrap("registrations", nil, store.NoWrite, err)
}
