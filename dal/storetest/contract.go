package storetest

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

//go:embed testdata/contract.json
var contract []byte

//go:embed testdata/schema.sql
var schema string

// Contract returns the contract of the suite, freshly loaded. It has three
// entities:
//
//   - Users: user_id INT (the key), username and email VARCHAR and unique,
//     registration_date DATE, last_login TIMESTAMP, profile_data JSON;
//     UsernameIndex and EmailIndex.
//   - Visits: visitor VARCHAR and number INT (the key), place, rank, title,
//     note; PlaceIndex by place and rank, TitleIndex by place and title.
//   - Tickets: ticket_id INT (the key, from a sequence), area and code VARCHAR
//     and unique together.
//
// Everything but the keys may be NULL. Text compares byte by byte.
func Contract(t testing.TB) *transform.Contract {
	t.Helper()
	c, err := transform.Load(contract)
	require.NoError(t, err)
	return c
}

// Schema returns the CREATE TABLE statements of the contract's tables for
// MySQL, one statement each.
func Schema() []string {
	var statements []string
	for _, s := range strings.Split(schema, ";") {
		if s = strings.TrimSpace(s); s != "" {
			statements = append(statements, s)
		}
	}
	return statements
}
