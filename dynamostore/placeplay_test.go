package dynamostore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

var errDied = errors.New("the process died")

// A gate lets a process make one request at a time, when the play says so. Between
// two of them, and before an answer is seen, the process may die.
type gate struct {
	dynamostore.Client
	at     chan struct{} // the process is at a request
	next   chan string   // what becomes of it
	done   chan error    // the process has ended its work
	dead   bool
	spoils func(*dynamodb.TransactWriteItemsInput) // what a broken store does to its transactions
}

// The fates of a request.
const (
	passes     = "passes"
	neverSent  = "is never sent"
	unanswered = "gets no answer"
)

func through[I, O any](g *gate, call func(context.Context, I, ...func(*dynamodb.Options)) (O, error),
	ctx context.Context, in I, opts []func(*dynamodb.Options),
) (out O, err error) {
	if g.dead {
		return out, errDied
	}
	g.at <- struct{}{}
	fate := <-g.next
	g.dead = fate != passes
	if fate == neverSent {
		return out, errDied
	}
	out, err = call(ctx, in, opts...)
	if fate == unanswered {
		return out, errDied
	}
	return out, err
}

func (g *gate) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if g.spoils != nil {
		g.spoils(in)
	}
	return through(g, g.Client.TransactWriteItems, ctx, in, opts)
}

func (g *gate) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return through(g, g.Client.PutItem, ctx, in, opts)
}

func (g *gate) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return through(g, g.Client.BatchGetItem, ctx, in, opts)
}

// A play is a history of members in an authority in memory, which processes bring to
// DynamoDB, request by request, in an order that a seed decides.
type play struct {
	t         testing.TB
	ctx       context.Context
	r         *rand.Rand
	contract  *transform.Contract
	members   *transform.Entity
	authority *memstore.Store
	raw       *dynamodb.Client
	prefix    string
	opts      playOptions
	processes []*gate // nil: nothing under way
	log       []string
}

// playOptions say how a store is broken, if it is.
type playOptions struct {
	unique bool // the places are guarded as unique values too
	spoils func(*dynamodb.TransactWriteItemsInput)
	purges bool // stands of deleted records go away as soon as nothing is dirty
}

const (
	actors = 3
	stages = 3
)

func newPlay(t testing.TB, srv *dynamotest.Server, seed uint64, opts playOptions) *play {
	c := storetest.PlaceContract(t)
	members := c.Entity("Members")
	if !opts.unique {
		members.Unique = nil
	}
	p := &play{t: t, ctx: t.Context(), r: rand.New(rand.NewPCG(seed, seed)), contract: c, members: members, raw: srv.Client(),
		prefix: fmt.Sprintf("play%d-", seed), opts: opts, processes: make([]*gate, 2), authority: memstore.New(c, &memstore.Options{Name: "mysql"})}
	require.NoError(t, p.store(p.raw).Apply(p.ctx, nil, nil))
	t.Cleanup(func() { dropTables(p.raw, p.prefix, c) })
	require.NoError(t, p.authority.Init(p.ctx))
	from, err := p.authority.Phase(p.ctx)
	require.NoError(t, err)
	to := from
	to.Epoch, to.Capture, to.CaptureEpoch, to.Phase = to.Epoch+1, true, to.Epoch+1, store.DualWrite
	require.NoError(t, p.authority.Advance(p.ctx, from, to, store.AuditEntry{}))
	return p
}

func (p *play) store(client dynamostore.Client) *dynamostore.Store {
	s, err := dynamostore.New(client, p.contract, &dynamostore.Options{TablePrefix: p.prefix, RetryBudget: time.Nanosecond})
	require.NoError(p.t, err)
	return s
}

func (p *play) key(id int) transform.Key {
	key, err := p.members.KeyOf(id)
	require.NoError(p.t, err)
	return key
}

