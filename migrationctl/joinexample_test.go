package migrationctl_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// A service keeps a statement of its own, over a table that the contract does not
// name and a record that it does. It begins again where others were in the way.
// Once DynamoDB leads, the record is written through its repository.
func ExampleController_Join() {
	type service struct {
		db    *sqlx.DB
		mysql *mysqlstore.Store
		ctl   *migrationctl.Controller
		users *dal.Repository[User]
	}
	visit := func(ctx context.Context, s *service, id int64) error {
		tx, err := s.db.BeginTxx(ctx, nil)
		if err != nil {
			return err
		}
		joined, err := s.ctl.Join(ctx, s.mysql.Joining(tx), s.users.Key(id))
		if err != nil {
			return err // the transaction was rolled back
		}
		defer joined.Rollback()
		if _, err := tx.ExecContext(ctx, "INSERT INTO visits (user_id) VALUES (?)", id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE users SET last_login = UTC_TIMESTAMP() WHERE user_id = ?", id); err != nil {
			return err
		}
		return joined.Commit(ctx, dal.Follow(dal.Async))
	}
	_ = func(ctx context.Context, s *service, id int64) error {
		for {
			switch err := visit(ctx, s, id); {
			case errors.Is(err, dal.ErrConflict) && dal.OutcomeOf(err) == dal.NotApplied:
				// Others were in the way: begin the transaction again.
			case errors.Is(err, dal.ErrWrongPhase):
				return errors.New("DynamoDB leads: write through the repository")
			default:
				return err
			}
		}
	}
	fmt.Println("in phases 1 to 3")
	// Output: in phases 1 to 3
}
