package migrationctl_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A slowServer is a store in memory that has received a renewal, of a registration or of a
// lease, and carries it out when it is released, whether or not its sender still waits.
type slowServer struct {
	*memstore.Store
	next map[string]chan *heldRenewal // takes hold of the next one that comes, by method
}

// A heldRenewal is a renewal that the server has and has not carried out.
type heldRenewal struct{ received, release, done chan struct{} }

func newSlowServer(s *memstore.Store) slowServer {
	return slowServer{s, map[string]chan *heldRenewal{"Register": make(chan *heldRenewal, 1), "Grant": make(chan *heldRenewal, 1)}}
}

// hold makes the next renewal by a method wait.
func (s slowServer) hold(method string) *heldRenewal {
	h := &heldRenewal{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	s.next[method] <- h
	return h
}

// carryOut does what was asked for, at once or when it is released.
func (s slowServer) carryOut(ctx context.Context, method string, do func(context.Context) error) error {
	var held *heldRenewal
	select {
	case held = <-s.next[method]:
	default:
		return do(ctx)
	}
	var err error
	go func() {
		defer close(held.done)
		<-held.release
		err = do(context.WithoutCancel(ctx))
	}()
	close(held.received)
	select {
	case <-held.done:
		return err
	case <-ctx.Done():
		return &store.Error{Op: "renew", Kind: store.ErrUnavailable, Outcome: store.Unknown, Cause: ctx.Err()}
	}
}

func (s slowServer) Register(ctx context.Context, r store.Registration) (record store.PhaseRecord, err error) {
	var late store.PhaseRecord
	err = s.carryOut(ctx, "Register", func(ctx context.Context) (err error) {
		late, err = s.Store.Register(ctx, r)
		return err
	})
	if err == nil {
		record = late // which may still be written where nobody waits for it
	}
	return record, err
}

func (s slowServer) Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error {
	return s.carryOut(ctx, "Grant", func(ctx context.Context) error { return s.Store.Grant(ctx, process, epoch, d) })
}

// slowServers are the stores of a world, of which the one that leads in the phase is
// slow on demand.
func slowServers(w *world, phase store.Phase) slowServer {
	if phase.DynamoDBLeads() {
		s := newSlowServer(w.dynamo.(picky).Store)
		w.dynamo = s
		return s
	}
	s := newSlowServer(w.mysql.(*memstore.Store))
	w.mysql = s
	return s
}

// TestCloseWaitsForARenewal: what a process has sent to stay in the fleet is carried out
// before what takes it out. Otherwise the others would see for a while a process that
// has ended, perhaps with a contract that is no longer rolled out.
func TestCloseWaitsForARenewal(t *testing.T) {
	for _, c := range []struct {
		phase  store.Phase
		method string
	}{
		{store.MySQLOnly, "Register"}, {store.Validate, "Register"}, {store.DynamoDBPrimary, "Register"}, {store.DynamoDBOnly, "Register"},
		{store.DynamoDBPrimary, "Grant"}, {store.DynamoDBOnly, "Grant"},
	} {
		t.Run(c.phase.String()+", "+c.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				require.NoError(t, w.lead(t, c.phase).Close(context.Background()))
				server := slowServers(w, c.phase)
				p := w.open(t, nil)
				held := server.hold(c.method)
				<-held.received
				closed := make(chan error, 1)
				go func() { closed <- p.Close(context.Background()) }()
				synctest.Wait()
				close(held.release)
				<-held.done
				require.NoError(t, <-closed)
				synctest.Wait()
				fleet, err := server.Registrations(t.Context())
				require.NoError(t, err)
				require.Empty(t, fleet, "who has left is not in the fleet")
				leases, err := server.Granted(t.Context())
				require.NoError(t, err)
				require.Empty(t, leases, "and holds no lease")
			})
		})
	}
}

// TestLeftForGood: a step that a Controller makes after Close, when it has no process in
// the fleet any more, does not put one there.
func TestLeftForGood(t *testing.T) {
	for _, phase := range []store.Phase{store.Validate, store.DynamoDBPrimary} {
		synctest.Test(t, func(t *testing.T) {
			w := newMemoryWorld(t, faultstore.New())
			p := w.lead(t, phase)
			require.NoError(t, p.Close(context.Background()))
			require.NoError(t, p.SetPhase(t.Context(), phase, migrationctl.Change{}))
			leader := store.Control(w.mysql)
			if phase.DynamoDBLeads() {
				leader = w.dynamo
			}
			fleet, err := leader.Registrations(t.Context())
			require.NoError(t, err)
			require.Empty(t, fleet)
			leases, err := w.dynamo.Granted(t.Context())
			require.NoError(t, err)
			require.Empty(t, leases)
		})
	}
}
