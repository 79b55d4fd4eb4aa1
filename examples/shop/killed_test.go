package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// placeEnv names the file that says where a process of the tests has its records: it
// serves the shop then, and runs no tests.
const placeEnv = "CROSSFADE_SHOP_PLACE"

const testSecret = "a secret of the tests"

// A placeOfChild is where such a process has its records, and its bank, which outlives it.
type placeOfChild struct {
	local.Place
	Till string // URL
}

// serveChild serves until somebody kills it.
func serveChild(path string) error {
	ctx := context.Background()
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var place placeOfChild
	if err := json.Unmarshal(text, &place); err != nil {
		return err
	}
	stores, err := place.Open()
	if err != nil {
		return err
	}
	ctl, err := migrationctl.Open(ctx, stores.MySQL, stores.Dynamo, &migrationctl.Options{Who: "a child"})
	if err != nil {
		return err
	}
	s, err := newShop(ctl, []byte(testSecret), bcrypt.MinCost)
	if err != nil {
		return err
	}
	s.bank = farTill{place.Till}
	return local.Serve(ctx, "127.0.0.1:0", newServer(s), func(address string) error {
		_, err := fmt.Println(address)
		return err
	})
}

// startChild starts a process that serves the shop of a place, and returns its address
// and what kills it.
func startChild(t *testing.T, place placeOfChild) (address string, kill func()) {
	text, err := json.Marshal(place)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "place.json")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), placeEnv+"="+path), os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	kill = sync.OnceFunc(func() {
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // it was killed
	})
	t.Cleanup(kill)
	address, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "it serves")
	return strings.TrimSpace(address), kill
}

// TestScenario02KilledUnderCheckout: whoever serves the shop is killed again and again while
// people buy, in each phase. Every order that was acknowledged is there, whole, none is
// half there, and the stock is what orders have left; each was paid once, and nothing else
// that has a key was; the stores end equal.
func TestScenario02KilledUnderCheckout(t *testing.T) {
	for _, phase := range everyPhase {
		t.Run(phase.String(), func(t *testing.T) {
			m := newMortal(t, engineOf(t, phase), phase, 12)
			for _, orders := range []int{5, 11, 17} {
				address, kill := startChild(t, m.place)
				m.buyUntilKilled(t, "http://"+address, orders, kill)
			}
			m.settled(t)
		})
	}
}

// engineOf returns the DynamoDB on which somebody is killed in a phase: the quick one, but
// the other where DynamoDB leads and MySQL follows. A phase may take a minute on that.
func engineOf(t *testing.T, phase dal.Phase) *engine.DynamoDB {
	if phase == dal.DynamoDBPrimary {
		return realEngines(t)[0]
	}
	return quickEngine(t)
}

// TestScenario02KilledBesideSteps: the same where whoever serves is killed while a step is
// under way to phase 4, or back to 3: the step is made all the same.
func TestScenario02KilledBesideSteps(t *testing.T) {
	m := newMortal(t, quickEngine(t), dal.Validate, 4) // more would outrun the follower for good
	underWay := 0
	for _, to := range []dal.Phase{dal.DynamoDBPrimary, dal.Validate, dal.DynamoDBPrimary, dal.Validate} {
		address, kill := startChild(t, m.place)
		made := make(chan struct{})
		var failed error
		m.buyUntilKilled(t, "http://"+address, 5, func() {
			go func() {
				defer close(made)
				failed = m.ctl.SetPhase(t.Context(), to, migrationctl.Change{Reason: "whoever serves is killed", Force: true})
			}()
			if m.goesTo(t.Context(), to, made) {
				underWay++
			}
			kill()
		})
		<-made
		require.NoError(t, failed)
		require.Equal(t, to, m.ctl.Router().Snapshot().Phase)
	}
	require.NotZero(t, underWay)
	m.settled(t)
}

// A mortal shop is served by processes that are killed.
type mortal struct {
	*demo
	ctl   *migrationctl.Controller
	place placeOfChild
	home  string // URL of the shop in this process
}

// newMortal opens one in a phase, with so many people, who have registered.
func newMortal(t *testing.T, e *engine.DynamoDB, phase dal.Phase, people int) mortal {
	site, ctl, err := open(t.Context(), &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, local.Shut(ctl)); require.NoError(t, site.Clear()) })
	s, err := newShop(ctl, []byte(testSecret), bcrypt.MinCost)
	require.NoError(t, err)
	d, err := newDemo(t.Context(), s, time.Second)
	require.NoError(t, err)
	home := httptest.NewServer(newServer(s))
	t.Cleanup(home.Close)
	till := httptest.NewServer(lend(d.till))
	t.Cleanup(till.Close)
	d.invite(people, http.DefaultClient, strings.TrimPrefix(home.URL, "http://"))
	for _, p := range d.people {
		p.register(t.Context())
		require.NotEmpty(t, p.token, p.failed)
	}
	paritytest.Go(t, ctl, phase)
	return mortal{d, ctl, placeOfChild{site.Place, till.URL}, home.URL}
}

// goesTo waits until a step to the phase is under way, or made, and reports whether it is
// not made yet.
func (m mortal) goesTo(ctx context.Context, to dal.Phase, made <-chan struct{}) bool {
	for {
		status, err := m.ctl.Status(ctx)
		select {
		case <-made:
			return false
		default:
		}
		if err == nil && status.Next == to {
			return true
		}
		time.Sleep(10 * time.Millisecond) // who looks all the time holds the step up
	}
}

// settled wants the stores to be alike, and the accounts to hold.
func (m mortal) settled(t *testing.T) {
	if m.ctl.Router().Snapshot().Phase.HasFollower() {
		_, err := m.ctl.Drain(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, local.Alike(t.Context(), m.ctl, t.Logf))
	}
	for _, p := range m.people {
		p.at, p.failed = m.home, nil
	}
	require.NoError(t, m.settle(t.Context(), t.Logf))
	keyed := 0
	for account := range m.till.held() {
		if strings.Contains(account, " "+keyOfDemo) {
			keyed++
		}
	}
	require.NotZero(t, keyed)
	require.Less(t, keyed, len(m.till.held()))
}

// buyUntilKilled lets everybody buy at an address, where the one who serves is killed
// once so many orders were acknowledged.
func (d *demo) buyUntilKilled(t *testing.T, at string, orders int, kill func()) {
	var bought atomic.Int64
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var all sync.WaitGroup
	for _, p := range d.people {
		p.at = at
		all.Go(func() {
			for ctx.Err() == nil {
				if p.buy(t.Context()) && bought.Add(1) == int64(orders) {
					kill() // the others are in the middle
					leave()
				}
			}
		})
	}
	all.Wait()
	require.GreaterOrEqual(t, bought.Load(), int64(orders))
}
