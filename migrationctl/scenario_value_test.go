package migrationctl_test

import (
	"context"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// A stage is a phase in which a scenario about values plays: phase 1 without
// capture first, of which the backfill brings the records, and then all five.
type stage struct {
	*world
	*process
	notes *dal.Repository[Note]
	n     int64 // 0 is phase 1 without capture; else the phase
}

// bare reports whether the library behaves as if it were not there.
func (s *stage) bare() bool { return s.n == 0 }

// inEachStage plays in each world, in each stage, one after the other.
func inEachStage(t *testing.T, play func(t *testing.T, s *stage)) {
	inEachStageOf(t, storetest.ListContract, play)
}

// inEachStageOf is inEachStage on another contract of the notes.
func inEachStageOf(t *testing.T, contract func(testing.TB) *transform.Contract, play func(t *testing.T, s *stage)) {
	eachWorldOf(t, contract(t), func(t *testing.T, w *world) { throughStages(t, w, play) })
}

// byBody is storetest.ListContract with an index whose sort key can be too long.
func byBody(t testing.TB) *transform.Contract {
	const before = `"gsis": [
        {"index_name": "TitleIndex"`
	return amended(t, "lists", before, `"gsis": [
        {"index_name": "BodyIndex", "pk": "folder", "sk": "body", "projection": "KEYS_ONLY"},
        {"index_name": "TitleIndex"`)
}

func throughStages(t *testing.T, w *world, play func(t *testing.T, s *stage)) {
	t.Run("bare", func(t *testing.T) {
		p, notes := w.openNotes(t)
		play(t, &stage{w, p, notes, 0})
		require.NoError(t, p.Close(context.Background()))
	})
	w.to(t, store.MySQLOnly)
	for phase := store.MySQLOnly; phase <= store.DynamoDBOnly; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			p, notes := w.openNotes(t)
			if phase != store.MySQLOnly {
				p.step(t, phase)
			}
			if phase == store.DualWrite {
				require.NoError(t, p.Backfill(t.Context(), migrationctl.BackfillOptions{}))
			}
			play(t, &stage{w, p, notes, int64(phase)})
			if phase.HasFollower() {
				p.drained(t)
				require.Equal(t, w.texts(t, w.mysql), w.texts(t, w.dynamo))
			}
		})
	}
}

// valuesKept writes notes in every stage, each in its own user's list, and
// requires that a read of each, alone and in its list, gives in every stage what
// phase 1 gave: as JSON, byte by byte.
func valuesKept(t *testing.T, notesOf func() []Note, also func(t *testing.T, all []Note)) {
	inEachStageWith(t, func() func(*testing.T, *stage) {
		var want []string
		return func(t *testing.T, s *stage) {
			for i, note := range notesOf() {
				note.User, note.ID = s.n, int64(i)
				require.NoError(t, s.notes.Create(t.Context(), &note), "note %d", i)
			}
			for user := range s.n + 1 {
				listed := s.listed(t, user)
				for i := range listed {
					got, err := s.notes.Get(t.Context(), s.notes.Key(user, i))
					require.NoError(t, err)
					require.Equal(t, asJSON(t, listed[i]), asJSON(t, got))
					got.User = 0
					if s.bare() {
						want = append(want, asJSON(t, got))
					}
					require.Equal(t, want[i], asJSON(t, got), "note %d of stage %d, in stage %d", i, user, s.n)
				}
				require.Len(t, listed, len(want))
				also(t, listed)
			}
		}
	})
}

// inEachStageWith plays with a state of its own in each world.
func inEachStageWith(t *testing.T, fresh func() func(*testing.T, *stage)) {
	var play func(*testing.T, *stage)
	inEachStage(t, func(t *testing.T, s *stage) {
		if s.bare() {
			play = fresh()
		}
		play(t, s)
	})
}

