package mysqlstore_test

import (
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// harness makes stores on fresh databases. The parameters are added to the DSN.
func harness(params string) storetest.Harness { return harnessOf(params, nil) }

// harnessOf is harness for a service that has SQL of its own.
func harnessOf(params string, own func(*transform.Contract) map[string]mysqlstore.SQL) storetest.Harness {
	return storetest.Harness{New: func(t testing.TB, c *transform.Contract) storetest.Subject {
		if c.Entity("Accounts") != nil { // of storetest.NamesContract
			enginetest.NeedsRealMySQL(t, "compares texts by the weights of its collations, and tells these")
		}
		if strings.Contains(t.Name(), "/bounds_beyond_the_column") {
			enginetest.NeedsRealMySQL(t, "casts to a DECIMAL with more digits than its column has")
		}
		if strings.Contains(t.Name(), "/in_any_form") {
			enginetest.NeedsRealMySQL(t, "takes texts for equal that differ in accents")
		}
		if c.Entity("MEMBER") != nil { // of storetest.SharedContract
			enginetest.NeedsRealMySQL(t, "computes the texts of thousands of rows in less than a minute")
		}
		for _, e := range c.Entities {
			if len(e.References) > 0 && c.Entity("Shelves") == nil && c.Entity("Sections") == nil && c.Entity("Racks") == nil && c.Entity("Jars") == nil { // of storetest.CountContract, CopyContract, CounterContract and TotalContract
				enginetest.NeedsRealMySQL(t, "names the columns of a foreign key, and cascades as far as InnoDB")
				break
			}
		}
		dsn := withParams(enginetest.MySQL(t), params)
		db := openDB(t, dsn)
		for _, statement := range storetest.Schema(c) {
			db.MustExec(statement)
		}
		subject := func(t testing.TB, db *sqlx.DB) storetest.Subject {
			opts := &mysqlstore.Options{}
			if own != nil {
				opts.SQL = own(c)
			}
			s, err := mysqlstore.New(db, c, opts)
			require.NoError(t, err)
			return storetest.Subject{Authority: s, Control: s, Follower: s}
		}
		one := subject(t, db)
		one.Other = func(t testing.TB) storetest.Subject { return subject(t, openDB(t, dsn)) }
		one.Seed = func(t testing.TB, records ...transform.Record) { seed(t, db, records...) }
		return one
	}}
}

// openDB opens a pool that is closed when the test ends.
func openDB(t testing.TB, dsn string) *sqlx.DB {
	t.Helper()
	db, err := mysqlstore.OpenDB(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// withParams adds parameters to a DSN.
func withParams(dsn, params string) string {
	if params == "" {
		return dsn
	}
	if strings.Contains(dsn, "?") {
		return dsn + "&" + params
	}
	return dsn + "?" + params
}

// seed inserts records as a service without the library would.
func seed(t testing.TB, db *sqlx.DB, records ...transform.Record) {
	t.Helper()
	for _, rec := range records {
		e := rec.Entity()
		var names, marks []string
		var args []any
		for i, c := range e.Own() {
			names, marks, args = append(names, "`"+c.Name+"`"), append(marks, "?"), append(args, c.SQL(rec.At(i)))
		}
		_, err := db.Exec("INSERT INTO "+e.Source+" ("+strings.Join(names, ",")+") VALUES ("+strings.Join(marks, ",")+")", args...)
		require.NoError(t, err)
	}
}

func TestConformance(t *testing.T) { storetest.Run(t, harness("")) }

// TestConformanceOfOtherSessions has all at once what a DSN can change: the
// driver's other protocol and its other ways to hand over a time and to count rows;
// under READ COMMITTED a read with a lock holds rows, and no gap between them.
func TestConformanceOfOtherSessions(t *testing.T) {
	storetest.Run(t, harness("interpolateParams=false&parseTime=true&loc=America%2FNew_York&clientFoundRows=true&"+isolated(t, "READ-COMMITTED")))
}

func BenchmarkAuthority(b *testing.B) { storetest.BenchmarkAuthority(b, harness("")) }

var _ store.Store = (*mysqlstore.Store)(nil)
