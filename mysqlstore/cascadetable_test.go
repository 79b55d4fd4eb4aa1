package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestCascadeOfAnotherTableIsNotDeclared: that pets declare a reference of their
// owner_id does not declare the foreign key of toys, whose column has the same name.
func TestCascadeOfAnotherTableIsNotDeclared(t *testing.T) {
	f := newFamilies(t)
	f.db.MustExec("ALTER TABLE toys ADD owner_id INT NULL," +
		" ADD CONSTRAINT toys_owner FOREIGN KEY (owner_id) REFERENCES people (person_id) ON DELETE CASCADE")
	f.db.MustExec("INSERT INTO people (person_id) VALUES (1)")
	f.db.MustExec("INSERT INTO toys (toy_id, owner_id) VALUES (1, 1)")

	_, err := f.remove(1, nil)
	require.NoError(t, err)
	toy, err := f.Get(f.ctx, store.At{Captured: true}, f.key("Toys", 1))
	require.NoError(t, err)
	found, err := f.CheckSchema(f.ctx)
	require.NoError(t, err)
	var errs []string
	for _, x := range found {
		if x.Severity == transform.Error {
			errs = append(errs, x.Reason)
		}
	}
	require.False(t, toy.Live || toy.Dirty, "the toy is gone, and nothing notes it")
	require.NotEmpty(t, errs)
	require.ErrorContains(t, f.Ready(f.ctx), "toys_owner")
}

// TestRowsCascadeOfAnotherTableIsNotDeclared: the same where the rows that vanish are
// part of a record.
func TestRowsCascadeOfAnotherTableIsNotDeclared(t *testing.T) {
	d := newDeliveries(t, "")
	_, err := d.DropTriggers(d.ctx)
	require.NoError(t, err)
	d.db.MustExec("ALTER TABLE shipment_stops ADD sender_id INT NULL," +
		" ADD CONSTRAINT stops_sender FOREIGN KEY (sender_id) REFERENCES senders (sender_id) ON DELETE CASCADE")
	require.ErrorContains(t, d.Ready(d.ctx), "stops_sender")
}
