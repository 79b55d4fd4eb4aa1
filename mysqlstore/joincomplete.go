package mysqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// How a joined transaction finds that a rollback inside it took change records back.
// That they are there with their versions does not say it: whoever writes next is given
// the same versions.

// joinedSavepoint is the name of the nth savepoint of a joined transaction. Each has its
// own: to release or move an earlier one would be in the way of the service's savepoints.
func joinedSavepoint(n int) string { return "crossfade_joined_" + strconv.Itoa(n) }

// save makes a savepoint, which goes wherever the change records that were written last
// are taken back.
func (j *joining) save(ctx context.Context) error {
	j.saved++
	_, err := j.t.exec(ctx, "SAVEPOINT "+joinedSavepoint(j.saved))
	return err
}

// errTakenBack says that change records are not there any more.
var errTakenBack = errors.New("change records were taken back")

// complete returns errTakenBack unless all change records are there as they were
// written. A deadlock rolls the whole transaction back, and if the service takes
// no notice its next statements commit one by one; a rollback to a savepoint may
// take change records along and leave data.
//
// Where triggers capture, data never commits without a change record, but what the
// service did before a rollback is gone: so the transaction must be open still, also
// if no keys are named.
func (j *joining) complete(ctx context.Context) error {
	if len(j.recorded) == 0 {
		if j.at.Captured && j.s.triggered.Load() {
			return j.open(ctx)
		}
		return nil
	}
	all := !j.released
	for ; j.saved > 0; j.saved-- { // the last one first: a release takes the later ones along
		there, err := j.t.releaseSavepoint(ctx, joinedSavepoint(j.saved))
		if err != nil {
			return err
		}
		all = all && there
	}
	if j.released = true; all {
		return nil
	}
	return j.stillOwn(ctx)
}

// stillOwn is for a transaction whose savepoints are gone. The service may have released
// one of its own from before them, which takes nothing back. A change record is the
// transaction's own if it has a version that nobody else sees.
func (j *joining) stillOwn(ctx context.Context) error {
	outside, cancel := context.WithTimeout(ctx, j.t.limit) // the pool may have no other connection
	defer cancel()
	for some := range slices.Chunk(j.recorded, bumpChunk) {
		args := []any{j.s.group}
		for _, k := range some {
			args = append(args, k.Key.Entity, []byte(k.Key.ID))
		}
		query := "SELECT entity, id, version FROM crossfade_change WHERE grp=? AND (" +
			strings.Repeat("(entity=? AND id=?) OR ", len(some)-1) + "(entity=? AND id=?))"
		here, committed := map[transform.Key]store.Version{}, map[transform.Key]store.Version{}
		into := func(versions map[transform.Key]store.Version) func(*sql.Rows) error {
			return func(rows *sql.Rows) error {
				var k store.KeyVersion
				err := rows.Scan(&k.Key.Entity, &k.Key.ID, &k.Version)
				versions[k.Key] = k.Version
				return err
			}
		}
		// With a lock: what another writer has not committed yet is not seen here either.
		if err := j.t.query(ctx, into(here), query+inShare, args...); err != nil {
			return err
		}
		if err := each(outside, j.s.db, into(committed), query, args...); err != nil {
			return err
		}
		for _, k := range some {
			if here[k.Key] < k.Version || here[k.Key] <= committed[k.Key] {
				return errTakenBack
			}
		}
	}
	return nil
}

// erInTransaction is what a server says of a SET TRANSACTION within one.
const erInTransaction = 1568

// open returns errTakenBack unless the session is in a transaction. No variable
// tells so that both servers have.
func (j *joining) open(ctx context.Context) error {
	switch _, err := j.t.on.ExecContext(ctx, "SET TRANSACTION READ WRITE"); {
	case err == nil:
		return errTakenBack
	case number(err) == erInTransaction:
		return nil
	default:
		return err
	}
}
