package mysqlstore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// reads returns the statements since reset that read with a lock, without their beginnings.
func (h *hooks) reads() []string {
	var all []string
	for _, query := range h.seen() {
		if _, from, ok := strings.Cut(query, " FROM `"); ok && strings.HasPrefix(query, "SELECT ") {
			all = append(all, from)
		}
	}
	return all
}

// TestNoLookWithoutNeed: without capture a delete is the statement that it always was, also
// beside others, unless what they change may go with it.
func TestNoLookWithoutNeed(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "cascades")
	c := storetest.FamilyContract(t)
	dsn := enginetest.MySQL(t)
	db := openDB(t, dsn)
	for _, statement := range storetest.Schema(c) {
		db.MustExec(statement)
	}
	pool, h := openHooked(t, dsn)
	s, err := mysqlstore.New(pool, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(t.Context()))
	remove := func(entity string, values ...any) store.Mutation {
		key, err := c.Entity(entity).KeyOf(values...)
		require.NoError(t, err)
		return store.Mutation{Op: store.Delete, Key: key}
	}
	for _, part := range []struct {
		reads int
		w     []store.Mutation
	}{
		{0, []store.Mutation{remove("Toys", 1), remove("Pets", 1, "rex"), remove("People", 1)}},
		{0, []store.Mutation{remove("Pets", 1, "rex"), remove("Rooms", 1)}},
		{2, []store.Mutation{remove("Pets", 1, "rex"), remove("Toys", 2)}}, // the pet, and its toys
	} {
		for _, statement := range []string{"DELETE FROM toys", "DELETE FROM rooms", "DELETE FROM people", "INSERT INTO people (person_id) VALUES (1)",
			"INSERT INTO pets (owner_id, name) VALUES (1, 'rex')", "INSERT INTO toys (toy_id, pet_owner, pet_name) VALUES (1, 1, 'rex'), (2, NULL, NULL)", "INSERT INTO rooms (room_id) VALUES (1)"} {
			db.MustExec(statement)
		}
		h.reset(nil, nil)
		_, err := s.Write(t.Context(), store.At{Epoch: store.FirstEpoch}, store.Write{Mutations: part.w})
		require.NoError(t, err)
		require.Len(t, h.reads(), part.reads, "%q", h.seen())
	}
}

const teamsText = `{
  "group": "teams",
  "tables": [
    {
      "table": "Teams", "type": "single-entity", "source_table": "teams", "pk": "teamId",
      "attributes": [{"name": "teamId", "type": "N", "source_table": "teams", "source_column": "team_id"}],
      "columns": [{"name": "team_id", "type": "int"}],
      "primary_key": ["team_id"]
    },
    {
      "table": "Players", "type": "single-entity", "source_table": "players", "pk": "playerId",
      "attributes": [
        {"name": "playerId", "type": "N", "source_table": "players", "source_column": "player_id"},
        {"name": "teamId", "type": "N", "source_table": "players", "source_column": "team_id"}
      ],
      "columns": [{"name": "player_id", "type": "int", "generated": "auto_increment"}, {"name": "team_id", "type": "int", "null": true}],
      "primary_key": ["player_id"],
      "sequence": {"column": "player_id"},
      "references": [{"columns": ["team_id"], "entity": "Teams", "on_delete": "cascade"}]
    }
  ]
}`

// TestAssignedIsNamedToo: a record whose id MySQL assigns is changed by the write as any
// other one, and can't go with what the same write deletes.
func TestAssignedIsNamedToo(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "cascades")
	c, err := transform.Load([]byte(teamsText))
	require.NoError(t, err)
	db := openDB(t, enginetest.MySQL(t))
	db.MustExec("CREATE TABLE teams (team_id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB")
	db.MustExec("CREATE TABLE players (player_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, team_id INT NULL," +
		" FOREIGN KEY (team_id) REFERENCES teams (team_id) ON DELETE CASCADE) ENGINE=InnoDB")
	db.MustExec("INSERT INTO teams VALUES (1)")
	s, err := mysqlstore.New(db, c, nil)
	require.NoError(t, err)
	require.NoError(t, s.Init(t.Context()))
	team, err := c.Entity("Teams").KeyOf(1)
	require.NoError(t, err)
	player := c.Entity("Players").NewRecord()
	require.NoError(t, player.Set("team_id", transform.IntValue(1)))
	w := store.Write{Mutations: []store.Mutation{{Op: store.Create, Record: player}, {Op: store.Delete, Key: team}}}
	at := store.At{Epoch: store.FirstEpoch}
	for range 2 {
		_, err = s.Write(t.Context(), at, w)
		refused(t, err, store.ErrInvalid)
		var n int
		require.NoError(t, db.Get(&n, "SELECT COUNT(*) FROM teams"))
		require.Equal(t, 1, n)

		from, err := s.Phase(t.Context())
		require.NoError(t, err)
		to := from
		to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, true, from.Epoch+1
		require.NoError(t, s.Advance(t.Context(), from, to, store.AuditEntry{}))
		at = store.At{Epoch: to.Epoch, Captured: true}
	}
}
