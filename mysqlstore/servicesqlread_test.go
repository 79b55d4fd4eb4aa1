package mysqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// softStock is SQL of the service's own for stock, whose rows are marked as gone and stay.
func softStock(c *transform.Contract) map[string]mysqlstore.SQL {
	e := c.Entity("Stock")
	read, write := readPlain(e), writePlain(e)
	return map[string]mysqlstore.SQL{"Stock": {
		Read: func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
			all, err := read(ctx, q, keys)
			if err != nil {
				return nil, err
			}
			var left []transform.Record
			for _, rec := range all {
				var gone bool
				if err := sqlx.GetContext(ctx, q, &gone, "SELECT gone FROM stock WHERE place = ? AND item = ?", rec.At(0).Text(), rec.At(1).Text()); err != nil {
					return nil, err
				}
				if !gone {
					left = append(left, rec)
				}
			}
			return left, nil
		},
		Write: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
			if c.After.IsZero() {
				_, err := tx.ExecContext(ctx, "UPDATE stock SET gone = 1 WHERE place = ? AND item = ?", c.Before.At(0).Text(), c.Before.At(1).Text())
				return err
			}
			if c.Before.IsZero() {
				_, err := tx.ExecContext(ctx, "DELETE FROM stock WHERE gone AND place = ? AND item = ?", c.After.At(0).Text(), c.After.At(1).Text())
				if err != nil {
					return err
				}
			}
			return write(ctx, tx, c)
		},
	}}
}

// TestServiceSQLMarksRowsAsGone: a row that Read does not show is nowhere, and hides
// nothing that comes after it.
func TestServiceSQLMarksRowsAsGone(t *testing.T) {
	eachCapture(t, func(t *testing.T, bare bool) {
		f := newFixture(t, setting{bare: bare, own: softStock})
		f.db.MustExec("ALTER TABLE stock ADD COLUMN gone TINYINT NOT NULL DEFAULT 0")
		shelf := func(item int) transform.Record {
			rec := f.shelf("hall", uint64(item), int64(item))
			f.set(rec, "shelf", transform.TextValue("s"))
			return rec
		}
		var keys []transform.Key
		for item := range 9 {
			f.write(f.create(shelf(item)))
			keys = append(keys, f.key(shelf(item)))
		}
		for item := range 7 {
			f.write(f.remove(shelf(item)))
		}
		var rows int
		require.NoError(t, f.db.Get(&rows, "SELECT COUNT(*) FROM stock"))
		require.Equal(t, 9, rows)

		live := func(rows []store.Row) (items []int64) {
			for _, row := range rows {
				if row.Live {
					item, _ := row.Record.At(1).Int()
					items = append(items, item)
				}
			}
			return items
		}
		many, err := f.store.GetMany(f.ctx, f.at, keys)
		require.NoError(t, err)
		require.Equal(t, []int64{7, 8}, live(many))
		require.Len(t, many, 9)
		for _, index := range []string{"QuantityIndex", ""} {
			q := store.Query{Entity: f.stock, Index: index, Equal: transform.TextValue("s"), Limit: 2}
			if index == "" {
				q.Equal = transform.TextValue("hall")
			}
			found, err := f.store.Query(f.ctx, f.at, q)
			require.NoError(t, err)
			require.Equal(t, []int64{7, 8}, live(found), "a short page would be the last")
		}
		var scanned []int64
		for after, pages := "", 0; ; pages++ {
			page, err := f.store.Scan(f.ctx, f.at, store.Range{Entity: f.stock, After: after, Limit: 2})
			require.NoError(t, err)
			scanned = append(scanned, live(page.Rows)...)
			if after = page.Next; after == "" {
				require.GreaterOrEqual(t, pages, 4)
				break
			}
		}
		require.Equal(t, []int64{7, 8}, scanned)

		_, err = f.try(f.update(shelf(1), "label", "x"))
		refused(t, err, store.ErrNotFound)
		_, err = f.try(f.remove(shelf(1)))
		refused(t, err, store.ErrNotFound)
		f.write(f.create(shelf(1)))
		f.write(f.put(shelf(2)))
		_, err = f.try(f.create(shelf(1)))
		refused(t, err, store.ErrExists)
		many, err = f.store.GetMany(f.ctx, f.at, keys)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 2, 7, 8}, live(many))
	})
}

