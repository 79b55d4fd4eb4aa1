package dynamostore

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// guardedBy returns the guards' names as holders has them.
func guardedBy(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m["Accounts#"+pairs[i]] = pairs[i+1]
	}
	return m
}

// TestUniqueValuesHaveOneHolder through create, update, put, delete, NULL.
func TestUniqueValuesHaveOneHolder(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		for _, d := range []*desk{d, d.bare()} {
			ann, bob := d.account("1", "ann", "email", "a@x"), d.account("2", "bob")
			d.write(d.create(ann))
			d.write(d.create(bob))
			require.Equal(t, guardedBy("name#=ann", "1", "mail#=a@x", "1", "name#=bob", "2"), d.holders())
			before := d.everything()
			for name, m := range map[string]store.Mutation{
				"create": d.create(d.account("3", "ann")), "update": d.update(bob, "email", "a@x"), "put": d.replace(d.account("2", "ann")),
			} {
				_, err := d.try(m)
				e := requireRefused(t, err, store.ErrUnique, store.NotApplied)
				require.Equal(t, d.keyOf(ann), e.Holder, name)
				require.Contains(t, []string{"name", "email"}, e.Field)
				require.NotContains(t, err.Error(), "a@x")
			}
			require.Equal(t, before, d.everything())
			d.write(d.update(ann, "email", "NULL", "name", "anna"))
			require.Equal(t, guardedBy("name#=anna", "1", "name#=bob", "2"), d.holders())
			d.write(d.replace(d.account("2", "bobby", "email", "a@x")))
			require.Equal(t, guardedBy("name#=anna", "1", "name#=bobby", "2", "mail#=a@x", "2"), d.holders())
			d.write(d.remove(bob))
			require.Equal(t, guardedBy("name#=anna", "1"), d.holders())
			d.write(d.create(d.account("2", "bobby")))
			d.write(d.remove(bob), d.remove(ann))
			require.Empty(t, d.holders())
		}
	})
}

// TestUniqueValuesChangeHandsInOneWrite: taken over once they are let go, and refused
// before that, and wanted twice.
func TestUniqueValuesChangeHandsInOneWrite(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		ann, bob := d.account("1", "ann"), d.account("2", "bob")
		d.write(d.create(ann), d.create(bob))
		before := d.everything()
		for _, m := range [][]store.Mutation{
			{d.update(ann, "name", "bob"), d.update(bob, "name", "ann")},
			{d.update(ann, "name", "bob"), d.remove(bob)},
		} {
			_, err := d.try(m...)
			require.Equal(t, "2", requireRefused(t, err, store.ErrUnique, store.NotApplied).Holder.ID)
			require.Equal(t, before, d.everything())
		}
		d.write(d.update(ann, "name", "anna"), d.update(bob, "name", "ann"), d.create(d.account("3", "bob")))
		require.Equal(t, guardedBy("name#=anna", "1", "name#=ann", "2", "name#=bob", "3"), d.holders())
		d.write(d.remove(d.account("3", "")), d.update(ann, "name", "bob"))
		require.Equal(t, guardedBy("name#=bob", "1", "name#=ann", "2"), d.holders())
		d.write(d.remove(ann), d.create(d.account("3", "bob")))
		require.Equal(t, guardedBy("name#=bob", "3", "name#=ann", "2"), d.holders())
		_, err := d.try(d.create(d.account("4", "cid")), d.create(d.account("5", "cid")))
		e := requireRefused(t, err, store.ErrUnique, store.NotApplied)
		require.Equal(t, "4", e.Holder.ID)
	})
}

// TestUniqueValueWantedByManyAtOnce goes to one.
func TestUniqueValueWantedByManyAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() { _, errs[i] = d.try(d.create(d.account(fmt.Sprint(i+1), "ann"))) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			requireRefused(t, err, store.ErrUnique, store.NotApplied)
		}
		require.Equal(t, 1, won)
		require.Len(t, d.holders(), 1)
	})
}

