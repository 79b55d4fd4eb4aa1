package dynamostore

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// scanned returns every row of an entity, as verify reads them.
func (d *desk) scanned(e *transform.Entity) []store.Row {
	d.Helper()
	page, err := d.Scan(d.ctx, store.At{Captured: true}, store.Range{Entity: e, Limit: 1000})
	require.NoError(d, err)
	return page.Rows
}

// faults returns what LookBeside and LeftBeside find, in small pages.
func (d *desk) faults() []store.Fault {
	d.Helper()
	var all []store.Fault
	for _, e := range d.contract.Entities {
		faults, changed, err := d.LookBeside(d.ctx, d.scanned(e))
		require.NoError(d, err)
		require.Empty(d, changed)
		all = append(all, faults...)
	}
	for after, limit := "", 1+len(all)%3; ; limit += 2 {
		page, err := d.LeftBeside(d.ctx, after, limit)
		require.NoError(d, err)
		all = append(all, page.Faults...)
		if after = page.Next; after == "" {
			return all
		}
	}
}

// faultTexts returns faults as text.
func faultTexts(faults []store.Fault) []string {
	var all []string
	for _, f := range faults {
		all = append(all, f.Key.Entity+" "+f.Key.ID+": "+f.String())
	}
	return all
}

// mend mends faults, all of which can be.
func (d *desk) mend(faults []store.Fault) {
	d.Helper()
	for _, f := range faults {
		mended, err := d.MendBeside(d.ctx, f)
		require.NoError(d, err)
		require.True(d, mended, f.String())
	}
	require.Empty(d, d.faults())
}

func (d *desk) rawDelete(key item) {
	d.Helper()
	_, err := d.client.DeleteItem(d.ctx, &dynamodb.DeleteItemInput{TableName: &d.library.table, Key: key})
	require.NoError(d, err)
}

// beside returns the keys of what belongs beside a record.
func (d *desk) beside(r transform.Record) []item {
	var keys []item
	for _, c := range d.companions(r.Entity(), store.Row{Key: d.keyOf(r), Live: true, Record: r}) {
		keys = append(keys, c.key)
	}
	return keys
}

// TestGuardsAreCompared: a guard that is missing, of another record, or of a record
// that is gone is found and named without its value, and mended; no version changes.
func TestGuardsAreCompared(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		ann, bob, cid := d.account("1", "ann", "email", "a@x"), d.account("2", "bob"), d.account("3", "cid")
		d.write(d.create(ann), d.create(bob), d.create(cid))
		d.write(d.remove(cid))
		require.Empty(t, d.faults())
		before := d.holders()

		guards := d.beside(ann)
		d.rawDelete(guards[1])
		require.Equal(t, []string{"Accounts 1: guard of email is missing"}, faultTexts(d.faults()))
		d.mend(d.faults())
		require.Equal(t, before, d.holders())

		// Of another record, which is left over by its own word too.
		theirs := companion{key: guards[0], record: d.keyOf(bob)}
		require.NoError(t, d.rawPut(d.library, theirs.item("by hand")))
		require.Equal(t, []string{"Accounts 1: guard of name is another record's", "Accounts 2: guard of name is left over"}, faultTexts(d.faults()))
		d.mend(d.faults()[:1])
		require.Equal(t, before, d.holders())

		// One that somebody else has by the time when it is mended.
		left := store.Fault{Key: d.keyOf(cid), Field: "name", Wrong: store.LeftOver}
		var err error
		left.Ref, err = encodePosition(guards[0])
		require.NoError(t, err)
		mended, err := d.MendBeside(d.ctx, left)
		require.NoError(t, err)
		require.True(t, mended)
		require.Equal(t, before, d.holders())

		// Of a record that is deleted, of one that never was, and of a unique value
		// that the contract has no more.
		for _, slot := range []string{d.guardName("Accounts", &d.accounts.Unique[0], "cid"), d.partition(partUnique, "Accounts", "nick", "=c#c")} {
			for _, r := range []transform.Record{cid, d.account("99", "zoe")} {
				gone := companion{key: libraryKey(slot, alone), record: d.keyOf(r)}
				require.NoError(t, d.rawPut(d.library, gone.item("by hand")))
				faults := d.faults()
				require.Len(t, faults, 1)
				require.Equal(t, store.LeftOver, faults[0].Wrong)
				require.Contains(t, []string{"name", "nick"}, faults[0].Field)
				d.mend(faults)
			}
		}
		require.Equal(t, before, d.holders())
		d.write(d.create(d.account("4", "cid")))
		d.holds(ann)
	})
}

