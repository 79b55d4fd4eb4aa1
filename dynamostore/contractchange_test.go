package dynamostore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestGuardsOfAnotherContract: a unique declaration is about other columns in a new
// version of the contract, or is gone. What the guards of the old one say keeps no
// record from coming over: the holder that they name does not have the value.
func TestGuardsOfAnotherContract(t *testing.T) {
	d := inProcess(t)
	d.advance(func(p *store.PhaseRecord) { p.State, p.Phase, p.Epoch = store.GivenAway, store.DualWrite, 2 })
	for i, r := range []transform.Record{d.account("1", "x", "email", "y"), d.account("2", "z", "email", "w")} {
		applied, err := d.Put(d.ctx, store.At{}, store.Row{Key: d.keyOf(r), Live: true, Record: r, Version: store.Version(i + 1)})
		require.NoError(t, err)
		require.True(t, applied)
	}

	c, err := transform.Load(authorityText)
	require.NoError(t, err)
	accounts := c.Entity("Accounts")
	require.Equal(t, "name", columnNames(accounts, &accounts.Unique[0]))
	accounts.Unique[0].Columns = []int{accounts.ColumnIndex("email")}
	accounts.Unique = accounts.Unique[:1]
	s, err := New(d.client, c, &Options{TablePrefix: d.opts.TablePrefix})
	require.NoError(t, err)
	next := *d
	next.Store, next.contract, next.accounts = s, c, accounts

	mysql := memstore.New(c, &memstore.Options{Name: "mysql"})
	require.NoError(t, mysql.Init(d.ctx))
	from, err := mysql.Phase(d.ctx)
	require.NoError(t, err)
	to := from
	to.Epoch, to.Capture, to.CaptureEpoch, to.Phase = from.Epoch+1, true, from.Epoch+1, store.DualWrite
	require.NoError(t, mysql.Advance(d.ctx, from, to, store.AuditEntry{}))
	refresher := dal.NewRefresher(mysql, s, nil)
	bring := func(r transform.Record) {
		t.Helper()
		key := next.keyOf(r)
		_, err := mysql.Write(d.ctx, store.At{Epoch: to.Epoch, Captured: true}, store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: key, Record: r}}})
		require.NoError(t, err)
		require.NoError(t, refresher.RefreshKey(d.ctx, key))
	}
	// The first one's e-mail is what a guard says is the second one's name.
	bring(next.account("1", "x", "email", "z"))
	bring(next.account("3", "n", "email", "x"))
	bring(next.account("2", "z", "email", "w"))
	for n := range mysql.Shards() {
		page, err := mysql.Dirty(d.ctx, store.DirtyRange{Shard: n, Limit: 10})
		require.NoError(t, err)
		require.Empty(t, page.Changes)
	}
	require.Equal(t, "1", next.holders()["Accounts#name#=z"])
	require.Equal(t, "3", next.holders()["Accounts#name#=x"])
	next.mend(leftOnly(next.faults()))
}

// leftOnly returns faults of what is left, and those only.
func leftOnly(all []store.Fault) []store.Fault {
	var left []store.Fault
	for _, f := range all {
		if f.Wrong == store.LeftOver {
			left = append(left, f)
		}
	}
	return left
}