// TestLongAndStrangeUniqueValues have guards too.
func TestLongAndStrangeUniqueValues(t *testing.T) {
	d := inProcess(t)
	u := &d.accounts.Unique[0]
	long := strings.Repeat("x", 3000)
	names := []string{
		d.guardName("A", u, long), d.guardName("A", u, long+"y"), d.guardName("A", u, "\xff"), d.guardName("A", u, "hash "+digest(long)),
		d.guardName("A", u, "a#b"), d.guardName("A#name#=a", u, "b"),
	}
	seen := map[string]bool{}
	for _, n := range names {
		require.LessOrEqual(t, len(n), 2048)
		require.False(t, seen[n], n)
		seen[n] = true
	}
}

// TestGuardOfAnotherKeyStays: a value that its key has given up is not taken
// away from who holds it by now.
func TestGuardOfAnotherKeyStays(t *testing.T) {
	d := inProcess(t)
	ann := d.account("1", "ann")
	d.write(d.create(ann))
	slot := d.guardName("Accounts", &d.accounts.Unique[0], "ann")
	foreign := libraryKey(slot, alone)
	foreign[attrEntity], foreign[attrKey] = text("Accounts"), text("9")
	require.NoError(t, d.rawPut(d.library, foreign))
	d.write(d.update(ann, "name", "anna"))
	require.Equal(t, guardedBy("name#=ann", "9", "name#=anna", "1"), d.holders())
}

// TestFollowerKeepsGuards: puts, deletes, collisions, exchanges, and what is
// missing is mended.
func TestFollowerKeepsGuards(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		ann, bob := d.account("1", "ann", "email", "a@x"), d.account("2", "bob")
		put := func(v store.Version, live bool, r int) (bool, error) {
			row := store.Row{Key: d.keyOf(ann), Version: v, Live: live}
			if r == 2 {
				row.Key = d.keyOf(bob)
			}
			if live {
				row.Record = ann
				if r == 2 {
					row.Record = bob
				}
			}
			return d.Put(d.ctx, store.At{}, row)
		}
		for v, want := range []bool{true, false, true} {
			took, err := put(store.Version(5+v/2), true, 1)
			require.NoError(t, err)
			require.Equal(t, want, took, v)
		}
		took, err := put(1, true, 2)
		require.NoError(t, err)
		require.True(t, took)
		require.Equal(t, guardedBy("name#=ann", "1", "mail#=a@x", "1", "name#=bob", "2"), d.holders())

		d.set(bob, "name", "ann")
		before := d.everything()
		_, err = put(2, true, 2)
		e := requireRefused(t, err, store.ErrUnique, store.NotApplied)
		require.Equal(t, d.keyOf(ann), e.Holder)
		require.Equal(t, before, d.everything())

		d.set(ann, "name", "bob")
		require.NoError(t, d.PutTogether(d.ctx, store.At{}, []store.Row{
			{Key: d.keyOf(ann), Version: 7, Live: true, Record: ann}, {Key: d.keyOf(bob), Version: 2, Live: true, Record: bob},
		}))
		require.Equal(t, guardedBy("name#=bob", "1", "mail#=a@x", "1", "name#=ann", "2"), d.holders())
		d.holds(ann)
		d.holds(bob)

		require.NoError(t, d.PutTogether(d.ctx, store.At{}, []store.Row{
			{Key: d.keyOf(ann), Version: 6, Live: false}, {Key: d.keyOf(bob), Version: 3, Live: false},
		}))
		d.holds(ann) // what is newer stays
		require.Equal(t, store.Row{Key: d.keyOf(bob), Version: 3, Tombstone: true}, d.row(bob))
		require.Equal(t, guardedBy("name#=bob", "1", "mail#=a@x", "1"), d.holders())

		require.NoError(t, d.libraryDelete(d.ctx, "test", libraryKey(d.guardName("Accounts", &d.accounts.Unique[0], "bob"), alone)))
		_, err = put(8, true, 1)
		require.NoError(t, err)
		require.Equal(t, guardedBy("name#=bob", "1", "mail#=a@x", "1"), d.holders())
		took, err = put(9, false, 1)
		require.NoError(t, err)
		require.True(t, took)
		require.Empty(t, d.holders())
		took, err = put(8, true, 1)
		require.NoError(t, err)
		require.False(t, took, "the tombstone is newer")
		require.Empty(t, d.holders())
	})
}

