package mysqlstore

import (
	"context"
)

// What a session of a follower's transaction has in its own way, and how it
// gets back what the service gave it. The statement reads what is there before
// it sets anything.
//
// foreign_key_checks: rows come in the order in which their keys changed, not
// in the one in which they refer to each other; and a row that is replaced must
// not take with it what hangs on it. sql_mode: a value that does not fit is an
// error and not another value, and the id 0 is put as 0. The last variable tells
// the group's triggers of capture: triggers that these are not an outside writer's
// rows.
func (s *Store) followSession() string {
	return "SET @crossfade_checks = @@SESSION.foreign_key_checks, @crossfade_mode = @@SESSION.sql_mode," +
		" @@SESSION.foreign_key_checks = 0, @@SESSION.sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'," +
		" " + followingVariable + " = " + s.followingMark()
}

// ownSession gives the session back.
const ownSession = "SET @@SESSION.foreign_key_checks = @crossfade_checks, @@SESSION.sql_mode = @crossfade_mode," +
	" " + followingVariable + " = NULL"

// beginFollowing starts a transaction of the follower. Its end gives the session
// back as it was, or ends the connection.
func (s *Store) beginFollowing(ctx context.Context) (*tx, error) {
	return s.beginFollower(ctx, s.followSession(), "START TRANSACTION")
}

// beginInsert is beginFollowing for a transaction that relies on the locks of
// gaps, which READ COMMITTED does not take.
func (s *Store) beginInsert(ctx context.Context) (*tx, error) {
	return s.beginFollower(ctx, s.followSession(), "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION")
}

func (s *Store) beginFollower(ctx context.Context, statements ...string) (*tx, error) {
	t, err := s.beginWith(ctx, statements...)
	if err == nil {
		t.restore = ownSession
	}
	return t, err
}

// follow runs do in a transaction of the follower and commits it if do returns
// true. A deadlock or a lock wait timeout begins all of it again within the
// budget.
func (s *Store) follow(ctx context.Context, begin func(context.Context) (*tx, error), do func(*tx) (bool, error)) (took bool, err error) {
	err = s.retry(ctx, func() error {
		t, err := begin(ctx)
		if err != nil {
			return err
		}
		defer t.end(ctx)
		if took, err = do(t); err != nil || !took {
			return err
		}
		return t.commit(ctx)
	})
	return took && err == nil, err
}
