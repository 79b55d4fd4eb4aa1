package dynamostore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

func (d *desk) newAccount(name string) (string, error) {
	w, err := d.try(d.create(d.record(d.accounts, "name", name)))
	if err != nil {
		return "", err
	}
	return w.Rows[0].Key.ID, nil
}

// TestIDsAreGivenOnce over two processes, in blocks.
func TestIDsAreGivenOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		other := d.with(d.client, Options{})
		var wg sync.WaitGroup
		ids, errs := make([]string, 60), make([]error, 60)
		for i := range ids {
			process := []*desk{d, other}[i%2]
			wg.Go(func() { ids[i], errs[i] = process.newAccount(fmt.Sprint("n", i)) })
		}
		wg.Wait()
		seen := map[string]bool{}
		for i, id := range ids {
			require.NoError(t, errs[i])
			require.False(t, seen[id], id)
			seen[id] = true
			r := d.account(id, fmt.Sprint("n", i))
			d.holds(r)
		}
		last, err := d.LastID(d.ctx, d.accounts)
		require.NoError(t, err)
		require.EqualValues(t, 2*idBlock, last)
	})
}

// TestRaiseIDNeverGoesBack, and what this process had at hand is given up.
func TestRaiseIDNeverGoesBack(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		last, err := d.LastID(d.ctx, d.accounts)
		require.NoError(t, err)
		require.Zero(t, last)
		id, err := d.newAccount("a")
		require.NoError(t, err)
		require.Equal(t, "1", id)
		for _, to := range []int64{500, 300} {
			require.NoError(t, d.RaiseID(d.ctx, d.accounts, to))
			last, err = d.LastID(d.ctx, d.accounts)
			require.NoError(t, err)
			require.EqualValues(t, 500, last)
		}
		id, err = d.newAccount("b")
		require.NoError(t, err)
		require.Equal(t, "501", id)
		_, err = d.LastID(d.ctx, d.notes)
		require.ErrorIs(t, err, store.ErrInvalid)
		requireRefused(t, d.RaiseID(d.ctx, nil, 1), store.ErrInvalid, store.NotApplied)
	})
}

// TestBlockEndsWithTheEpoch: the other store has given ids meanwhile.
func TestBlockEndsWithTheEpoch(t *testing.T) {
	d := inProcess(t)
	_, err := d.newAccount("a")
	require.NoError(t, err)
	raiser := d.with(d.client, Options{}) // another process made the hand-off
	require.NoError(t, raiser.RaiseID(d.ctx, d.accounts, 1000))
	d.advance(func(p *store.PhaseRecord) { p.Epoch++ })
	id, err := d.newAccount("b")
	require.NoError(t, err)
	require.Equal(t, "1001", id)
}

// TestSequenceEndsWithTheColumn: the last ids are given, and none above.
func TestSequenceEndsWithTheColumn(t *testing.T) {
	d := inProcess(t)
	ticket := func() (string, error) {
		w, err := d.try(d.create(d.tickets.NewRecord()))
		if err != nil {
			return "", err
		}
		return w.Rows[0].Key.ID, nil
	}
	seen := map[string]bool{}
	for range 127 {
		id, err := ticket()
		require.NoError(t, err)
		require.False(t, seen[id])
		seen[id] = true
	}
	require.True(t, seen["127"])
	_, err := ticket()
	require.Equal(t, "id", requireRefused(t, err, store.ErrInvalid, store.NotApplied).Field)
	last, err := d.LastID(d.ctx, d.tickets)
	require.NoError(t, err)
	require.EqualValues(t, 127, last)
}

// TestTakenIDsAreLeftOut: some were brought along, one was deleted.
func TestTakenIDsAreLeftOut(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		d.write(d.create(d.account("1", "one")), d.create(d.account("2", "two")), d.create(d.account("4", "four")))
		d.write(d.remove(d.account("2", "two")))
		for _, want := range []string{"3", "5"} {
			id, err := d.newAccount("n" + want)
			require.NoError(t, err)
			require.Equal(t, want, id)
		}
		_, err := d.newAccount("four")
		requireRefused(t, err, store.ErrUnique, store.NotApplied)
	})
}

// TestLostBlockIsAGap, no id that is given twice.
func TestLostBlockIsAGap(t *testing.T) {
	d := inProcess(t)
	d.srv.Fault(dynamotest.OnOperation("UpdateItem").Nth(1).LoseReply())
	id, err := d.newAccount("a")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(idBlock+1), id)
}
