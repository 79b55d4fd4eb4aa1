package faultstore

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An own is a transaction that notes what was done to it.
type own struct {
	store.Joining
	did []string
}

func (o *own) Record(context.Context, store.At, []transform.Key) ([]store.KeyVersion, error) {
	o.did = append(o.did, "record")
	return []store.KeyVersion{{Version: 7}}, nil
}

func (o *own) Rows(_ context.Context, keys []transform.Key) ([]store.Row, error) {
	o.did = append(o.did, "rows")
	return []store.Row{{Key: keys[0], Live: true}}, nil
}

func (o *own) Commit(context.Context) error { o.did = append(o.did, "commit"); return nil }

func (o *own) Rollback() error { o.did = append(o.did, "rollback"); return nil }

// TestJoining holds what each effect does to a service's own transaction: what fails is
// rolled back, and nothing has committed but a Commit whose reply is lost.
func TestJoining(t *testing.T) {
	for _, c := range []struct {
		effect               Effect
		record, rows, commit []string // what is done
		ofCommit             store.Outcome
		atRecord, after      error
	}{
		{0, []string{"record"}, []string{"rows"}, []string{"commit"}, store.NoWrite, nil, nil},
		{Before, []string{"rollback"}, []string{"rollback"}, []string{"rollback"}, store.NotApplied, ErrInjected, nil},
		{Lost, []string{"rollback"}, []string{"rollback"}, []string{"rollback"}, store.Unknown, ErrInjected, nil},
		{After, []string{"record", "rollback"}, []string{"rows", "rollback"}, []string{"commit", "rollback"}, store.Unknown, ErrInjected, nil},
		{Crash, []string{"rollback"}, []string{"rollback"}, []string{"rollback"}, store.Unknown, ErrCrashed, ErrCrashed},
	} {
		t.Run(c.effect.String(), func(t *testing.T) {
			f, tx := newFixture(t), &own{}
			joining := f.Joining(tx)
			f.On(Between(0, 0), c.effect)
			written, err := joining.Record(t.Context(), bare, []transform.Key{f.key(1)})
			require.ErrorIs(t, err, c.atRecord)
			require.Equal(t, c.record, tx.did)
			require.Equal(t, Call{Role: Joined, Method: "Record", Keys: []transform.Key{f.key(1)}, Effect: c.effect}, f.Calls()[0])
			if err == nil {
				require.Equal(t, store.Version(7), written[0].Version)
			} else {
				require.Empty(t, written)
				require.Equal(t, store.NotApplied, store.OutcomeOf(err), "nobody commits it")
			}
			require.ErrorIs(t, f.put(1), c.after)

			f, tx = newFixture(t), &own{}
			f.On(Method("Rows"), c.effect)
			rows, err := f.Joining(tx).Rows(t.Context(), []transform.Key{f.key(1)})
			require.ErrorIs(t, err, c.atRecord)
			require.Equal(t, c.rows, tx.did)
			require.Equal(t, err == nil, len(rows) == 1)
			require.Equal(t, err != nil, store.OutcomeOf(err) == store.NotApplied)

			f, tx = newFixture(t), &own{}
			f.On(Method("Commit"), c.effect)
			err = f.Joining(tx).Commit(t.Context())
			require.ErrorIs(t, err, c.atRecord)
			require.Equal(t, c.commit, tx.did)
			if err != nil {
				require.Equal(t, c.ofCommit, store.OutcomeOf(err))
			}
			require.NoError(t, f.Joining(tx).Rollback())
			require.Equal(t, 1, f.Count(), "Rollback is no call")
		})
	}
}
