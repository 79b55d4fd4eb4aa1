package migrationctl_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// TestFollowerAheadIsNotCleaned: MySQL was restored from a backup, so the
// follower has versions it never gave. A refresh must not take that for "newer
// is there" and clean the key: the difference would be hidden for ever.
func TestFollowerAheadIsNotCleaned(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.to(t, store.DualWrite)
		later := w.record(t, user(1))
		_, err := w.dynamo.Put(t.Context(), store.At{}, store.Row{Key: w.key(t, 1), Version: store.Floor(99), Live: true, Record: later})
		require.NoError(t, err)

		p := w.open(t, quiet())
		u := user(1)
		u.Email = "other@example.com"
		err = p.users.Create(t.Context(), &u, dal.Follow(dal.Required))
		require.ErrorIs(t, err, dal.ErrPending)
		require.ErrorContains(t, err, "later history")
		require.True(t, w.row(t, w.mysql, 1).Dirty)
	})
}

// TestOtherContractIsRefused: a process whose contract turns rows into other
// items neither joins a group that captures under this one, nor is there when
// it begins to.
func TestOtherContractIsRefused(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	op := w.operator(t)
	other := newMemoryWorld(t, faultstore.New())
	stranger := store.Registration{Process: "old", Host: "h", Epoch: store.FirstEpoch, Contract: "another"}
	_, err := w.mysql.Register(t.Context(), stranger)
	require.NoError(t, err)
	var refused *migrationctl.RefusedError
	require.ErrorAs(t, op.CaptureOn(t.Context(), migrationctl.Change{}), &refused)
	require.Equal(t, "contract", refused.Unmet[0].Guard)
	require.NoError(t, w.mysql.Deregister(t.Context(), "old"))

	// The same rows as other items: the last column has another attribute.
	c := *other.contract
	users := *c.Entities[0]
	users.Attributes = append([]transform.Attribute(nil), users.Attributes...)
	users.Attributes[len(users.Attributes)-1].Name += "2"
	c.Entities = append([]*transform.Entity{&users}, c.Entities[1:]...)
	require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
	_, err = migrationctl.Open(t.Context(), with{w.mysql, &c}, follows{w.dynamo, &c}, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "another contract")
	fleet, err := w.mysql.Registrations(t.Context())
	require.NoError(t, err)
	require.Empty(t, fleet)
	require.NoError(t, op.CaptureOff(t.Context(), migrationctl.Change{}))
}

// with and follows are stores that say they have another contract.
type with struct {
	migrationctl.MySQL
	contract *transform.Contract
}

func (w with) Contract() *transform.Contract { return w.contract }

type follows struct {
	migrationctl.DynamoDB
	contract *transform.Contract
}

func (f follows) Contract() *transform.Contract { return f.contract }

// TestUnconfirmedStep: a step that is made and not confirmed says so, and
// calling again waits again instead of saying done.
func TestUnconfirmedStep(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	op := w.operator(t)
	// A process that renews and never obeys: no real one does.
	renew := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			_, _ = w.mysql.Register(t.Context(), store.Registration{Process: "deaf", Epoch: store.FirstEpoch, Contract: w.contract.Digest()})
			select {
			case <-renew:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	require.Eventually(t, func() bool {
		fleet, err := w.mysql.Registrations(t.Context())
		return err == nil && len(fleet) == 1
	}, time.Second, time.Millisecond)
	for range 2 {
		var unconfirmed *migrationctl.UnconfirmedError
		require.ErrorAs(t, op.CaptureOn(t.Context(), migrationctl.Change{}), &unconfirmed)
		var refused *migrationctl.RefusedError
		require.False(t, errors.As(error(unconfirmed), &refused), "refused means that nothing changed")
	}
	close(renew)
	<-done
	require.NoError(t, w.mysql.Deregister(t.Context(), "deaf"))
	require.NoError(t, op.CaptureOn(t.Context(), migrationctl.Change{}))
}

// TestOptionFaultsAtOnce: every option that can't be is named.
func TestOptionFaultsAtOnce(t *testing.T) {
	w := newMemoryWorld(t, faultstore.New())
	_, err := migrationctl.NewOperator(w.mysql, w.dynamo, &migrationctl.Options{RelayWorkers: -1, RelayPoll: -1, Policy: 9})
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "RelayWorkers")
	require.ErrorContains(t, err, "RelayPoll")
	require.ErrorContains(t, err, "Policy")
}
