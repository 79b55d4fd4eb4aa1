package dal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/fleet"
	"github.com/crossfade-go/crossfade/transform"
)

// A relayRule is how the relays of a play carry out marks and bring changes over.
type relayRule struct {
	carryOut func(context.Context, store.Authority, store.FanOut) error
	refresh  func(ctx context.Context, lead store.Authority, follower store.Follower, at store.At, c store.Change) error
}

func soundCopies() relayRule {
	carryOut := func(ctx context.Context, a store.Authority, f store.FanOut) error { return dal.CarryOut(ctx, a, f) }
	return relayRule{carryOut, func(ctx context.Context, lead store.Authority, follower store.Follower, at store.At, c store.Change) error {
		return dal.NewRefresher(lead, follower, func() uint64 { return at.Epoch }).Refresh(ctx, c)
	}}
}

// A copyPlay is a play of writers, relays that die, and requests that are late or lost, over
// sections 1 and 2, wares of them, and baskets of ware 1. alone says that DynamoDB leads and
// nobody follows; otherwise MySQL leads, and DynamoDB follows.
type copyPlay struct {
	*fleet.World
	contract      *transform.Contract
	mysql, dynamo *memstore.Store
	lead          *memstore.Store
	alone         bool
	at            store.At
	rule          relayRule
	narrow        bool // one name changes, to and fro, and nothing else does
	names         int
	broken        string // the first state in which a copy is old and nothing says so
}

// playCopies plays with a seed and returns what went wrong, "" for nothing.
func playCopies(t *testing.T, seed uint64, alone bool, rule relayRule) (wrong string) {
	synctest.Test(t, func(t *testing.T) {
		p := newCopyPlay(t, seed, alone, rule)
		p.Fate, p.Landed = p.fate, func(fleet.Call, error) { p.look(t) }
		for i := range 2 {
			p.writer(fmt.Sprint("writer", i))
			p.relay(fmt.Sprint("relay", i))
		}
		p.RunFor(1500 * time.Millisecond)
		p.End(nil)
		require.Empty(t, p.Ambiguous())
		p.finish(t)
		wrong = p.broken
	})
	return wrong
}

func newCopyPlay(t *testing.T, seed uint64, alone bool, rule relayRule) *copyPlay {
	return newCopyPlayOver(t, seed, alone, rule, fleet.Wire)
}

func newCopyPlayOver(t *testing.T, seed uint64, alone bool, rule relayRule, wire func(context.Context, func() error) error) *copyPlay {
	f := &fixture{contract: storetest.CopyContract(t), lease: new(store.Lease), now: time.Now}
	f.mysql = memstore.New(f.contract, &memstore.Options{Name: "mysql", Wire: wire})
	f.dynamo = memstore.New(f.contract, &memstore.Options{Name: "dynamodb", Leased: true, Wire: wire})
	p := &copyPlay{World: fleet.New(seed), narrow: seed%3 == 2, contract: f.contract, mysql: f.mysql, dynamo: f.dynamo, lead: f.mysql, alone: alone, rule: rule}
	phase := dal.DualWrite
	if alone {
		phase, p.lead = dal.DynamoDBOnly, f.dynamo
	}
	f.bring(t, phase)
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	p.at = store.At{Epoch: now.Epoch, Captured: !alone, Lease: now.Lease}
	for _, rec := range []transform.Record{p.section(1, "a"), p.section(2, "a"), p.ware(1, 1), p.ware(2, 2), p.basket(1)} {
		_, err := p.lead.Write(t.Context(), p.at, store.Write{Mutations: []store.Mutation{{Op: store.Create, Key: keyOf(t, rec), Record: rec}}})
		require.NoError(t, err)
	}
	p.finish(t)
	return p
}

func (p *copyPlay) record(entity string, columns ...any) transform.Record {
	rec := p.contract.Entity(entity).NewRecord()
	for i := 0; i < len(columns); i += 2 {
		v := transform.Value{}
		switch of := columns[i+1].(type) {
		case string:
			v = transform.TextValue(of)
		case int:
			v = transform.IntValue(int64(of))
		case bool:
			v = transform.BoolValue(of)
		}
		if err := rec.Set(columns[i].(string), v); err != nil {
			panic(err)
		}
	}
	return rec
}

func (p *copyPlay) section(id int, name string) transform.Record {
	return p.record("Sections", "section_id", id, "name", name)
}