// listed returns the notes of a user in the order of their numbers.
func (s *stage) listed(t *testing.T, user int64) []Note {
	t.Helper()
	page, err := s.notes.Page(t.Context(), dal.TableKey().Equal(user), "", 100)
	require.NoError(t, err)
	return page.Items
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func ptr[T any](v T) *T { return &v }

// TestScenario26MoneyIsExact: amounts are what was stored, to the last digit, in
// the same JSON in every phase, and their sum is right to the cent.
func TestScenario26MoneyIsExact(t *testing.T) {
	amounts := []string{"0.10", "0.20", "10.50", "99999999.99", "-0.01", "0.00", "1234567890123456789012345678901234.5678"}
	sum := new(big.Rat)
	for _, amount := range amounts {
		one, _ := new(big.Rat).SetString(amount)
		sum.Add(sum, one)
	}
	valuesKept(t, func() (all []Note) {
		for _, amount := range amounts {
			all = append(all, Note{Score: ptr(amount), Folder: ptr("f")})
		}
		return all
	}, func(t *testing.T, all []Note) {
		got := new(big.Rat)
		for i, note := range all {
			one, ok := new(big.Rat).SetString(*note.Score)
			require.True(t, ok)
			want, _ := new(big.Rat).SetString(amounts[i])
			require.Zero(t, one.Cmp(want), "%s is %s", *note.Score, amounts[i])
			got.Add(got, one)
		}
		require.Zero(t, got.Cmp(sum), "the sum is %s", got.FloatString(4))
	})
}

// TestScenario27NothingStaysNothing: NULL, empty, blank and the text "null" are
// four things.
func TestScenario27NothingStaysNothing(t *testing.T) {
	texts := []*string{nil, ptr(""), ptr(" "), ptr("\t\n"), ptr("null"), ptr("NULL"), ptr("0"), ptr("x ")}
	valuesKept(t, func() (all []Note) {
		for _, text := range texts {
			note := Note{Body: text}
			if text != nil && *text != "" {
				note.Folder, note.Title = text, text // parts of an index's key, which is never empty
			}
			all = append(all, note)
		}
		return all
	}, func(t *testing.T, all []Note) {
		for i, note := range all {
			require.Equal(t, texts[i], note.Body, "text %d", i)
		}
	})
}

// moments are those about which clocks disagree: the hour that Europe and America
// skip, the one that they repeat, the ends of the type, and NULL.
func moments(t *testing.T) []*time.Time {
	t.Helper()
	all := []*time.Time{nil}
	for _, text := range []string{
		"2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z", "2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z",
		"2024-03-10T06:59:59Z", "2024-03-10T07:00:00Z", "2024-03-10T02:30:00Z", "2024-11-03T05:30:00Z", "2024-11-03T06:30:00Z",
		"1970-01-01T00:00:01Z", "2038-01-19T03:14:07Z",
	} {
		moment, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		all = append(all, &moment)
	}
	return all
}

// TestScenario28OneTextOfAMoment: a timestamp has one text form, whether a live
// write or the backfill brought it, and in whatever zone the process has it.
func TestScenario28OneTextOfAMoment(t *testing.T) {
	var zones []*time.Location
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"} {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		zones = append(zones, zone)
	}
	turn := 0
	valuesKept(t, func() (all []Note) {
		turn++ // another zone in each stage
		for i, moment := range moments(t) {
			note := Note{Folder: ptr("f"), Edited: moment}
			if moment != nil {
				note.Edited = ptr(moment.In(zones[(turn+i)%len(zones)]))
			}
			all = append(all, note)
		}
		return all
	}, func(t *testing.T, all []Note) {
		for i, want := range moments(t) {
			if want == nil {
				require.Nil(t, all[i].Edited)
				continue
			}
			require.True(t, want.Equal(*all[i].Edited), "%s is %s", all[i].Edited, want)
		}
	})
}

// TestScenario30RefusedBeforeAnythingCommits: what DynamoDB can't hold is refused
// before anything commits; in phase 1 without capture the service stores it as
// ever, and it is counted.
func TestScenario30RefusedBeforeAnythingCommits(t *testing.T) {
	inEachStageOf(t, byBody, func(t *testing.T, s *stage) {
		fits := Note{User: 80 + s.n, Folder: ptr("f"), Body: ptr(strings.Repeat("😀", 256))}
		require.NoError(t, s.notes.Create(t.Context(), &fits), "a key of 1,024 bytes")
		there := Note{User: 50 + s.n, ID: 1, Body: ptr("as it was")}
		require.NoError(t, s.notes.Create(t.Context(), &there))
		for i, c := range []struct {
			what  string
			spoil func(*Note)
			kind  error
			field string
		}{
			{"a number", func(n *Note) { n.Weight = ptr(1e200) }, dal.ErrInvalid, "weight"},
			{"a key", func(n *Note) { n.Folder, n.Body = ptr("f"), ptr(strings.Repeat("😀", 256)+"x") }, dal.ErrTooLarge, "body"},
			{"an empty key", func(n *Note) { n.Folder, n.Title = ptr("f"), ptr("") }, dal.ErrInvalid, "title"},
		} {
			note := Note{User: 60 + s.n, ID: int64(i)}
			c.spoil(&note)
			unfit := s.Router().Stats().Unfit
			if s.bare() {
				require.NoError(t, s.notes.Create(t.Context(), &note), c.what)
				require.Equal(t, unfit+1, s.Router().Stats().Unfit, "it is reported")
				require.NoError(t, s.notes.Delete(t.Context(), s.notes.Key(note.User, note.ID)))
				continue
			}
			before := s.texts(t, s.leads(s.process))
			for name, write := range map[string]func() error{
				"create": func() error { return s.notes.Create(t.Context(), &note) },
				"put":    func() error { return s.notes.Put(t.Context(), &note) },
				"update": func() error {
					return s.notes.Update(t.Context(), s.notes.Key(there.User, there.ID), func(n *Note) error { c.spoil(n); return nil })
				},
				"unit": func() error {
					return s.Atomically(t.Context(), func(ctx context.Context, tx *dal.Tx) error {
						good := Note{User: 70 + s.n, ID: int64(i)}
						if err := s.notes.In(tx).Create(ctx, &good); err != nil {
							return err
						}
						return s.notes.In(tx).Create(ctx, &note)
					})
				},
			} {
				err := write()
				require.ErrorIs(t, err, c.kind, "%s, %s", c.what, name)
				var told *dal.Error
				require.ErrorAs(t, err, &told)
				require.Equal(t, c.field, told.Field, "%s, %s", c.what, name)
				require.Equal(t, dal.NotApplied, told.Outcome)
			}
			require.Equal(t, before, s.texts(t, s.leads(s.process)), c.what)
		}
	})
}

