package mysqlstore_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// What Introspect reads is what a contract says.
func TestIntrospect(t *testing.T) {
	f := newFixture(t, setting{})
	ansi := openDB(t, withParams(f.dsn, "sql_mode=%27ANSI%27"))
	for i, e := range append(f.c.Entities, f.c.Entities...) {
		db := f.db
		if i >= len(f.c.Entities) {
			db = ansi
		}
		columns, key, err := mysqlstore.Introspect(f.ctx, db, e.Source)
		require.NoError(t, err)
		var want []string
		for _, i := range e.KeyColumns {
			want = append(want, e.Columns[i].Name)
		}
		require.Equal(t, want, key)
		for i, c := range e.Columns {
			if c.Kind == transform.Bool {
				c.Kind = transform.Int // the contract's attribute makes it one
			}
			if c.Kind == transform.Int {
				c.Length = 0
			}
			require.Equal(t, c, columns[i])
		}
	}
	_, _, err := mysqlstore.Introspect(f.ctx, f.db, "nothing")
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestIntrospectDefaults(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells of generated columns, ON UPDATE and unsigned decimals in information_schema")
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec(`CREATE TABLE d (
		id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
		state VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'it''s new',
		n INT NOT NULL DEFAULT 5,
		price DECIMAL(10,2) UNSIGNED NULL DEFAULT NULL,
		made DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
		twice INT AS (n * 2) VIRTUAL,
		kept INT AS (n * 3) STORED,
		ratio DOUBLE NULL,
		notes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
	)`)
	columns, key, err := mysqlstore.Introspect(t.Context(), db, "d")
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, key)
	want := []transform.Column{
		{Name: "id", SQLType: "bigint", Kind: transform.Int, Unsigned: true, Generated: "auto_increment"},
		{Name: "state", SQLType: "varchar", Kind: transform.Text, Length: 10, Collation: "ascii_bin", Default: "'it''s new'"},
		{Name: "n", SQLType: "int", Kind: transform.Int, Default: "5"},
		{Name: "price", SQLType: "decimal", Kind: transform.Decimal, Unsigned: true, Nullable: true, Precision: 10, Scale: 2},
		{Name: "made", SQLType: "datetime", Kind: transform.DateTime, Precision: 3, Default: "CURRENT_TIMESTAMP(3)", OnUpdate: "CURRENT_TIMESTAMP(3)"},
		{Name: "twice", SQLType: "int", Kind: transform.Int, Nullable: true, Generated: "virtual"},
		{Name: "kept", SQLType: "int", Kind: transform.Int, Nullable: true, Generated: "stored"},
		{Name: "ratio", SQLType: "double", Kind: transform.Float, Nullable: true},
		{Name: "notes", SQLType: "longtext", Kind: transform.Text, Nullable: true, Collation: "utf8mb4_bin"},
	}
	require.Equal(t, want, columns)
}

// Every difference between schema and contract is found, and points to its
// table.
func TestCheckSchema(t *testing.T) {
	f := newFixture(t, setting{})
	findings, err := f.store.CheckSchema(f.ctx)
	require.NoError(t, err)
	require.Empty(t, findings)
	f.db.MustExec("ALTER TABLE stock DROP PRIMARY KEY, ADD PRIMARY KEY (item, place), MODIFY quantity BIGINT NULL," +
		" MODIFY label VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, ADD COLUMN extra INT NULL")
	f.db.MustExec("ALTER TABLE users MODIFY profile_data LONGTEXT NULL, MODIFY user_id INT UNSIGNED NOT NULL")
	f.db.MustExec("DROP TABLE things")
	findings, err = f.store.CheckSchema(f.ctx)
	require.NoError(t, err)
	var got []string
	for _, finding := range findings {
		got = append(got, finding.Severity.String()+" "+finding.Pointer+" "+finding.Reason)
	}
	slices.Sort(got)
	require.Equal(t, []string{
		"error /tables/0 column users.profile_data is longtext, the contract says json",
		"error /tables/0 column users.user_id is int unsigned, the contract says int",
		"error /tables/1 column stock.quantity is bigint, the contract says int",
		"error /tables/1 the primary key of stock is (item, place), the contract's (place, item)",
		"error /tables/2 table things is missing, or the account may not see it",
		"warning /tables/1 column stock.extra is not in the contract and stays in MySQL only",
		"warning /tables/1 column stock.label has the collation utf8mb4_bin, the contract says utf8mb4_general_ci",
		"warning /tables/1 column stock.quantity: NULL is allowed: true; the contract says false",
	}, got)
}
