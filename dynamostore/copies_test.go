package dynamostore

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A shelf is a desk of a contract with copies.
type shelf struct{ *desk }

// newShelf returns one in process. Where wares move, the key of a ware's item is made of
// its name.
func newShelf(t *testing.T, moves bool) *shelf {
	srv := dynamotest.Start(t)
	c := storetest.CopyContract(t)
	if moves {
		data, err := os.ReadFile("../dal/storetest/testdata/copies.json")
		require.NoError(t, err)
		c, err = transform.Load([]byte(strings.NewReplacer(`"source_table": "wares", "pk": "shop", "sk": "number"`, `"source_table": "wares", "pk": "shop", "sk": "name"`,
			`"primary_key": ["shop", "number"],`, `"primary_key": ["shop", "number"], "unique": [{"name": "place", "columns": ["shop", "name"]}],`).Replace(string(data))))
		require.NoError(t, err)
		require.True(t, c.Entity("Wares").Moves())
	}
	d := newDeskOf(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}), c)
	d.srv = srv
	return &shelf{d}
}

// eachShelf runs the test on each engine.
func eachShelf(t *testing.T, test func(t *testing.T, d *shelf)) {
	if testing.Short() {
		test(t, newShelf(t, false))
		return
	}
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		test(t, &shelf{deskOf(t, client, emptyStore(t, client, storetest.CopyContract(t)))})
	})
}

func (d *shelf) section(id int, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Sections"), append([]string{"section_id", strconv.Itoa(id), "name", "section" + strconv.Itoa(id)}, changes...)...)
}

func (d *shelf) ware(number int, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Wares"), append([]string{"shop", "s", "number", strconv.Itoa(number),
		"name", "ware" + strconv.Itoa(number), "sold_out", "0", "stock", "5"}, changes...)...)
}

func (d *shelf) line(basket, ware int, changes ...string) transform.Record {
	return d.record(d.contract.Entity("Baskets"), append([]string{"basket_id", strconv.Itoa(basket), "line", "1", "shop", "s",
		"number", strconv.Itoa(ware), "quantity", "1"}, changes...)...)
}

// marks returns the fan-out marks of all shards, in pages of one.
func (d *shelf) marks() []store.FanOut {
	d.Helper()
	var all []store.FanOut
	for n := range d.Shards() {
		for r := (store.DirtyRange{Shard: n, Limit: 1}); ; {
			page, err := d.FanOuts(d.ctx, r)
			require.NoError(d, err)
			require.LessOrEqual(d, len(page.Marks), 1)
			all = append(all, page.Marks...)
			if r.After = page.Next; r.After == "" {
				break
			}
		}
	}
	b, err := d.Backlog(d.ctx)
	require.NoError(d, err)
	require.EqualValues(d, len(all), b.FanOuts)
	return all
}

// carryOut carries out every mark.
func (d *shelf) carryOut() {
	d.Helper()
	for _, f := range d.marks() {
		require.NoError(d, dal.CarryOut(d.ctx, d.Store, f))
	}
	require.Empty(d, d.marks())
}