// TestServiceSQLLeavesWhatCounts: a row that stays behind where its record is gone must
// not keep a unique value, nor be what others refer to.
func TestServiceSQLLeavesWhatCounts(t *testing.T) {
	hidden := func(of string) func(c *transform.Contract) map[string]mysqlstore.SQL {
		return func(c *transform.Contract) map[string]mysqlstore.SQL {
			gone, plain := map[string]bool{}, plainSQL(c)[of]
			return map[string]mysqlstore.SQL{of: {
				Read: func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
					if gone[keys[0].ID] {
						return nil, nil
					}
					return plain.Read(ctx, q, keys)
				},
				Write: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
					if c.After.IsZero() {
						gone[c.Key.ID] = true
						return nil
					}
					return plain.Write(ctx, tx, c)
				},
			}}
		}
	}
	f := newFixture(t, setting{own: hidden("Tickets")})
	f.write(f.create(f.ticket(1, "a1")))
	_, err := f.try(f.remove(f.ticket(1, "a1")))
	e := refused(t, err, store.ErrInvalid)
	require.Equal(t, "seat", e.Field)
	require.ErrorContains(t, err, "with its unique value")

	r := newFamilies(t)
	s, err := mysqlstore.New(r.db, r.c, &mysqlstore.Options{SQL: hidden("People")(r.c)})
	require.NoError(t, err)
	r.db.MustExec("INSERT INTO people (person_id) VALUES (1)")
	r.Store = s
	_, err = r.remove(1, nil)
	e = refused(t, err, store.ErrInvalid)
	require.Equal(t, "People", e.Entity)
	require.ErrorContains(t, err, "other records refer to People")
}

// coded is how sealedUsers stores a text.
func coded(text string) string { return fmt.Sprintf("%x", text) }

// sealedUsers is SQL of the service's own for users whose registration_date and
// profile_data are stored in a column that the contract does not have.
func sealedUsers(c *transform.Contract) map[string]mysqlstore.SQL {
	e := c.Entity("Users")
	return map[string]mysqlstore.SQL{"Users": {
		Read: func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
			var ids []string
			for _, key := range keys {
				ids = append(ids, key.ID)
			}
			query, args, err := sqlx.In("SELECT user_id, username, email, secret FROM users WHERE user_id IN (?)", ids)
			if err != nil {
				return nil, err
			}
			var rows []struct {
				ID       int64          `db:"user_id"`
				Username sql.NullString `db:"username"`
				Email    sql.NullString `db:"email"`
				Secret   string         `db:"secret"`
			}
			if err := sqlx.SelectContext(ctx, q, &rows, q.Rebind(query), args...); err != nil {
				return nil, err
			}
			var all []transform.Record
			for _, row := range rows {
				rec := e.NewRecord()
				rec.SetAt(0, transform.IntValue(row.ID))
				rec.SetAt(1, transform.TextValue(row.Username.String))
				rec.SetAt(2, transform.TextValue(row.Email.String))
				var day string
				if _, err := fmt.Sscanf(row.Secret, "%x", &day); err != nil {
					return nil, err
				}
				v, err := e.Columns[3].Parse(day)
				if err != nil {
					return nil, err
				}
				rec.SetAt(3, v)
				all = append(all, rec)
			}
			return all, nil
		},
		Write: func(ctx context.Context, tx sqlx.ExtContext, c *mysqlstore.Change) error {
			if c.After.IsZero() {
				_, err := tx.ExecContext(ctx, "DELETE FROM users WHERE user_id = ?", c.Key.ID)
				return err
			}
			into := "INSERT INTO users (username, email, secret, user_id) VALUES (:name, :email, :secret, :id)"
			if !c.Before.IsZero() {
				into = "UPDATE users SET username = :name, email = :email, secret = :secret WHERE user_id = :id"
			}
			_, err := sqlx.NamedExecContext(ctx, tx, into, map[string]any{"id": c.Key.ID, "name": c.After.At(1).Text(),
				"email": c.After.At(2).Text(), "secret": coded(c.After.At(3).Text())})
			return err
		},
	}}
}