func (p *play) member(id int, place string) transform.Record {
	rec := p.members.NewRecord()
	require.NoError(p.t, rec.Set("member_id", transform.IntValue(int64(id))))
	require.NoError(p.t, rec.Set("email", transform.TextValue(place)))
	return rec
}

// now returns where each member is in the authority, "" for one that is not there.
func (p *play) now() []string {
	places := make([]string, actors)
	for id := range places {
		row, err := p.authority.Get(p.ctx, store.At{Captured: true}, p.key(id))
		require.NoError(p.t, err)
		if row.Live {
			v, _ := row.Record.Get("email")
			places[id] = v.Text()
		}
	}
	return places
}

// write makes a write of the authority: it moves, creates or deletes a member, who
// may exchange places with another one or take over that of a deleted one. Members whose
// places are unique exchange them as in MySQL, in three writes.
func (p *play) write() {
	places, id, to := p.now(), p.r.IntN(actors), fmt.Sprint("place", p.r.IntN(stages))
	put := func(id int, place string) store.Mutation {
		return store.Mutation{Op: store.Put, Key: p.key(id), Record: p.member(id, place)}
	}
	remove := func(id int) store.Mutation { return store.Mutation{Op: store.Delete, Key: p.key(id)} }
	other := slices.Index(places, to)
	switch {
	case places[id] != "" && p.r.IntN(4) == 0:
		p.commit(remove(id))
	case other < 0 || other == id:
		p.commit(put(id, to))
	case p.opts.unique && places[id] != "" && p.r.IntN(2) == 0:
		p.commit(put(id, "on the way"))
		p.commit(put(other, places[id]))
		p.commit(put(id, to))
	case !p.opts.unique && places[id] != "" && p.r.IntN(2) == 0:
		p.commit(put(id, to), put(other, places[id]))
	default:
		p.commit(remove(other), put(id, to))
	}
}

// commit makes one write.
func (p *play) commit(all ...store.Mutation) {
	record, err := p.authority.Phase(p.ctx)
	require.NoError(p.t, err)
	_, err = p.authority.Write(p.ctx, store.At{Epoch: record.Epoch, Captured: true}, store.Write{Mutations: all})
	require.NoError(p.t, err)
	p.note("write: %v", p.now())
}

func (p *play) note(format string, args ...any) { p.log = append(p.log, fmt.Sprintf(format, args...)) }

// dirty returns the authority's change records.
func (p *play) dirty() []store.Change {
	var all []store.Change
	for shard := range p.authority.Shards() {
		page, err := p.authority.Dirty(p.ctx, store.DirtyRange{Shard: shard, Limit: 100})
		require.NoError(p.t, err)
		all = append(all, page.Changes...)
	}
	return all
}

// start has a process begin to bring a dirty key over.
func (p *play) start(i int) {
	changes := p.dirty()
	if len(changes) == 0 {
		return
	}
	c := changes[p.r.IntN(len(changes))]
	g := &gate{Client: p.raw, at: make(chan struct{}), next: make(chan string), done: make(chan error, 1), spoils: p.opts.spoils}
	follower := p.store(g)
	p.processes[i] = g
	p.note("process %d begins with %s", i, c.Keys[0].Key.ID)
	go func() { g.done <- dal.NewRefresher(p.authority, follower, nil).Refresh(p.ctx, c) }()
	p.settle(i)
}

// settle waits until a process is at its next request, or at its end.
func (p *play) settle(i int) {
	select {
	case <-p.processes[i].at:
	case err := <-p.processes[i].done:
		p.note("process %d is done: %v", i, err)
		p.processes[i] = nil
	}
}

// step lets a process make its next request.
func (p *play) step(i int, fate string) {
	p.note("request of process %d %s", i, fate)
	p.processes[i].next <- fate
	p.settle(i)
}