// TestInsertKeepsGuards: many rows, some there already, some whose value is held.
func TestInsertKeepsGuards(t *testing.T) {
	everywhere(t, func(t *testing.T, d *desk) {
		d.write(d.create(d.account("5", "five")))
		d.write(d.create(d.account("6", "six")))
		d.write(d.remove(d.account("6", "six")))
		d.write(d.create(d.account("1000", "n7")))
		var rows []store.Row
		for i := range 60 {
			r := d.account(fmt.Sprint(i+1), fmt.Sprint("n", i+1), "email", fmt.Sprint("e", i+1))
			if i == 50 {
				d.set(r, "name", "n10")
			}
			rows = append(rows, store.Row{Key: d.keyOf(r), Live: true, Record: r})
		}
		for range 2 { // a second time finds all of it there
			errs, err := d.Insert(d.ctx, rows)
			require.NoError(t, err)
			// Two rows want one value; which comes first is open.
			first, second := 9, 50
			if errs[first] != nil {
				first, second = second, first
			}
			for i, err := range errs {
				switch i {
				case 6:
					require.Equal(t, "1000", requireRefused(t, err, store.ErrUnique, store.NotApplied).Holder.ID)
				case second:
					require.Equal(t, fmt.Sprint(first+1), requireRefused(t, err, store.ErrUnique, store.NotApplied).Holder.ID)
				default:
					require.NoError(t, err, i)
				}
			}
		}
		holders := d.holders()
		require.Equal(t, "5", holders["Accounts#name#=five"], "what is there stays")
		require.NotContains(t, holders, "Accounts#name#=n5")
		require.NotContains(t, holders, "Accounts#name#=n6")
		require.Contains(t, []string{"10", "51"}, holders["Accounts#name#=n10"])
		require.Len(t, holders, 2+2*56)
		require.True(t, d.row(rows[5].Record).Tombstone)
		require.Zero(t, d.row(rows[8].Record).Version)
	})
}

// TestInsertOfARowThatTheServiceRefuses, for an index whose key has another type:
// the rows beside it are stored, and it is a dead letter.
func TestInsertOfARowThatTheServiceRefuses(t *testing.T) {
	onItsOwn(t, func(t *testing.T, d *desk) {
		table := d.tableName(d.accounts.Table)
		_, err := d.client.DeleteTable(d.ctx, &dynamodb.DeleteTableInput{TableName: &table})
		require.NoError(t, err)
		in := d.createInput(d.accounts.Table)
		in.GlobalSecondaryIndexes[0].KeySchema[0].AttributeName = aws.String("email")
		in.AttributeDefinitions = in.AttributeDefinitions[:1]
		define(in, "email", types.ScalarAttributeTypeN)
		_, err = d.client.CreateTable(d.ctx, in)
		require.NoError(t, err)
		var rows []store.Row
		for i := range 9 {
			r := d.account(fmt.Sprint(i+1), fmt.Sprint("n", i+1))
			if i == 4 {
				d.set(r, "email", "no number")
			}
			rows = append(rows, store.Row{Key: d.keyOf(r), Live: true, Record: r})
		}
		errs, err := d.Insert(d.ctx, rows)
		require.NoError(t, err)
		var unfit *transform.ValueError
		for i, err := range errs {
			require.Equal(t, i == 4, err != nil, i)
		}
		require.ErrorAs(t, errs[4], &unfit)
		require.Len(t, d.holders(), 8)
		rows[4].Version = 1
		_, err = d.Put(d.ctx, store.At{}, rows[4])
		requireRefused(t, err, store.ErrInvalid, store.NotApplied)
		require.ErrorAs(t, err, &unfit)
	})
}