// TestServiceSQLSealsColumns: columns that the library looks at nowhere may be stored in
// any form, and Ready and Check take that as it is and say so.
func TestServiceSQLSealsColumns(t *testing.T) {
	f := newFixture(t, setting{own: sealedUsers})
	f.followable()
	f.db.MustExec("ALTER TABLE users DROP COLUMN registration_date, ADD COLUMN secret VARCHAR(100) NOT NULL")
	require.NoError(t, f.store.Ready(f.ctx))
	found, err := f.store.CheckFollower(f.ctx)
	require.NoError(t, err)
	var told []string
	for _, x := range found {
		require.NotContains(t, x.Reason, "users has no column")
		if strings.Contains(x.Reason, "SQL of the service's own") {
			require.Equal(t, transform.Warning, x.Severity)
			told = append(told, x.Reason)
		}
		require.False(t, x.Severity == transform.Error && strings.Contains(x.Reason, "secret"), x.Reason)
	}
	require.Len(t, told, 1)
	require.Contains(t, told[0], "not compared with the contract: registration_date, last_login, profile_data")

	one := f.user(1)
	day, err := f.users.Columns[3].Parse("2024-02-29")
	require.NoError(t, err)
	f.set(one, "registration_date", day)
	f.write(f.create(one))
	f.write(f.update(one, "username", "ann"))
	f.set(one, "username", transform.TextValue("ann"))
	row, err := f.store.Get(f.ctx, f.at, f.key(one))
	require.NoError(t, err)
	require.True(t, one.Equal(row.Record))
	found2, err := f.store.Query(f.ctx, f.at, store.Query{Entity: f.users, Index: "EmailIndex", Equal: transform.TextValue("user-1@example.com"), Limit: 2})
	require.NoError(t, err)
	require.Len(t, found2, 1)
	require.True(t, one.Equal(found2[0].Record))

	f.db.MustExec("ALTER TABLE users DROP COLUMN username")
	require.ErrorContains(t, f.store.Ready(f.ctx), "no column username", "an index needs it")
}

