package mysqlstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
)

// That a service reads and writes an entity by SQL of its own is noted in the database,
// so that the operator's commands, which have none of it, keep away from its records.

// serviceSQLName is the name under which crossfade_progress has those entities.
const serviceSQLName = "service sql"

// keepsAway returns an error if the records of an entity are for the service alone. A
// process of the service, which registers, uses what it was given: while a new version
// of it is rolled out, one may have such SQL and the other not.
func (s *Store) keepsAway(op string, src *source, outcome store.Outcome) error {
	if src.sql != nil || s.registered.Load() {
		return nil
	}
	if noted := s.noted.Load(); noted == nil || !slices.Contains(*noted, src.entity.Name) {
		return nil
	}
	return &store.Error{Op: op, Entity: src.entity.Name, Store: s.Name(), Kind: store.ErrUnavailable, Outcome: outcome,
		Detail: "the service reads and writes these records by SQL of its own, which this program does not have; do it in the service, by its controller"}
}

// learnNoted reads the noted entities; some says that there are some.
func (s *Store) learnNoted(ctx context.Context, some bool) error {
	var names []string
	if some {
		err := each(ctx, s.db, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			names = append(names, name)
			return err
		}, "SELECT entity FROM crossfade_progress WHERE grp=? AND name='"+serviceSQLName+"' ORDER BY entity", s.group)
		if err != nil {
			return err
		}
	}
	s.noted.Store(&names)
	return nil
}

// note makes the noted entities those of this process of the service.
func (s *Store) note(ctx context.Context) error {
	s.registered.Store(true)
	var noted []string
	if p := s.noted.Load(); p != nil {
		noted = *p
	}
	for _, e := range s.contract.Entities {
		own, there := s.sources[e.Name].sql != nil, slices.Contains(noted, e.Name)
		var err error
		switch {
		case own && !there:
			err = s.SaveProgress(ctx, store.Progress{Name: serviceSQLName, Entity: e.Name, Done: true, Detail: "read and written by the service's own SQL"})
		case there && !own:
			_, _, err = s.run(ctx, "DELETE FROM crossfade_progress WHERE grp=? AND name='"+serviceSQLName+"' AND entity=?", s.group, e.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
