package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A stand is a game in phase 4 after a few writes, with everything in place
// and nothing under way.
type stand struct {
	*game
	ctl *migrationctl.Controller
	d   *drive
	out *strings.Builder
}

func newStand(t *testing.T, e *engine.DynamoDB) *stand {
	s, in := newGround(t, e)
	require.NoError(t, s.prepare(t.Context(), in, silent))
	out := &strings.Builder{}
	g := &game{site: s, set: settings{workers: 2}, dir: t.TempDir(), out: out,
		say: func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }}
	require.NoError(t, beginBooks(g.dir, 2, in.all()))
	ctl, err := migrationctl.Open(t.Context(), s.MySQL, s.Dynamo, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closing(nil, ctl)) })
	users, err := dal.NewRepository[User](ctl, "Users")
	require.NoError(t, err)

	g.set.walks = 1
	d, err := g.drive(&still{})
	require.NoError(t, err)
	d.patience, d.say = 0, silent
	require.NoError(t, d.run(t.Context()))
	l := &load{plan: loadPlan{Workers: 2, Processes: 1, Seed: 1}, users: users, meter: &meter{}, keys: &keyring{}}
	book, err := openLedger(ledgerPath(g.dir, 0))
	require.NoError(t, err)
	defer book.close()
	w := newWorker(l, 0, book)
	for range 40 {
		require.NoError(t, w.step(t.Context()))
	}
	require.NoError(t, w.delete(t.Context()))
	require.Empty(t, append(l.meter.now.Wrong, l.meter.now.Failed...))
	d.stages[0].add(l.meter.now)
	d.stages = d.stages[:1]
	return &stand{g, ctl, d, out}
}

// still is traffic that does nothing.
type still struct{}

func (*still) sample() sample       { return sample{} }
func (*still) harms() harm          { return harm{} }
func (*still) meet()                {}
func (*still) failed() <-chan error { return nil }
func (*still) stop() error          { return nil }

// item reads an item as it is.
func (s *stand) item(t *testing.T, id int64) map[string]types.AttributeValue {
	out, err := s.Client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(s.tableName()), Key: itemKey(id), ConsistentRead: aws.Bool(true)})
	require.NoError(t, err)
	return out.Item
}

func (s *stand) put(t *testing.T, item map[string]types.AttributeValue) {
	_, err := s.Client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.tableName()), Item: item})
	require.NoError(t, err)
}

func (s *stand) exec(t *testing.T, statement string, args ...any) {
	_, err := s.DB.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err)
}

func itemKey(id int64) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"userId": &types.AttributeValueMemberN{Value: fmt.Sprint(id)}}
}

// grave returns a key whose user was deleted.
func (s *stand) grave(t *testing.T) int64 {
	b, err := readBooks(s.dir, 2)
	require.NoError(t, err)
	for _, id := range sortedIDs(b.accounts) {
		if b.accounts[id].now == nil && b.accounts[id].wrote {
			return id
		}
	}
	t.Fatal("nothing was deleted")
	return 0
}

// TestSettleFinds plants faults in the real stores, behind the library's back,
// and has the reckoning find each. Key 101 is alice's of the seed; it is odd,
// so the worker left it alone.
func TestSettleFinds(t *testing.T) {
	eachEngine(t, func(t *testing.T, e *engine.DynamoDB) {
		s := newStand(t, e)
		alice := s.item(t, 101)
		require.NoError(t, s.settle(t.Context(), s.ctl, s.d), s.out)
		require.Contains(t, s.out.String(), "all of it holds")

		change := func(name string, v types.AttributeValue) map[string]types.AttributeValue {
			item := map[string]types.AttributeValue{}
			for k, v := range alice {
				item[k] = v
			}
			item[name] = v
			return item
		}
		for _, c := range []struct {
			name        string
			plant, heal func()
			want        []string
		}{
			{"item lost", func() {
				_, err := s.Client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(s.tableName()), Key: itemKey(101)})
				require.NoError(t, err)
			}, func() { s.put(t, alice) }, []string{
				"acknowledged writes lost: user_id 101: DynamoDB has nothing",
				"row against item: user_id 101: there is a row and no item",
				"UsernameIndex that differ from MySQL's: user_id 101", "lookups answered otherwise",
				`by verify at the end +1 of .* FAILED`}},
			{"item of another profile", func() {
				s.put(t, change("profileData", &types.AttributeValueMemberM{}))
			}, func() { s.put(t, alice) }, []string{
				"lost: user_id 101: DynamoDB has another state than was acknowledged last: profile_data",
				"row and item differ in profile_data", `by verify at the end +1 of .* FAILED`}},
			{"item of another email", func() {
				s.put(t, change("email", &types.AttributeValueMemberS{Value: "x@example.com"}))
			}, func() { s.put(t, alice) }, []string{"emails in EmailIndex that differ from MySQL's: user_id 101"}},
			{"row changed", func() {
				s.exec(t, "UPDATE users SET last_login = '2024-03-10 09:30:01' WHERE user_id = 101")
			}, func() { s.exec(t, "UPDATE users SET last_login = '2024-03-10 09:30:00' WHERE user_id = 101") }, []string{
				"lost: user_id 101: MySQL has another state than was acknowledged last: last_login",
				"row and item differ in last_login", `by verify at the end +1 of .* FAILED`}},
			{"deleted key back in both", func() {
				id := s.grave(t)
				s.exec(t, "INSERT INTO users (user_id, username, email) VALUES (?, 'zombie', 'zombie@x')", id)
				s.put(t, map[string]types.AttributeValue{"userId": itemKey(id)["userId"],
					"username": &types.AttributeValueMemberS{Value: "zombie"}, "email": &types.AttributeValueMemberS{Value: "zombie@x"}})
			}, func() {}, []string{`deleted keys back: user_id \d+: MySQL has it`, `deleted keys back: user_id \d+: DynamoDB has it`}},
		} {
			s.out.Reset()
			c.plant()
			err := s.settle(t.Context(), s.ctl, s.d)
			require.Equal(t, exitFound, exitCode(err), c.name)
			for _, want := range c.want {
				require.Regexp(t, want, s.out.String(), c.name)
			}
			c.heal()
		}
	})
}

// TestObserved: what the load saw counts, whatever the stores hold in the end.
func TestObserved(t *testing.T) {
	busy := sample{Reads: []time.Duration{1}, Writes: []time.Duration{1}, Compared: 4}
	failing := func(change func(*stage)) string {
		s := &stage{Name: "3", sample: busy}
		change(s)
		names := ""
		for _, v := range observed(&drive{stages: []*stage{{Name: "1", sample: busy}, s}}) {
			if v.count() > 0 {
				names += v.What
			}
		}
		return names
	}
	require.Empty(t, failing(func(*stage) {}))
	require.Equal(t, "stages without load", failing(func(s *stage) { s.Writes = nil }))
	require.Equal(t, "answers that contradict a ledger", failing(func(s *stage) { s.Wrong = []string{"x"} }))
	require.Equal(t, "operations that failed", failing(func(s *stage) { s.Failed = []string{"x"} }))
	require.Equal(t, "mismatches of phase 3", failing(func(s *stage) { s.Mismatches = 1 }))
}