// TestEdgesAreCompared: an edge that is missing is found and put again, also of a
// record whose item moves, and one that is left is taken away.
func TestEdgesAreCompared(t *testing.T) {
	d := families(t)
	d.write(d.create(d.person(1)), d.create(d.person(2)))
	rex := d.pet(1, "rex", "sitter_id", "2", "chip", "c1")
	d.write(d.create(rex))
	home := d.home(7, "here", "owner_id", "1")
	d.write(d.create(home))
	d.write(d.update(home, "address", "there"))
	home = d.home(7, "there", "owner_id", "1")
	require.Empty(t, d.faults())
	before := d.everything()

	for _, key := range d.beside(home) {
		d.rawDelete(key)
	}
	require.Equal(t, []string{"Homes 7: guard of address is missing", "Homes 7: edge of owner_id is missing"}, faultTexts(d.faults()))
	d.mend(d.faults()[:1])
	require.Len(t, d.everything(), len(before))

	for _, key := range d.beside(rex) {
		d.rawDelete(key)
	}
	require.Equal(t, []string{"Pets 1/rex: guard of chip is missing", "Pets 1/rex: edge of owner_id is missing",
		"Pets 1/rex: edge of sitter_id is missing"}, faultTexts(d.faults()))
	d.mend(d.faults()[:1])
	require.Len(t, d.everything(), len(before))
	require.Equal(t, []string{"Pets.sitter_id 1/rex"}, d.edgesTo(2))

	lost := d.pet(2, "ghost")
	for _, c := range d.companions(lost.Entity(), store.Row{Key: d.keyOf(lost), Live: true, Record: lost}) {
		require.NoError(t, d.rawPut(d.library, c.item("by hand")))
	}
	require.Equal(t, []string{"Pets 2/ghost: edge of owner_id is left over"}, faultTexts(d.faults()))
	d.mend(d.faults())
	require.Len(t, d.everything(), len(before))
}

// TestNoFaultBesideWrites: what changes between the reads of a look is told as
// changed, and what a write has taken meanwhile is not taken from it.
func TestNoFaultBesideWrites(t *testing.T) {
	d := inProcess(t)
	ann := d.account("1", "ann")
	d.write(d.create(ann))
	rows := d.scanned(d.accounts)
	d.write(d.update(ann, "name", "anna"))
	faults, changed, err := d.LookBeside(d.ctx, rows)
	require.NoError(t, err)
	require.Empty(t, faults)
	require.Equal(t, []transform.Key{d.keyOf(ann)}, changed)
	_, changed, err = d.LookBeside(d.ctx, d.scanned(d.accounts))
	require.NoError(t, err)
	require.Empty(t, changed)

	// A guard that was left is in use by the time that it is taken away.
	slot := libraryKey(d.guardName("Accounts", &d.accounts.Unique[0], "zoe"), alone)
	require.NoError(t, d.rawPut(d.library, companion{key: slot, record: d.keyOf(ann)}.item("by hand")))
	left := d.faults()
	require.Len(t, left, 1)
	for _, name := range []string{"zoe", "bea"} {
		d.write(d.update(ann, "name", name))
		inUse := d.holders()
		mended, err := d.MendBeside(d.ctx, left[0])
		require.NoError(t, err)
		require.True(t, mended)
		require.Equal(t, inUse, d.holders(), name)
	}
	require.Empty(t, d.faults())

	// A write between the look at the record and the mending's own transaction.
	require.NoError(t, d.rawPut(d.library, companion{key: slot, record: d.keyOf(ann)}.item("by hand")))
	slow := d.with(&between{Client: d.client, do: func(read int) {
		if read == 1 {
			d.write(d.update(ann, "name", "zoe"))
		}
	}}, Options{})
	mended, err := slow.MendBeside(d.ctx, left[0])
	require.NoError(t, err)
	require.True(t, mended)
	require.Equal(t, guardedBy("name#=zoe", "1"), d.holders())

	// A value that two records have can't be mended.
	bob := d.account("2", "bob")
	d.write(d.create(bob))
	it, err := d.places["Accounts"].item(store.Row{Key: d.keyOf(bob), Version: 1 << 50, Live: true, Record: d.account("2", "zoe")}, 0)
	require.NoError(t, err)
	require.NoError(t, d.rawPut(d.places["Accounts"], it))
	for _, f := range d.faults() {
		mended, err := d.MendBeside(d.ctx, f)
		require.NoError(t, err)
		require.Equal(t, f.Wrong != store.Anothers, mended)
	}
	require.Equal(t, []string{"Accounts 2: guard of name is another record's"}, faultTexts(d.faults()))
}

// A scanning is a between that does something after a scan too.
type scanning struct {
	*between
	then func()
}

func (c *scanning) Scan(ctx context.Context, in *dynamodb.ScanInput, opts ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	out, err := c.Client.Scan(ctx, in, opts...)
	c.then()
	return out, err
}

// TestNothingIsLeftBesideWrites: a guard that was its record's when it was seen is not
// left over, whatever the record has done by the time it is looked at.
func TestNothingIsLeftBesideWrites(t *testing.T) {
	for name, renamed := range map[string][]string{
		"once": {"bea"}, "and back": {"bea", "ann"}, "and once more": {"bea", "ann", "bea"},
	} {
		t.Run(name, func(t *testing.T) {
			d := inProcess(t)
			ann := d.account("1", "ann")
			d.write(d.create(ann))
			rename := func(n int) {
				if n < len(renamed) {
					d.write(d.update(ann, "name", renamed[n]))
				}
			}
			busy := d.with(&scanning{&between{Client: d.client, do: rename}, func() { rename(0) }}, Options{})
			page, err := busy.LeftBeside(d.ctx, "", 1000)
			require.NoError(t, err)
			require.Empty(t, page.Faults)
			require.Contains(t, d.holders(), "Accounts#name#="+renamed[len(renamed)-1])
		})
	}
}