// told carries out every mark, and returns what they say.
func (d *shelf) told() string {
	d.Helper()
	var all []string
	for _, f := range d.marks() {
		for _, key := range f.Sources {
			all = append(all, "source "+key.Entity+" "+key.ID)
		}
		for _, key := range f.Own {
			all = append(all, "own "+key.Entity+" "+key.ID)
		}
	}
	d.carryOut()
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// shows requires what a record's item shows of others, as "column=text"; nobody where nothing
// is.
func (d *shelf) shows(r transform.Record, want ...string) {
	d.Helper()
	all, err := d.Copies(d.ctx, []transform.Key{d.keyOf(r)})
	require.NoError(d, err)
	require.Equal(d, append([]string{}, want...), copyTexts(all[0]))
}

// nobody is what shows where no record is.
const nobody = "nobody"

func copyTexts(r transform.Record) []string {
	if r.IsZero() {
		return []string{nobody}
	}
	all := []string{}
	for i, c := range r.Entity().Columns {
		if !r.At(i).IsNull() {
			all = append(all, c.Name+"="+r.At(i).Text())
		}
	}
	return all
}

// itemOf reads the item of a record, wherever it is.
func (d *shelf) itemOf(r transform.Record) item {
	d.Helper()
	items, _, err := d.lookUp(d.ctx, "test", []*edit{d.where(r)}, false, "")
	require.NoError(d, err)
	return items[0]
}

// TestWritesLeaveFanOutMarks: a mark says whose copies may be old, captured or not, and
// what needs none leaves none.
func TestWritesLeaveFanOutMarks(t *testing.T) {
	for _, captured := range []bool{true, false} {
		t.Run(fmt.Sprintf("captured %t", captured), func(t *testing.T) {
			eachShelf(t, func(t *testing.T, d *shelf) {
				d = &shelf{d.desk}
				d.T = t
				if !captured {
					d = &shelf{d.bare()}
				}
				step := func(want string, m ...store.Mutation) {
					t.Helper()
					d.write(m...)
					require.Equal(t, want, d.told())
				}
				ware, line := d.ware(1), d.line(1, 1)
				id := func(r transform.Record) string { return d.keyOf(r).Entity + " " + d.keyOf(r).ID }
				step("own "+id(d.section(1)), d.create(d.section(1)))
				step("own "+id(ware), d.create(d.ware(1, "section_id", "1")))
				step("own "+id(line), d.create(line))
				step("", d.update(ware, "stock", "4"))
				step("source "+id(ware), d.update(ware, "name", "pen"))
				step("source "+id(ware), d.update(ware, "price", "1.50"))
				step("", d.update(line, "quantity", "2"))
				d.shows(line, "ware_name=pen", "ware_price=1.50", "sold_out=0")
				step("own "+id(ware), d.replace(d.ware(1, "name", "pen", "price", "1.50", "section_id", "1")))
				step("own "+id(ware)+", source "+id(ware), d.replace(d.ware(1, "name", "ink", "section_id", "1")))
				step("own "+id(line), d.replace(line))
				step("own "+id(d.ware(2)), d.create(d.ware(2)))
				step("own "+id(line), d.update(line, "number", "2"))
				d.shows(line, "ware_name=ware2", "sold_out=0")
				step("own "+id(line), d.update(line, "number", "NULL"))
				d.shows(line)
				step("own "+id(ware), d.remove(d.section(1))) // which is set to NULL along
				d.shows(ware)
				step("", d.remove(line), d.remove(d.ware(1)))
			})
		})
	}
}

// TestItemsKeepTheirCopies: what a write makes of a record's item shows what the item
// showed, until a renewal, whatever the writer says of it; one that is not a record's any
// more shows nothing.
func TestItemsKeepTheirCopies(t *testing.T) {
	eachShelf(t, func(t *testing.T, d *shelf) {
		d.T = t
		line := d.line(1, 1)
		d.write(d.create(d.ware(1, "name", "pen", "price", "2")))
		d.write(d.create(line))
		d.shows(line)
		d.carryOut()
		shown := []string{"ware_name=pen", "ware_price=2.00", "sold_out=0"}
		d.shows(line, shown...)
		for _, d := range []*shelf{d, {d.bare()}} {
			d.write(d.update(line, "quantity", "2"))
			d.shows(line, shown...)
			d.write(d.update(line, "quantity", "3", "ware_name", "liar"))
			d.shows(line, shown...)
			d.write(d.replace(line))
			d.shows(line, shown...)
			d.write(d.update(line, "number", "NULL"))
			d.write(d.update(line, "number", "1"))
			d.carryOut()
			d.shows(line, shown...)
		}
		told := d.line(2, 1, "ware_name", "liar")
		d.write(d.create(told))
		d.shows(told)
		row := d.row(line)
		d.write(store.Mutation{Op: store.Put, Key: row.Key, Record: line, Expect: &row})
		d.shows(line, shown...)
		require.NoError(t, d.Bump(d.ctx, []transform.Key{d.keyOf(line)}))
		d.shows(line, shown...)
		d.write(d.remove(line))
		d.shows(line, nobody)
		d.write(d.create(line))
		d.shows(line)
	})
}

// TestFollowerIsGivenCopies: a follower's items show what comes with their records, and
// nothing of what they showed before.
func TestFollowerIsGivenCopies(t *testing.T) {
	eachShelf(t, func(t *testing.T, d *shelf) {
		d.T = t
		with := func(r transform.Record, name string) transform.Record {
			r = r.Clone()
			require.NoError(t, r.Set("ware_name", transform.TextValue(name)))
			return r
		}
		row := func(r transform.Record, v store.Version) store.Row {
			return store.Row{Key: d.keyOf(r), Version: v, Live: true, Record: r}
		}
		line, other := d.line(1, 1), d.line(2, 1)
		errs, err := d.Insert(d.ctx, []store.Row{row(with(line, "pen"), 0)})
		require.NoError(t, err)
		require.NoError(t, errs[0])
		d.shows(line, "ware_name=pen")
		stamp := d.itemOf(line)[attrStamp]
		require.NotNil(t, stamp)
		took, err := d.Put(d.ctx, store.At{}, row(with(line, "ink"), 5))
		require.NoError(t, err)
		require.True(t, took)
		d.shows(line, "ware_name=ink")
		require.NotEqual(t, stamp, d.itemOf(line)[attrStamp])
		require.NoError(t, d.PutTogether(d.ctx, store.At{}, []store.Row{row(line, 6), row(with(other, "cap"), 6)}))
		d.shows(line)
		d.shows(other, "ware_name=cap")
		require.Empty(t, d.marks())
	})
}

// TestDependentsInPages: each record that refers to a key is in one page, and nothing else
// is.
func TestDependentsInPages(t *testing.T) {
	eachShelf(t, func(t *testing.T, d *shelf) {
		d.T = t
		d.write(d.create(d.ware(1)), d.create(d.ware(2)))
		want := []transform.Key{}
		for i := range 7 {
			d.write(d.create(d.line(i, 1)))
			want = append(want, d.keyOf(d.line(i, 1)))
		}
		d.write(d.create(d.line(8, 2)))
		d.write(d.remove(d.line(3, 1)))
		want = slices.Delete(want, 3, 4)
		by := d.contract.Entity("Baskets").References[0]
		for _, limit := range []int{1, 2, 3, 100} {
			var got []transform.Key
			r := store.DependentsRange{By: by, To: d.keyOf(d.ware(1)), Limit: limit}
			for {
				page, err := d.Dependents(d.ctx, r)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Keys), limit)
				got = append(got, page.Keys...)
				if r.After = page.Next; r.After == "" {
					break
				}
			}
			require.ElementsMatch(t, want, got)
		}
		_, err := d.Dependents(d.ctx, store.DependentsRange{By: by, To: d.keyOf(d.line(1, 1)), Limit: 1})
		require.ErrorIs(t, err, store.ErrInvalid)
	})
}

