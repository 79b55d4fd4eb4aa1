package mysqlstore_test

import (
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// boxesSchema has the tables of boxesText.
var boxesSchema = []string{
	"CREATE TABLE boxes (shelf VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL," +
		" code VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, PRIMARY KEY (shelf, code)) ENGINE=InnoDB",
	"CREATE TABLE things (thing_id INT AUTO_INCREMENT PRIMARY KEY, shelf VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL," +
		" box VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, name VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL) ENGINE=InnoDB",
}

// TestCollationsThatDiffer: where MySQL compares a column and takes other texts for
// equal than the contract says, or can hold others, Ready and contract check refuse it
// alike. Any other collation is a warning.
func TestCollationsThatDiffer(t *testing.T) {
	load := func(contract string) *transform.Contract {
		c, err := transform.Load([]byte(contract))
		require.NoError(t, err)
		return c
	}
	fixed := append([]string{}, strings.Split(strings.TrimSuffix(strings.TrimSpace(schemaSQL), ";"), ";")...)
	for name, c := range map[string]struct {
		contract *transform.Contract
		schema   []string // nil: the suite's
		do       string
		want     string
		fine     bool // a warning only
	}{
		"key": {contract: loadContract(t), schema: fixed, do: "ALTER TABLE stock MODIFY place VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL",
			want: "column stock.place has the collation utf8mb4_general_ci, the contract says utf8mb4_bin, which takes other texts for equal"},
		"unique, folded in MySQL only": {contract: loadContract(t), schema: fixed, do: "ALTER TABLE tickets MODIFY seat VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL",
			want: "column tickets.seat has the collation utf8mb4_general_ci, the contract says utf8mb4_bin, which takes"},
		"unique, folded in the contract only": {contract: storetest.NamesContract(t), do: "ALTER TABLE accounts MODIFY login VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL",
			want: "column accounts.login has the collation utf8mb4_bin, the contract says utf8mb4_general_ci, which takes"},
		"unique, folded otherwise": {contract: storetest.NamesContract(t), do: "ALTER TABLE accounts MODIFY title VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL",
			want: "column accounts.title has the collation utf8mb4_general_ci, the contract says utf8mb4_unicode_ci, which takes"},
		"an index of folded texts": {contract: notUnique(storetest.NamesContract(t)), do: "ALTER TABLE accounts MODIFY login VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL",
			want: "column accounts.login has the collation utf8mb4_bin, the contract says utf8mb4_general_ci, which takes"},
		"reference": {contract: storetest.FamilyContract(t), do: "ALTER TABLE toys DROP FOREIGN KEY toys_pet;" +
			"ALTER TABLE toys MODIFY pet_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL",
			want: "column toys.pet_name has the collation utf8mb4_general_ci, the contract says utf8mb4_bin, which takes"},
		"rows that are part of a record": {contract: load(boxesText), schema: boxesSchema, do: "ALTER TABLE things MODIFY box VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL",
			want: "column things.box has the collation utf8mb4_general_ci, the contract says utf8mb4_bin, which takes"},
		"character set": {contract: loadContract(t), schema: fixed, do: "ALTER TABLE stock MODIFY label VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL",
			want: "column stock.label has the collation latin1_swedish_ci, the contract says utf8mb4_general_ci, whose character set holds other texts"},
		"no comparison": {contract: loadContract(t), schema: fixed, do: "ALTER TABLE stock MODIFY label VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL",
			want: "column stock.label has the collation utf8mb4_unicode_ci, the contract says utf8mb4_general_ci", fine: true},
		"no comparison within a row": {contract: load(boxesText), schema: boxesSchema, do: "ALTER TABLE things MODIFY name VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL",
			want: "column things.name has the collation utf8mb4_general_ci", fine: true},
		"labels": {contract: storetest.DeliveryContract(t), do: "ALTER TABLE shipment_stops MODIFY state ENUM('open','done') CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL",
			want: "column shipment_stops.state has the collation utf8mb4_general_ci", fine: true},
	} {
		t.Run(name, func(t *testing.T) {
			db := openDB(t, withParams(enginetest.MySQL(t), "group_concat_max_len=16777216"))
			if c.schema == nil {
				c.schema = storetest.Schema(c.contract)
			}
			for _, statement := range c.schema {
				db.MustExec(statement)
			}
			s, err := mysqlstore.New(db, c.contract, nil)
			require.NoError(t, err)
			require.NoError(t, s.Init(t.Context()))
			require.NoError(t, s.Ready(t.Context()))
			require.Empty(t, collationFindings(t, db, c.contract))
			for _, statement := range strings.Split(c.do, ";") {
				db.MustExec(statement)
			}
			found := collationFindings(t, db, c.contract)
			require.Len(t, found, 1)
			if c.fine {
				require.Contains(t, found[0], "warning "+c.want)
				require.NoError(t, s.Ready(t.Context()))
				return
			}
			require.Contains(t, found[0], "error "+c.want)
			require.ErrorContains(t, s.Ready(t.Context()), c.want)
		})
	}
}

// notUnique takes what is unique out of a contract.
func notUnique(c *transform.Contract) *transform.Contract {
	for _, e := range c.Entities {
		e.Unique = nil
	}
	for _, src := range c.Sources {
		src.Unique = nil
	}
	return c
}

// collationFindings returns what contract check says of collations.
func collationFindings(t *testing.T, db *sqlx.DB, c *transform.Contract) []string {
	t.Helper()
	findings, err := mysqlstore.CheckLive(t.Context(), db, c)
	require.NoError(t, err)
	var all []string
	for _, f := range findings {
		if strings.Contains(f.Reason, "has the collation") {
			all = append(all, f.Severity.String()+" "+f.Reason)
		}
	}
	return all
}
