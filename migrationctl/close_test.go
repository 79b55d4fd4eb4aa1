package migrationctl_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A slowServer is a store in memory that has received a renewal of a registration and
// carries it out when it is released, whether or not its sender still waits for it.
type slowServer struct {
	*memstore.Store
	next chan *heldRenewal // takes hold of the next renewal that comes
}

// A heldRenewal is a renewal that the server has and has not carried out.
type heldRenewal struct{ received, release, done chan struct{} }

func newSlowServer(s *memstore.Store) slowServer { return slowServer{s, make(chan *heldRenewal, 1)} }

// hold makes the next renewal wait.
func (s slowServer) hold() *heldRenewal {
	h := &heldRenewal{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	s.next <- h
	return h
}

func (s slowServer) Register(ctx context.Context, r store.Registration) (store.PhaseRecord, error) {
	var held *heldRenewal
	select {
	case held = <-s.next:
	default:
		return s.Store.Register(ctx, r)
	}
	var record store.PhaseRecord
	var err error
	go func() {
		defer close(held.done)
		<-held.release
		record, err = s.Store.Register(context.WithoutCancel(ctx), r)
	}()
	close(held.received)
	select {
	case <-held.done:
		return record, err
	case <-ctx.Done():
		return store.PhaseRecord{}, &store.Error{Op: "register", Kind: store.ErrUnavailable, Outcome: store.Unknown, Cause: ctx.Err()}
	}
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
	for _, phase := range []store.Phase{store.MySQLOnly, store.Validate, store.DynamoDBPrimary, store.DynamoDBOnly} {
		t.Run(phase.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemoryWorld(t, faultstore.New())
				require.NoError(t, w.lead(t, phase).Close(context.Background()))
				server := slowServers(w, phase)
				p := w.open(t, nil)
				held := server.hold()
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