// TestScenario30TooLargeAnItem: an item holds 400 KB, and a row of MySQL more. In phase 1
// without capture the service stores it as ever, and it is counted.
func TestScenario30TooLargeAnItem(t *testing.T) {
	type big struct {
		ID         int64             `db:"user_id"`
		Username   string            `db:"username"`
		Email      string            `db:"email"`
		Registered *time.Time        `db:"registration_date"`
		LastLogin  *time.Time        `db:"last_login"`
		Profile    map[string]string `db:"profile_data"`
	}
	long := map[string]string{"bio": strings.Repeat("x", 400<<10)}
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.open(t, quiet())
		users, err := dal.NewRepository[big](p, "Users")
		require.NoError(t, err)
		ctx, grow := t.Context(), func(u *big) error { u.Profile = long; return nil }
		unit := func(of func(users dal.InUnit[big]) error) error {
			return p.Atomically(ctx, func(_ context.Context, tx *dal.Tx) error { return of(users.In(tx)) })
		}
		for i, c := range []struct {
			what  string
			write func(u big) error
			there bool
		}{
			{"create", func(u big) error { return users.Create(ctx, &u) }, false},
			{"put", func(u big) error { return users.Put(ctx, &u) }, true},
			{"update", func(u big) error { return users.Update(ctx, users.Key(u.ID), grow) }, true},
			{"create in a unit", func(u big) error { return unit(func(in dal.InUnit[big]) error { return in.Create(ctx, &u) }) }, false},
			{"update in a unit", func(u big) error {
				return unit(func(in dal.InUnit[big]) error { return in.Update(ctx, users.Key(u.ID), grow) })
			}, true},
			{"update at commit", func(u big) error {
				return unit(func(in dal.InUnit[big]) error { return in.UpdateAtCommit(ctx, users.Key(u.ID), grow) })
			}, true},
		} {
			u := big{ID: int64(i + 1), Username: randomName(), Email: randomName(), Profile: map[string]string{"bio": "short"}}
			if c.there {
				require.NoError(t, users.Create(ctx, &u), c.what)
			}
			unfit := p.Router().Stats().Unfit
			u.Profile = long
			require.NoError(t, c.write(u), c.what)
			require.Equal(t, unfit+1, p.Router().Stats().Unfit, "%s: it is reported", c.what)
			got, err := users.Get(ctx, users.Key(u.ID))
			require.NoError(t, err, c.what)
			require.Equal(t, u, got, c.what)
		}
	})
	inEachPhase(t, func(t *testing.T, w *world, p *process, base int64) {
		users, err := dal.NewRepository[big](p, "Users")
		require.NoError(t, err)
		there := big{ID: base, Username: randomName(), Email: randomName(), Profile: map[string]string{"bio": "short"}}
		require.NoError(t, users.Create(t.Context(), &there))
		before := w.texts(t, w.leads(p))
		require.ErrorIs(t, users.Create(t.Context(), &big{ID: base + 1, Username: randomName(), Email: randomName(), Profile: long}), dal.ErrTooLarge)
		require.ErrorIs(t, users.Update(t.Context(), users.Key(base), func(u *big) error { u.Profile = long; return nil }), dal.ErrTooLarge)
		require.Equal(t, before, w.texts(t, w.leads(p)))
	})
}
