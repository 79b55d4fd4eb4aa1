package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// named asks for the accounts with a name.
func (d *desk) named(name string) ([]store.Row, error) {
	return d.Query(d.ctx, d.at, store.Query{Entity: d.accounts, Index: "NameIndex", Equal: transform.TextValue(name), Limit: 10})
}

// wantNamed requires that these accounts have the name, by their records.
func (d *desk) wantNamed(name string, want ...transform.Record) {
	d.Helper()
	rows, err := d.named(name)
	require.NoError(d, err)
	require.Len(d, rows, len(want), name)
	for i, r := range want {
		require.Equal(d, store.Row{Key: d.keyOf(r), Live: true, Record: r}, rows[i], "rows of a query carry no version")
	}
}

// guardOf returns the key of a name's guard.
func (d *desk) guardOf(name string) item {
	return libraryKey(d.guardName("Accounts", &d.accounts.Unique[0], name), alone)
}

// TestLeftGuardsMisleadNobody: a guard that is missing, names a record that has another
// value, or is nobody's, is as none; the record that has the value is found by the index,
// and one that does not is not, whatever the index shows.
func TestLeftGuardsMisleadNobody(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		ann, bob := d.account("1", "ann"), d.account("2", "bob")
		d.write(d.create(ann))
		d.write(d.create(bob))
		foreign := func(key, write string) item {
			it := d.guardOf("ann")
			it[attrEntity], it[attrKey] = text("Accounts"), text(key)
			if write != "" {
				it[attrWrite] = text(write)
			}
			return it
		}
		for what, guard := range map[string]item{
			"missing": nil, "another's": foreign("2", "w"), "of no record": foreign("9", "w"), "unsigned": foreign("2", ""), "of no key": foreign("x", "w"),
			"nobody's": libraryKey(scalarText(d.guardOf("ann")[libraryPK]), alone),
		} {
			t.Run(what, func(t *testing.T) {
				d.rawDelete(d.guardOf("ann"))
				if guard != nil {
					require.NoError(t, d.rawPut(d.library, guard))
				}
				d.wantNamed("ann", ann)
				d.wantNamed("bob", bob)
			})
		}
		d.rawDelete(d.guardOf("ann"))
		d.write(d.update(ann, "name", "anna"))
		d.wantNamed("ann")
		d.set(ann, "name", "anna")
		d.wantNamed("anna", ann)
	})
}

// TestIndexThatShowsWhatIsGone: where no guard is, or a left one, who has given a value up
// is not told to have it, and one that is still there is told as it is now.
func TestIndexThatShowsWhatIsGone(t *testing.T) {
	d := inProcess(t)
	ann, bob, cid := d.account("1", "ann"), d.account("2", "bob"), d.account("3", "cid")
	d.write(d.create(ann))
	d.write(d.create(bob))
	d.write(d.create(cid))
	d.srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
	d.write(d.update(ann, "name", "anna"))
	d.wantNamed("ann")
	d.write(d.remove(bob))
	d.wantNamed("bob")
	d.rawDelete(d.guardOf("cid"))
	d.write(d.update(cid, "count", "7"))
	d.set(cid, "count", "7")
	d.rawDelete(d.guardOf("cid"))
	d.wantNamed("cid", cid)
}

// An afterRead client calls do after each read of an item of a table.
type afterRead struct {
	Client
	table string
	do    func()
}

func (c *afterRead) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out, err := c.Client.GetItem(ctx, in, o...)
	if *in.TableName == c.table {
		c.do()
	}
	return out, err
}

// TestValueChangesHandsBetweenTwoReads: who has the value after the guard was read is
// found, or told to be nobody, and one that never stays anywhere is a conflict.
func TestValueChangesHandsBetweenTwoReads(t *testing.T) {
	d := inProcess(t)
	d.srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
	ann, bob := d.account("1", "ann"), d.account("2", "bob")
	d.write(d.create(ann))
	d.write(d.create(bob))
	hook := &afterRead{Client: d.client, table: d.library.table}
	reader := d.with(hook, Options{})
	once := func(do func()) {
		hook.do = func() { hook.do = func() {}; do() }
	}
	exchange := func() {
		d.write(d.update(ann, "name", "spare"), d.update(bob, "name", "ann"))
		d.write(d.update(ann, "name", "bob"))
		ann, bob = d.account("2", "ann"), d.account("1", "bob")
	}
	once(exchange)
	reader.wantNamed("ann", d.account("2", "ann"))
	once(func() { d.write(d.update(ann, "name", "anna")) })
	reader.wantNamed("ann")
	once(func() { d.write(d.remove(bob)) })
	reader.wantNamed("bob")
	d.write(d.create(bob))
	once(func() { d.write(d.remove(bob)); d.write(d.create(d.account("3", "bob"))) })
	reader.wantNamed("bob", d.account("3", "bob"))

	d.write(d.update(ann, "name", "ann"))
	looks := 0
	hook.do = func() {
		looks++
		from, to := "2", "3"
		if looks%2 == 0 {
			from, to = to, from
		}
		d.write(d.update(d.account(from, ""), "name", fmt.Sprint("spare", looks)), d.update(d.account(to, ""), "name", "ann"))
	}
	_, err := reader.named("ann")
	requireRefused(t, err, store.ErrConflict, store.NoWrite)
	require.Equal(t, maxLooks, looks)
}