// act does one thing of the play.
func (p *play) act() {
	i := p.r.IntN(len(p.processes))
	switch n := p.r.IntN(12); {
	case n == 0 && p.processes[i] != nil:
		p.step(i, []string{neverSent, unanswered}[p.r.IntN(2)])
	case n < 3:
		p.write()
	case p.processes[i] == nil:
		p.start(i)
	default:
		p.step(i, passes)
	}
	if p.opts.purges && len(p.dirty()) == 0 {
		p.purge()
	}
}

// items returns every live item, by its key's ID, with where it is.
func (p *play) items() map[string][]string {
	out, err := p.raw.Scan(p.ctx, &dynamodb.ScanInput{TableName: aws.String(p.prefix + "Members"), ConsistentRead: aws.Bool(true)})
	require.NoError(p.t, err)
	all := map[string][]string{}
	for _, it := range out.Items {
		id := it["_cf_k"].(*types.AttributeValueMemberS).Value
		all[id] = append(all[id], it["email"].(*types.AttributeValueMemberS).Value)
	}
	return all
}

// fault returns how what is there breaks the rules, "" if it does not: no key is live
// at two places, and what is clean is the same in both stores.
func (p *play) fault() string {
	items := p.items()
	for id, at := range items {
		if len(at) > 1 {
			return fmt.Sprintf("member %s is at %v", id, at)
		}
	}
	if len(p.dirty()) > 0 {
		return ""
	}
	s := p.store(p.raw)
	for id, place := range p.now() {
		var want []string
		if place != "" {
			want = []string{place}
		}
		if at := items[fmt.Sprint(id)]; !slices.Equal(at, want) {
			return fmt.Sprintf("member %d is at %v, in the authority at %v, and clean", id, at, want)
		}
		if row, err := s.Get(p.ctx, store.At{Captured: true}, p.key(id)); err != nil || row.Live != (place != "") {
			return fmt.Sprintf("member %d is not found by its key: %v", id, err)
		}
	}
	return ""
}

// finish lets the processes end, and brings over what is still dirty. It returns ""
// or what was wrong, which may be that there is no end.
func (p *play) finish() string {
	for i := range p.processes {
		for p.processes[i] != nil {
			p.step(i, passes)
			if fault := p.fault(); fault != "" {
				return fault
			}
		}
	}
	refresher := dal.NewRefresher(p.authority, p.store(p.raw), nil)
	for range 4 * actors {
		changes := p.dirty()
		if len(changes) == 0 {
			break
		}
		_ = refresher.Refresh(p.ctx, changes[p.r.IntN(len(changes))])
	}
	if len(p.dirty()) > 0 {
		return "what is dirty never gets clean"
	}
	return p.fault()
}

// run plays a history of n acts, and returns the fault that it came to, or "".
func (p *play) run(n int) string {
	for range n {
		p.act()
		if fault := p.fault(); fault != "" {
			p.abort()
			return fault
		}
	}
	fault := p.finish()
	p.abort()
	return fault
}

// abort ends the processes that are still there.
func (p *play) abort() {
	for i := range p.processes {
		if p.processes[i] != nil {
			p.step(i, neverSent)
		}
	}
}

// purge takes the stands of deleted records away, though a put may be under way.
func (p *play) purge() {
	table := aws.String(p.prefix + dynamostore.LibraryTable)
	out, err := p.raw.Scan(p.ctx, &dynamodb.ScanInput{TableName: table, ConsistentRead: aws.Bool(true)})
	require.NoError(p.t, err)
	for _, it := range out.Items {
		if isStand(it) && it["_cf_d"] != nil {
			_, err := p.raw.DeleteItem(p.ctx, &dynamodb.DeleteItemInput{TableName: table, Key: map[string]types.AttributeValue{"p": it["p"], "s": it["s"]}})
			require.NoError(p.t, err)
		}
	}
}

func isStand(it map[string]types.AttributeValue) bool {
	p, ok := it["p"].(*types.AttributeValueMemberS)
	return ok && strings.Contains(p.Value, "#stand#")
}