func (p *copyPlay) ware(number, section int) transform.Record {
	return p.record("Wares", "shop", "s", "number", number, "name", "pen", "sold_out", false, "stock", 1, "section_id", section)
}

func (p *copyPlay) basket(line int) transform.Record {
	return p.record("Baskets", "basket_id", 1, "line", line, "shop", "s", "number", 1, "quantity", 1)
}

// fate delays some requests, and loses some.
func (p *copyPlay) fate(r *rand.Rand, c fleet.Call) fleet.Fate {
	switch {
	case c.Method == "Renew" && fleet.Chance(r, 5), c.Method == "Put" && fleet.Chance(r, 5):
		// What was read before them is old when they arrive.
		return fleet.Fate{Slow: time.Duration(r.IntN(300)) * time.Millisecond}
	case fleet.Chance(r, 10):
		return fleet.Fate{Slow: time.Duration(r.IntN(60)) * time.Millisecond}
	case fleet.Chance(r, 25):
		return fleet.Fate{NoReply: 10 * time.Millisecond, Late: time.Duration(1+r.IntN(150)) * time.Millisecond}
	case fleet.Chance(r, 50):
		return fleet.Fate{NoReply: 10 * time.Millisecond, Dropped: true}
	}
	return fleet.Fate{}
}

// writer changes records, one after the other.
func (p *copyPlay) writer(name string) {
	process := p.Process(name, 0)
	s, r := process.Store(p.lead), p.Rand(name)
	pause := 10 + r.IntN(150)
	process.Go("", func(ctx context.Context) {
		for ctx.Err() == nil {
			_, _ = s.Write(ctx, p.at, store.Write{Mutations: []store.Mutation{p.change(r)}})
			if process.Sleep(ctx, time.Duration(r.IntN(pause))*time.Millisecond) != nil {
				return
			}
		}
	})
}

// change is any change of a record.
func (p *copyPlay) change(r *rand.Rand) store.Mutation {
	set := func(rec transform.Record, column string, v transform.Value) store.Mutation {
		key, _ := rec.Key()
		return store.Mutation{Op: store.Update, Key: key, Modify: func(now transform.Record) error { return now.Set(column, v) }}
	}
	// Names come back, so that an old copy may look like a new one.
	name := transform.TextValue(string(rune('a' + r.IntN(2))))
	number := 1 + r.IntN(2)
	ware := p.ware(number, 1+r.IntN(2))
	key, _ := ware.Key()
	if p.narrow {
		return set(p.ware(1, 1), "name", name)
	}
	switch r.IntN(12) {
	case 0, 1, 2:
		return set(p.section(1+r.IntN(2), ""), "name", name)
	case 3, 4:
		return set(ware, "section_id", transform.IntValue(int64(1+r.IntN(2))))
	case 5, 6, 7, 8:
		return set(p.ware(1, 1), "name", name)
	case 9:
		return set(ware, "stock", transform.IntValue(int64(r.IntN(100))))
	case 10:
		if number == 1 {
			line := p.basket(1 + r.IntN(3))
			key, _ := line.Key()
			return store.Mutation{Op: store.Put, Key: key, Record: line}
		}
		return store.Mutation{Op: store.Delete, Key: key}
	}
	return store.Mutation{Op: store.Put, Key: key, Record: ware}
}

// relay carries out marks and brings changes over in two loops, dies now and then, and
// comes back as another process.
func (p *copyPlay) relay(name string) {
	process := p.Process(name, 0)
	lead, follower := process.Store(p.lead), process.Store(p.dynamo)
	pauses := p.Rand(name + " pauses")
	process.Go("marks", func(ctx context.Context) {
		for n := pauses.IntN(4); n%4 != 0 || process.Sleep(ctx, time.Duration(1+pauses.IntN(100))*time.Millisecond) == nil; n++ {
			if ctx.Err() != nil {
				return
			}
			page, err := lead.FanOuts(ctx, store.DirtyRange{Shard: n % p.lead.Shards(), Limit: 10})
			for i := 0; err == nil && i < len(page.Marks); i++ {
				err = p.rule.carryOut(ctx, lead, page.Marks[i])
			}
		}
	})
	if !p.alone {
		process.Go("changes", func(ctx context.Context) {
			for process.Sleep(ctx, 3*time.Millisecond) == nil {
				page, err := lead.Dirty(ctx, store.DirtyRange{Limit: 10})
				for i := 0; err == nil && i < len(page.Changes); i++ {
					err = p.rule.refresh(ctx, lead, follower, p.at, page.Changes[i])
				}
			}
		})
	}
	p.After(time.Duration(100+p.Rand(name).IntN(800))*time.Millisecond, name+" dies", func() {
		process.Crash(func(r *rand.Rand) fleet.Fate {
			return fleet.Fate{Dropped: fleet.Chance(r, 3), Late: time.Duration(r.IntN(100)) * time.Millisecond}
		})
		p.names++
		p.relay(fmt.Sprintf("%s.%d", name[:6], 10+p.names))
	})
}

