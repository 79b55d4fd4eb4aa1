package migrationctl

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

// TestGuards reads testdata/guards.txt aloud.
func TestGuards(t *testing.T) {
	script, err := os.ReadFile("testdata/guards.txt")
	require.NoError(t, err)
	steps := 0
	for _, paragraph := range strings.Split(string(script), "\n\n") {
		var lines []string
		for _, line := range strings.Split(paragraph, "\n") {
			if line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			continue
		}
		steps++
		t.Run(strings.Join(lines, "; "), func(t *testing.T) {
			var from, to int
			var capture string
			_, err := fmt.Sscanf(lines[0], "in %d %s to %d", &from, &capture, &to)
			require.NoError(t, err, lines[0])
			facts := Facts{MaxDirty: 10}
			want := lines[1:]
			if strings.HasPrefix(want[0], "facts ") {
				facts = readFacts(t, strings.Fields(want[0])[1:])
				want = want[1:]
			}
			record := store.PhaseRecord{Phase: store.Phase(from), Capture: capture == "captured,"}
			require.Equal(t, want, spoken(Guards(record, store.Phase(to), facts)))
		})
	}
	require.Greater(t, steps, 15)
}

func readFacts(t *testing.T, words []string) Facts {
	f := Facts{MaxDirty: 10}
	for _, word := range words {
		switch word {
		case "not-ready":
			f.Ready = "no tables"
		case "tables-missing":
			f.Tables = "table Users is not there"
		case "unfilled":
			f.Unfilled = []string{"Users"}
		case "dead-letters":
			f.DeadLetters = 1
		case "backlog":
			f.Dirty = 11
		case "dirty":
			f.Dirty = 1
		case "other-away":
			f.Other = "refused"
		case "unverified":
			f.Unverified = []string{"Users"}
		case "lost-column":
			f.Lost = []string{"Users.notes"}
		case "undeclared-unique":
			f.Unguarded = []string{"users.phone"}
		case "ids-spent":
			f.Spent = []string{"Users.user_id"}
		case "mismatches":
			f.Mismatches, f.MinMatched = 1, 10
		case "fallbacks":
			f.Fallbacks, f.Quiet, f.MinQuiet = 1, time.Minute, time.Hour
		case "old-fallbacks":
			f.Fallbacks, f.Quiet, f.MinQuiet = 1, time.Hour, time.Hour
		case "early":
			f.MinPrimary = time.Hour
		default:
			t.Fatalf("unknown fact %q", word)
		}
	}
	return f
}

func spoken(unmet []Unmet) []string {
	if len(unmet) == 0 {
		return []string{"goes"}
	}
	var lines []string
	for _, u := range unmet {
		kind := "comfort "
		if u.Data {
			kind = "data "
		}
		lines = append(lines, kind+u.Guard)
	}
	return lines
}

// TestMendFillsTheOtherStore: the mend of a backfill that is not complete is what has to
// be typed in that phase.
func TestMendFillsTheOtherStore(t *testing.T) {
	mends := func(from, to store.Phase, capture bool) (mends []string) {
		for _, u := range Guards(store.PhaseRecord{Phase: from, Capture: capture}, to, Facts{Unfilled: []string{"Users"}}) {
			mends = append(mends, u.Mend)
		}
		return mends
	}
	require.Equal(t, []string{"migrationctl backfill"}, mends(store.DualWrite, store.Validate, true))
	require.Equal(t, []string{"migrationctl backfill"}, mends(store.Validate, store.DynamoDBPrimary, true))
	require.Equal(t, []string{"migrationctl backfill --reverse"}, mends(store.DynamoDBOnly, store.DynamoDBPrimary, true))
	require.Equal(t, []string{"migrationctl capture on, then migrationctl backfill --reverse", "migrationctl backfill --reverse"},
		mends(store.DynamoDBOnly, store.DynamoDBPrimary, false))
}

// TestForceOverrulesComfortOnly: force never reaches a guard of data.
func TestForceOverrulesComfortOnly(t *testing.T) {
	data := Unmet{Guard: "backfill", Data: true, Reason: "not complete"}
	comfort := Unmet{Guard: "backlog", Reason: "too long"}

	require.NoError(t, refusal("step", []Unmet{comfort}, true))
	require.Error(t, refusal("step", []Unmet{comfort}, false))

	err := refusal("step", []Unmet{data, comfort}, true)
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, []Unmet{data}, refused.Unmet)
	require.NoError(t, refusal("step", nil, false))
}
