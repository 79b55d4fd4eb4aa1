package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/fleet"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// rest lets everything that is late arrive, brings the group to a phase with a
// follower, and looks at what is there.
func (p *play) rest() {
	if p.stuck() {
		p.fault("the load or the operator has not come to its end")
		return
	}
	p.world.RunFor(maxLate + 3*time.Second)
	last := p.world.Process("last", 0)
	o := p.newOperator(last)
	var came error
	done := false
	last.Go("rest", func(ctx context.Context) { came = o.comeToRest(ctx); done = true })
	p.world.Run(func() bool { return done || p.stuck() })
	switch {
	case !done:
		p.fault("the group does not come to rest")
	case came != nil:
		p.fault("the group does not come to rest: %v", came)
	default:
		p.look()
	}
	p.forgetLost()
}

// comeToRest goes to the nearest phase with a follower and drains.
func (o *operatorActor) comeToRest(ctx context.Context) error {
	var err error
	for range 12 {
		if err = o.settle(ctx); err == nil {
			return nil
		}
		o.world.Note(o.process, "rest", "failed: "+err.Error())
		if err := o.process.Sleep(ctx, 3*time.Second); err != nil {
			return err
		}
	}
	return err
}

func (o *operatorActor) settle(ctx context.Context) error {
	why := migrationctl.Change{Reason: "rest"}
	r, err := o.Phase(ctx)
	if err != nil {
		return err
	}
	if r.State != store.Open {
		return errors.New("a hand-off is under way")
	}
	switch r.Phase {
	case store.MySQLOnly:
		if !r.Capture {
			if err := o.CaptureOn(ctx, why); err != nil {
				return err
			}
		}
		if err := o.SetPhase(ctx, store.DualWrite, why); err != nil {
			return err
		}
		err = o.Backfill(ctx, migrationctl.BackfillOptions{Workers: 1})
	case store.DualWrite:
		err = o.Backfill(ctx, migrationctl.BackfillOptions{Workers: 1})
	case store.DynamoDBOnly:
		if err := o.backfillReverse(ctx, r); err != nil {
			return err
		}
		err = o.SetPhase(ctx, store.DynamoDBPrimary, why)
	}
	if err != nil {
		return err
	}
	// Long enough for a look for strays, and for the relays.
	if err := o.process.Sleep(ctx, 7*time.Second); err != nil {
		return err
	}
	if _, err := o.Drain(ctx, nil); err != nil {
		return err
	}
	for _, s := range []*memstore.Store{o.play.mysql, o.play.dynamo} {
		if b, err := s.Backlog(ctx); err != nil || b.Dirty > 0 {
			return fmt.Errorf("%s: %d changes are not clean: %w", s.Name(), b.Dirty, err)
		}
	}
	return nil
}

// look compares what is there with what was promised. Nothing goes on any more.
func (p *play) look() {
	m, _ := p.mysql.Phase(context.Background())
	d, _ := p.dynamo.Phase(context.Background())
	if m.State == store.Open && d.State == store.Open {
		p.fault("both stores lead: mysql in %d, dynamodb in %d", m.Epoch, d.Epoch)
	}
	here, there := p.contents(p.mysql), p.contents(p.dynamo)
	for _, id := range slices.Sorted(maps.Keys(here)) {
		if here[id] != there[id] {
			p.fault("the stores differ at rest: key %d is %v in mysql, %v in dynamodb", id, here[id], there[id])
			p.blame(strconv.FormatInt(id, 10))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(there)) {
		if _, ok := here[id]; !ok {
			p.fault("key %d is only in dynamodb: %v", id, there[id])
			p.blame(strconv.FormatInt(id, 10))
		}
	}
	p.lookAtPairs(here)
	p.lookAtNames(here)
	now := p.world.Elapsed()
	for _, key := range p.history.Keys() {
		id, _ := strconv.ParseInt(key, 10, 64)
		o := fleet.Operation{Client: "rest", Key: key, Verb: fleet.Get, Answer: fleet.Done, Call: now, Return: now}
		if u, ok := here[id]; ok {
			o.Value = u.value
		}
		p.history.Add(o)
	}
}

func (p *play) lookAtPairs(all map[int64]content) {
	if a, b := all[pairs[0]].value, all[pairs[1]].value; a != b {
		p.fault("half of a transaction is there: %v at key %d, %v at key %d", a, pairs[0], b, pairs[1])
		p.blame("21")
		p.blame("22")
	}
}

func (p *play) lookAtNames(all map[int64]content) {
	holder := map[string]int64{}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if other, taken := holder[all[id].username]; taken {
			p.fault("keys %d and %d both have the name %s", other, id, all[id].username)
			p.blame(strconv.FormatInt(id, 10))
		}
		holder[all[id].username] = id
	}
}

// A content is what matters of a record.
type content struct {
	value    fleet.Value
	username string
}

// contents returns all live records of a store.
func (p *play) contents(s *memstore.Store) map[int64]content {
	all := map[int64]content{}
	after := ""
	for {
		page, err := s.Scan(context.Background(), store.At{Captured: true}, store.Range{Entity: p.contract.Entity("Users"), After: after, Limit: 500})
		if err != nil {
			p.fault("%s can't be read at rest: %v", s.Name(), err)
			return all
		}
		for _, row := range page.Rows {
			var u User
			if !row.Live {
				continue
			}
			if err := p.users.Into(row.Record, &u); err != nil {
				p.fault("%s: %v", s.Name(), err)
			}
			all[u.ID] = content{valueOf(u), u.Username}
		}
		if after = page.Next; after == "" {
			return all
		}
	}
}

// forgetLost takes out of the history what was seen in a DynamoDB that was given
// up: what was not in MySQL yet may be gone, and only writes were promised to
// last, those that the follower had.
func (p *play) forgetLost() {
	at := time.Duration(p.abandoned.Load())
	if at == 0 {
		return
	}
	p.history.Keep(func(o fleet.Operation) bool {
		told := o.Verb == fleet.Get || o.Answer == fleet.Exists || o.Answer == fleet.NotFound
		return o.Call >= at || !told
	})
}