// look requires of every record that nothing waits of: that its item is as the authority
// has it, and its copies are what it refers to.
func (p *copyPlay) look(t *testing.T) {
	if p.broken != "" {
		return
	}
	ctx := context.Background()
	waits := map[transform.Key]bool{}
	for shard := range p.lead.Shards() {
		marks, err := p.lead.FanOuts(ctx, store.DirtyRange{Shard: shard, Limit: 10_000})
		require.NoError(t, err)
		for _, f := range marks.Marks {
			for _, key := range slices.Concat(f.Sources, f.Own) {
				waits[key] = true
			}
		}
		changes, err := p.lead.Dirty(ctx, store.DirtyRange{Shard: shard, Limit: 10_000})
		require.NoError(t, err)
		for _, c := range changes.Changes {
			waits[c.Keys[0].Key] = true
		}
	}
	for _, entity := range p.contract.Entities {
		page, err := p.lead.Scan(ctx, store.At{Captured: true}, store.Range{Entity: entity, Limit: 10_000})
		require.NoError(t, err)
		rows, err := dal.WithCopies(ctx, p.lead, page.Rows...)
		require.NoError(t, err)
		for _, row := range rows {
			p.compare(t, row, waits)
		}
	}
}

// compare requires of a row with its copies that DynamoDB has it.
func (p *copyPlay) compare(t *testing.T, row store.Row, waits map[transform.Key]bool) {
	if waits[row.Key] || !row.Live {
		return
	}
	for _, h := range row.Record.Entity().Copies() {
		if to, refers := h.By().Key(row.Record); refers && waits[to] {
			return
		}
	}
	ctx := context.Background()
	there, err := p.dynamo.Get(ctx, store.At{Captured: true}, row.Key)
	require.NoError(t, err)
	copies, err := p.dynamo.Copies(ctx, []transform.Key{row.Key})
	require.NoError(t, err)
	if !there.Live || !there.Record.Equal(row.Record) {
		p.broken = fmt.Sprintf("%s is not as the authority has it", row.Key.ID)
		return
	}
	for _, h := range row.Record.Entity().Copies() {
		if got, want := copies[0].At(h.Column), row.Record.At(h.Column); got != want {
			p.broken = fmt.Sprintf("%s %s: %s is %q and not %q at %v", row.Key.Entity, row.Key.ID, row.Record.Entity().Columns[h.Column].Name, got.Text(), want.Text(), p.Elapsed())
		}
	}
}

// finish carries out and brings over what waits, and looks at all of it.
func (p *copyPlay) finish(t *testing.T) {
	for range 3 {
		p.carryOut(t, soundCopies())
	}
	b, err := p.lead.Backlog(context.Background())
	require.NoError(t, err)
	require.Zero(t, b)
	p.look(t)
}

// carryOut carries out and brings over what waits.
func (p *copyPlay) carryOut(t *testing.T, rule relayRule) {
	ctx := context.Background()
	for shard := range p.lead.Shards() {
		marks, err := p.lead.FanOuts(ctx, store.DirtyRange{Shard: shard, Limit: 10_000})
		require.NoError(t, err)
		for _, f := range marks.Marks {
			require.NoError(t, rule.carryOut(ctx, p.lead, f))
		}
		changes, err := p.lead.Dirty(ctx, store.DirtyRange{Shard: shard, Limit: 10_000})
		require.NoError(t, err)
		for _, c := range changes.Changes {
			require.NoError(t, rule.refresh(ctx, p.lead, p.dynamo, p.at, c))
		}
	}
}

// TestCopiesAnyOrder: in any order of steps, whatever is late, lost or dies: what nothing
// waits of has copies that are right, and in the end all have.
func TestCopiesAnyOrder(t *testing.T) {
	for name, alone := range map[string]bool{"mysql leads": false, "dynamodb alone": true} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(60) {
				require.Empty(t, playCopies(t, seed, alone, soundCopies()), "seed %d", seed)
			}
		})
	}
}