// TestServiceSQLReadsWrongly: what a Read gives that can't be is an error, and one
// record that it can't read does not hide the others.
func TestServiceSQLReadsWrongly(t *testing.T) {
	var do func(all []transform.Record, keys []transform.Key) ([]transform.Record, error)
	f := newFixture(t, setting{own: func(c *transform.Contract) map[string]mysqlstore.SQL {
		plain := plainSQL(c)["Users"]
		read := plain.Read
		plain.Read = func(ctx context.Context, q sqlx.ExtContext, keys []transform.Key) ([]transform.Record, error) {
			all, err := read(ctx, q, keys)
			if err == nil && do != nil {
				return do(all, keys)
			}
			return all, err
		}
		return map[string]mysqlstore.SQL{"Users": plain}
	}})
	keys := []transform.Key{f.key(f.user(1)), f.key(f.user(2))}
	f.write(f.create(f.user(1)), f.create(f.user(2)))
	reads := map[string]func() error{
		"get": func() error { _, err := f.store.Get(f.ctx, f.at, keys[0]); return err },
		"get many": func() error {
			rows, err := f.store.GetMany(f.ctx, f.at, keys)
			return errors.Join(err, func() error {
				if err == nil {
					return rows[0].Err
				}
				return nil
			}())
		},
		"query": func() error {
			_, err := f.store.Query(f.ctx, f.at, store.Query{Entity: f.users, Index: "UsernameIndex", Equal: transform.TextValue("user-1"), Limit: 9})
			return err
		},
		"scan": func() error {
			page, err := f.store.Scan(f.ctx, f.at, store.Range{Entity: f.users, Limit: 9})
			if err == nil {
				return page.Rows[0].Err
			}
			return err
		},
		"update": func() error { _, err := f.try(f.update(f.user(1), "username", "x")); return err },
	}
	for name, c := range map[string]struct {
		do   func(all []transform.Record, keys []transform.Key) ([]transform.Record, error)
		says string
	}{
		"a record of another entity": {says: "gave a record of another entity",
			do: func([]transform.Record, []transform.Key) ([]transform.Record, error) {
				return []transform.Record{f.shelf("a", 1, 1)}, nil
			}},
		"no entity at all": {says: "gave a record of another entity",
			do: func([]transform.Record, []transform.Key) ([]transform.Record, error) {
				return []transform.Record{{}}, nil
			}},
		"a record without a key": {says: "gave a record without a key",
			do: func([]transform.Record, []transform.Key) ([]transform.Record, error) {
				return []transform.Record{f.users.NewRecord()}, nil
			}},
		"a record twice": {says: "gave two records of one key",
			do: func(all []transform.Record, _ []transform.Key) ([]transform.Record, error) {
				return append(all, all...), nil
			}},
		"a value of another kind": {says: "of kind",
			do: func(all []transform.Record, _ []transform.Key) ([]transform.Record, error) {
				all[0].SetAt(2, transform.IntValue(1))
				return all, nil
			}},
		"an error of its own for one of them": {says: "no more users",
			do: func(all []transform.Record, keys []transform.Key) ([]transform.Record, error) {
				for _, key := range keys {
					if key.ID == "1" {
						return nil, errQuota
					}
				}
				return all, nil
			}},
	} {
		t.Run(name, func(t *testing.T) {
			do = c.do
			defer func() { do = nil }()
			for read, ask := range reads {
				require.ErrorContains(t, ask(), c.says, read)
			}
			if name == "an error of its own for one of them" {
				rows, err := f.store.GetMany(f.ctx, f.at, keys)
				require.NoError(t, err)
				require.True(t, rows[1].Live && rows[1].Err == nil)
				page, err := f.store.Scan(f.ctx, f.at, store.Range{Entity: f.users, Limit: 9})
				require.NoError(t, err)
				require.Len(t, page.Rows, 2)
				require.NoError(t, page.Rows[1].Err)
			}
		})
	}
	do = func(all []transform.Record, _ []transform.Key) ([]transform.Record, error) {
		for _, rec := range all {
			rec.SetAt(1, transform.TextValue("another"))
		}
		return all, nil
	}
	require.ErrorContains(t, reads["query"](), "gave other values than the columns of users have")
	do = func(all []transform.Record, _ []transform.Key) ([]transform.Record, error) {
		return append(all, f.user(99)), nil
	}
	for read, ask := range reads {
		require.NoError(t, ask(), "what was not asked for: %s", read)
	}
}

// TestServiceSQLIsRefused: what makes no sense New refuses, with the reason.
func TestServiceSQLIsRefused(t *testing.T) {
	orders := storetest.DeliveryContract(t)
	for name, c := range map[string]struct {
		c    *transform.Contract
		sql  map[string]mysqlstore.SQL
		says string
	}{
		"no entity": {loadContract(t), map[string]mysqlstore.SQL{"Nobody": {}}, "option SQL of entity Nobody: the contract has no such entity"},
		"no writer": {loadContract(t), map[string]mysqlstore.SQL{"Users": {Read: readPlain(&transform.Entity{})}}, "option SQL of entity Users: it needs both Read and Write"},
		"children": {orders, map[string]mysqlstore.SQL{"Shipments": {Read: readPlain(&transform.Entity{}), Write: writePlain(&transform.Entity{})}},
			"its records have rows of other tables"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mysqlstore.New(openDB(t, "x@tcp(127.0.0.1:1)/x"), c.c, &mysqlstore.Options{SQL: c.sql})
			require.ErrorContains(t, err, c.says)
		})
	}
}