// TestMarksAreReachedAndCleaned: how far a mark has been carried out is in it, and one that
// is gone does not come back.
func TestMarksAreReachedAndCleaned(t *testing.T) {
	eachShelf(t, func(t *testing.T, d *shelf) {
		d.T = t
		d.write(d.create(d.ware(1)))
		f := d.marks()[0]
		require.NoError(t, d.Reach(d.ctx, f, "half"))
		half := d.marks()[0]
		require.Equal(t, "half", half.Reached)
		half.Reached, half.Age, f.Age = "", 0, 0
		require.Equal(t, f, half)
		require.NoError(t, d.CleanFanOut(d.ctx, f))
		require.NoError(t, d.Reach(d.ctx, f, "all"))
		require.Empty(t, d.marks())
		require.NoError(t, d.CleanFanOut(d.ctx, f))
		require.ErrorIs(t, d.CleanFanOut(d.ctx, store.FanOut{Ref: "99#x"}), store.ErrInvalid)
		require.ErrorIs(t, d.Reach(d.ctx, store.FanOut{Ref: "x"}, ""), store.ErrInvalid)
		_, err := d.FanOuts(d.ctx, store.DirtyRange{Shard: 16, Limit: 1})
		require.ErrorIs(t, err, store.ErrInvalid)
	})
}

