package dynamostore_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestWritersMoveInAnyOrder: where DynamoDB leads, two processes move members, let
// them exchange places, delete them and take over from them, request by request in
// any order, and die anywhere. After each step each member that its stand says is live
// has one item, there, and no other item is left; and an acknowledged version stays.
func TestWritersMoveInAnyOrder(t *testing.T) {
	for _, unique := range []bool{true, false} {
		t.Run(fmt.Sprintf("unique %t", unique), func(t *testing.T) {
			srv := dynamotest.Start(t)
			for seed := range uint64(20) {
				l := newLead(t, srv, seed, playOptions{unique: unique})
				if fault := l.run(100); fault != "" {
					t.Fatalf("seed %d: %s\n%s", seed, fault, strings.Join(l.log, "\n"))
				}
			}
		})
	}
}

// A leadPlay is a play in which the processes write to DynamoDB.
type leadPlay struct {
	*play
	at    store.At
	acked chan store.Written
	known map[transform.Key]store.Version // acknowledged
}

func newLead(t testing.TB, srv *dynamotest.Server, seed uint64, opts playOptions) *leadPlay {
	l := &leadPlay{play: newPlay(t, srv, seed, opts), acked: make(chan store.Written, 2), known: map[transform.Key]store.Version{}}
	s := l.store(l.raw)
	require.NoError(t, s.Init(l.ctx))
	from, err := s.Phase(l.ctx)
	require.NoError(t, err)
	to := from
	to.State, to.Phase, to.Epoch, to.Capture = store.Open, store.DynamoDBPrimary, 1, true
	require.NoError(t, s.Advance(l.ctx, from, to, store.AuditEntry{}))
	l.at = store.At{Epoch: 1, Captured: true, Lease: &store.Lease{}}
	l.at.Lease.Extend(1, time.Now(), time.Hour)
	return l
}

// begin has a process begin a write.
func (l *leadPlay) begin(i int) {
	g := &gate{Client: l.raw, at: make(chan struct{}), next: make(chan string), done: make(chan error, 1), spoils: l.opts.spoils}
	s := l.store(g)
	w := l.anything()
	l.processes[i] = g
	go func() {
		done, err := s.Write(l.ctx, l.at, w)
		if err == nil {
			l.acked <- done
		}
		g.done <- err
	}()
	l.settle(i)
}

// anything is a write that may well be refused.
func (l *leadPlay) anything() store.Write {
	place := func() string { return fmt.Sprint("place", l.r.IntN(stages)) }
	id := l.r.IntN(actors)
	mutation := func(id int) store.Mutation {
		m := store.Mutation{Op: []store.Op{store.Create, store.Put, store.Update, store.Update, store.Delete}[l.r.IntN(5)], Key: l.key(id)}
		to := place()
		m.Record = l.member(id, to)
		m.Modify = func(rec transform.Record) error { return rec.Set("email", transform.TextValue(to)) }
		return m
	}
	w := store.Write{Mutations: []store.Mutation{mutation(id)}}
	if l.r.IntN(2) == 0 {
		w.Mutations = append(w.Mutations, mutation((id+1)%actors))
	}
	l.note("write: %s of %s", w.Mutations[0].Op, w.Mutations[0].Key.ID)
	return w
}

func (l *leadPlay) run(n int) string {
	for range n {
		i := l.r.IntN(len(l.processes))
		switch {
		case l.processes[i] == nil:
			l.begin(i)
		case l.r.IntN(12) == 0:
			l.step(i, []string{neverSent, unanswered}[l.r.IntN(2)])
		default:
			l.step(i, passes)
		}
		if fault := l.fault(); fault != "" {
			l.abort()
			return fault
		}
	}
	l.abort()
	return l.fault()
}

// fault compares the stands with the items, and with what was acknowledged.
func (l *leadPlay) fault() string {
	for len(l.acked) > 0 {
		for _, row := range (<-l.acked).Rows {
			l.known[row.Key] = max(l.known[row.Key], row.Version)
		}
	}
	items := l.items()
	out, err := l.raw.Scan(l.ctx, &dynamodb.ScanInput{TableName: aws.String(l.prefix + "crossfade"), ConsistentRead: aws.Bool(true)})
	require.NoError(l.t, err)
	for _, it := range out.Items {
		if !isStand(it) {
			continue
		}
		id := it["_cf_k"].(*types.AttributeValueMemberS).Value
		version, err := strconv.ParseUint(it["_cf_v"].(*types.AttributeValueMemberN).Value, 10, 64)
		require.NoError(l.t, err)
		var want []string
		if at, live := it["at"].(*types.AttributeValueMemberM); live {
			want = []string{at.Value["email"].(*types.AttributeValueMemberS).Value}
		}
		if fmt.Sprint(items[id]) != fmt.Sprint(want) {
			return fmt.Sprintf("the stand of member %s says %v, and its items are at %v", id, want, items[id])
		}
		key := transform.Key{Entity: "Members", ID: id}
		if uint64(l.known[key]) > version {
			return fmt.Sprintf("version %d of member %s was acknowledged, and %d is there", l.known[key], id, version)
		}
		delete(items, id)
	}
	if len(items) > 0 {
		return fmt.Sprintf("items without a stand: %v", items)
	}
	return ""
}
