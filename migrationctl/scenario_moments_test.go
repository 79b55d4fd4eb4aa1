package migrationctl_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/mysqlstore"
)

// A stamp is a note whose moment is text.
type stamp struct {
	User   int64    `db:"user_id"`
	ID     int64    `db:"note_id"`
	Folder *string  `db:"folder"`
	Title  *string  `db:"title"`
	Score  *string  `db:"score"`
	Weight *float64 `db:"weight"`
	Edited *string  `db:"edited"`
	Digest []byte   `db:"digest"`
	Pinned *bool    `db:"pinned"`
	Body   *string  `db:"body"`
}

// withSession returns the DSN with settings of the session, and the driver's idea of a zone.
func withSession(t *testing.T, dsn string, zone *time.Location, params map[string]string) string {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	config.Loc = zone
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	for name, value := range params {
		config.Params[name] = "'" + value + "'"
	}
	return config.FormatDSN()
}

// TestScenario28SessionsAndProcesses: other programs, whose sessions count time in zones of
// their own, have written the moments about which clocks disagree, zero and NULL before the
// library came; processes in zones of their own, whose driver is told another one, write
// them live in every phase. All of it has one text form in each phase, that of the value as
// MySQL has it.
func TestScenario28SessionsAndProcesses(t *testing.T) {
	eachDynamoDB(t, sessionsAndProcesses, "has sessions in several time zones")
}

func sessionsAndProcesses(t *testing.T, e *engine.DynamoDB) {
	if raceDetector && (e.IsSubstitute() || os.Getenv(enginetest.EnvRealAlone) == "") {
		t.Skip("with the race detector only without engines in this process: time.Local changes while these read it")
	}
	c := amended(t, "lists", `"source_column": "edited"}`, `"source_column": "edited", "zero_dates": "text"}`)
	w := newEngineWorldOf(t, e, c, faultstore.New())
	all, zero := moments(t), "0000-00-00 00:00:00"
	last := int64(len(all)) // the number of the zero date
	for i, zone := range []string{"+00:00", "+05:30", "-05:00", "+02:00"} {
		db, err := mysqlstore.OpenDB(withSession(t, w.dsn, time.UTC, map[string]string{"time_zone": zone, "sql_mode": ""}))
		require.NoError(t, err)
		defer db.Close()
		require.NoError(t, db.Ping())
		for n, moment := range all {
			var seconds any
			if moment != nil {
				seconds = moment.Unix()
			}
			db.MustExec("INSERT INTO notes (user_id, note_id, folder, edited) VALUES (?, ?, 'f', FROM_UNIXTIME(?))", 100+i, n, seconds)
		}
		db.MustExec("INSERT INTO notes (user_id, note_id, folder, edited) VALUES (?, ?, 'f', '0000-00-00 00:00:00')", 100+i, last)
		require.NoError(t, db.Close())
	}

	elsewhere, leave := w.over(t, "+02:00", "UTC")
	_, err := migrationctl.Open(t.Context(), elsewhere, w.dynamo, nil)
	require.ErrorContains(t, err, "do not count time in UTC", "the library's own sessions can't be in another zone")
	leave()

	local := time.Local
	defer func() { time.Local = local }()
	w.to(t, store.MySQLOnly)
	users := []int64{100, 101, 102, 103}
	for phase := store.MySQLOnly; phase <= store.DynamoDBOnly; phase++ {
		name := []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"}[phase-1]
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		time.Local = zone
		there := *w
		mysql, leave := w.over(t, "+00:00", name)
		there.mysql = mysql
		ctl, err := migrationctl.Open(t.Context(), there.faulty(), there.faultyDynamo(), leading())
		require.NoError(t, err)
		p := &process{Controller: ctl}
		notes, err := dal.NewRepository[Note](ctl, "Notes")
		require.NoError(t, err)
		stamps, err := dal.NewRepository[stamp](ctl, "Notes")
		require.NoError(t, err)
		if phase != store.MySQLOnly {
			p.step(t, phase)
		}
		if phase == store.DualWrite {
			require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		}
		for n, moment := range all {
			note := Note{User: int64(phase), ID: int64(n), Folder: ptr("f")}
			if moment != nil {
				note.Edited = ptr(moment.Local())
			}
			require.NoError(t, notes.Create(t.Context(), &note))
		}
		require.NoError(t, stamps.Create(t.Context(), &stamp{User: int64(phase), ID: last, Folder: ptr("f"), Edited: &zero}))
		users = append(users, int64(phase))
		for _, user := range users {
			for n, moment := range all {
				got, err := stamps.Get(t.Context(), stamps.Key(user, n))
				require.NoError(t, err)
				if moment == nil {
					require.Nil(t, got.Edited)
					continue
				}
				require.Equal(t, moment.UTC().Format(time.DateTime), *got.Edited, "of %d, in phase %d", user, phase)
				note, err := notes.Get(t.Context(), notes.Key(user, n))
				require.NoError(t, err)
				require.True(t, moment.Equal(*note.Edited), "of %d, in phase %d: %s is %s", user, phase, note.Edited, moment)
			}
			got, err := stamps.Get(t.Context(), stamps.Key(user, last))
			require.NoError(t, err)
			require.Equal(t, zero, *got.Edited, "of %d, in phase %d", user, phase)
		}
		if phase.HasFollower() {
			p.drained(t)
			require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
		}
		require.NoError(t, ctl.Close(context.Background()))
		leave() // nothing of this phase runs when time.Local becomes another one
	}
}

// over is the world's MySQL over sessions of a time zone, by a driver that is told another,
// until leave is called.
func (w *world) over(t *testing.T, session, driver string) (s *mysqlstore.Store, leave func()) {
	t.Helper()
	zone, err := time.LoadLocation(driver)
	require.NoError(t, err)
	db, err := mysqlstore.OpenDB(withSession(t, w.dsn, zone, map[string]string{"time_zone": session, "sql_mode": ""}))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	s, err = mysqlstore.New(db, w.contract, nil)
	require.NoError(t, err)
	return s, func() { require.NoError(t, db.Close()) }
}