// TestWhatCopiesCost: a write that needs no mark is what it was without copies, and a
// contract without copies asks for nothing more.
func TestWhatCopiesCost(t *testing.T) {
	d := newShelf(t, false)
	d = &shelf{d.bare()}
	d.write(d.create(d.ware(1)))
	d.carryOut()
	d.requests()
	d.write(d.update(d.ware(1), "stock", "4"))
	require.Equal(t, map[string]int{"BatchGetItem": 1, "PutItem": 1}, d.requests())
	d.write(d.update(d.ware(1), "name", "pen"))
	require.Equal(t, map[string]int{"BatchGetItem": 1, "TransactWriteItems": 1}, d.requests())

	plain := inProcess(t)
	plain.requests()
	page, err := plain.FanOuts(plain.ctx, store.DirtyRange{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, page.Marks)
	require.Empty(t, plain.requests())
	_, err = plain.Backlog(plain.ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"Query": shards}, plain.requests())
}

// TestCopiesThatFillTheItem: an item without room for its copies has none, and can be
// written, marked and deleted, also where this store follows.
func TestCopiesThatFillTheItem(t *testing.T) {
	data, err := os.ReadFile("../dal/storetest/testdata/copies.json")
	require.NoError(t, err)
	for _, replace := range [][2]string{
		{`{"name": "quantity", "type": "int"}`, `{"name": "quantity", "type": "int"}, {"name": "note", "type": "mediumtext", "collation": "utf8mb4_bin", "null": true}`},
		{`{"name": "quantity", "type": "N", "source_column": "quantity"}`, `{"name": "quantity", "type": "N", "source_column": "quantity"}, {"name": "note", "type": "S", "source_column": "note"}`},
	} {
		require.Contains(t, string(data), replace[0])
		data = []byte(strings.Replace(string(data), replace[0], replace[1], 1))
	}
	c, err := transform.Load(data)
	require.NoError(t, err)
	srv := dynamotest.Start(t)
	d := &shelf{newDeskOf(t, NewClient(srv.Config(), nil), c)}
	d.write(d.create(d.ware(1)))
	var line transform.Record
	full := maxItem
	for {
		line = d.line(1, 1, "note", strings.Repeat("x", full))
		_, err := line.Entity().Item(line)
		var tooLarge *transform.ValueError
		if err == nil {
			break
		}
		require.True(t, errors.As(err, &tooLarge) && tooLarge.TooLarge, err)
		full--
	}
	followed := d.line(2, 1, "note", strings.Repeat("x", full))
	given := store.Row{Key: d.keyOf(followed), Version: 1, Live: true, Record: followed.Clone()}
	require.NoError(t, given.Record.Set("ware_name", transform.TextValue("ware1")))
	applied, err := d.Put(d.ctx, store.At{}, given)
	require.NoError(t, err)
	require.True(t, applied)
	d.shows(followed)
	d.write(d.update(followed, "note", "short"))
	d.carryOut()
	d.shows(followed, "ware_name=ware1", "sold_out=0")

	d.write(d.create(line))
	d.carryOut()
	d.shows(line)
	d.write(d.update(line, "quantity", "7"))
	d.carryOut()
	d.shows(line)
	d.write(d.update(line, "note", "short"))
	d.carryOut()
	d.shows(line, "ware_name=ware1", "sold_out=0")
	d.write(d.update(line, "note", strings.Repeat("x", full)))
	d.shows(line)
	require.Equal(t, "own "+d.keyOf(line).Entity+" "+d.keyOf(line).ID, d.told())
	e := d.where(line)
	_, err = d.client.UpdateItem(d.ctx, &dynamodb.UpdateItemInput{TableName: &e.home.table, Key: e.key, UpdateExpression: aws.String("SET #m = :m"),
		ExpressionAttributeNames: map[string]string{"#m": attrMark}, ExpressionAttributeValues: item{":m": text(newID(d.opts.Now()))}})
	require.NoError(t, err)
}