// TestValueGivenUpAndTakenAgain: a guard that is the same record's as before, by another
// write, was not left behind.
func TestValueGivenUpAndTakenAgain(t *testing.T) {
	d := inProcess(t)
	d.srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
	ann := d.account("1", "ann")
	d.write(d.create(ann))
	// Each guard is read before the value is given up, and each record after.
	times := 4 * maxSame
	giveUp := &afterRead{Client: d.client, table: d.library.table, do: func() {
		if times--; times > 0 {
			d.write(d.update(ann, "name", "anna"))
		}
	}}
	takeAgain := &afterRead{Client: giveUp, table: d.places["Accounts"].table, do: func() {
		if times > 0 {
			d.write(d.update(ann, "name", "ann"))
		}
	}}
	reader := d.with(takeAgain, Options{})
	reader.wantNamed("ann", ann)
}

// TestValuesPassedOnBesideReaders: two values that change hands all the while, in one
// write each time, are always found, by one record each.
func TestValuesPassedOnBesideReaders(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		if d.srv != nil {
			d.srv.Fault(dynamotest.OnAny().IndexLag(dynamotest.Forever))
		}
		d.write(d.create(d.account("1", "ann")), d.create(d.account("2", "spare 2")))
		d.write(d.create(d.account("3", "bob")), d.create(d.account("4", "spare 4")))
		errNot := errors.New("the value is the other one's")
		// pass gives a value to the other one of two records.
		pass := func(name, from, to string) error {
			rename := func(id string, change func(transform.Record) (string, error)) store.Mutation {
				return store.Mutation{Op: store.Update, Key: d.keyOf(d.account(id, "")), Modify: func(r transform.Record) error {
					name, err := change(r)
					if err != nil {
						return err
					}
					return r.Set("name", transform.TextValue(name))
				}}
			}
			_, err := d.try(rename(from, func(r transform.Record) (string, error) {
				if r.At(1).Text() != name {
					return "", errNot
				}
				return "spare " + from, nil
			}), rename(to, func(transform.Record) (string, error) { return name, nil }))
			return err
		}
		const writers, each = 4, 15
		var (
			wg, readers sync.WaitGroup
			done        atomic.Bool
			errs        = make([]error, writers+2)
		)
		for i := range writers {
			wg.Go(func() {
				name, pair := "ann", []string{"1", "2"}
				if i%2 == 1 {
					name, pair = "bob", []string{"3", "4"}
				}
				for n := 0; n < each; {
					err := pass(name, pair[0], pair[1])
					switch {
					case err == nil:
						n++
					case errors.Is(err, errNot):
						slices.Reverse(pair)
					case !errors.Is(err, store.ErrConflict):
						errs[i] = err
						return
					}
				}
			})
		}
		for i, name := range []string{"ann", "bob"} {
			readers.Go(func() {
				for last := false; !last && errs[writers+i] == nil; {
					last = done.Load()
					rows, err := d.named(name)
					if err == nil && (len(rows) != 1 || rows[0].Record.At(1).Text() != name) {
						err = fmt.Errorf("%d records have the name", len(rows))
					}
					errs[writers+i] = err
				}
			})
		}
		wg.Wait()
		done.Store(true)
		readers.Wait()
		require.NoError(t, errors.Join(errs...))
	})
}

// TestWhichQueriesAskTheGuard: those that give all columns of a unique and no others.
func TestWhichQueriesAskTheGuard(t *testing.T) {
	srv := dynamotest.Start(t)
	d := newDeskOf(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}), storetest.LoginContract(t))
	e := d.contract.Entity("Logins")
	of := func(index string, equal transform.Value, bounds ...*store.Bound) store.Query {
		q := store.Query{Entity: e, Index: index, Equal: equal, Limit: 1}
		if bounds != nil {
			q.Lower, q.Upper = bounds[0], bounds[1]
		}
		return q
	}
	at := func(n int64) *store.Bound { return &store.Bound{Value: transform.IntValue(n)} }
	above := &store.Bound{Value: transform.IntValue(1), Exclusive: true}
	a := transform.TextValue("a")
	for _, c := range []struct {
		name  string
		q     store.Query
		calls string
	}{
		{"a folded value", of("NameIndex", transform.TextValue("0E33")), "GetItem Query"},
		{"its form", of("FormIndex", a), "GetItem Query"},
		{"its form, between", of("FormIndex", a, at(1), at(2)), "GetItem Query"},
		{"nothing", of("FormIndex", a, at(2), at(1)), ""},
		{"nothing at a bound", of("FormIndex", a, above, at(1)), ""},
		{"both columns", of("SpotIndex", a, at(1), at(1)), "GetItem Query"},
		{"one column", of("SpotIndex", a), "Query"},
		{"a range", of("SpotIndex", a, at(1), at(2)), "Query"},
		{"open", of("SpotIndex", a, at(1), nil), "Query"},
		{"both in one", of("PlaceIndex", transform.TextValue("a#1")), "GetItem Query"},
		{"one that no record shows", of("PlaceIndex", transform.TextValue("a")), "Query"},
		{"the table's own key", store.Query{Entity: e, Equal: transform.IntValue(1), Limit: 1}, "Query"},
	} {
		before := len(srv.Requests())
		rows, err := d.Query(d.ctx, d.at, c.q)
		require.NoError(t, err, c.name)
		require.Empty(t, rows, c.name)
		var calls []string
		for _, r := range srv.Requests()[before:] {
			calls = append(calls, r.Operation)
		}
		require.Equal(t, c.calls, strings.Join(calls, " "), c.name)
	}
}
