package migrationctl

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
)

// TestStandings reads testdata/standings.txt aloud.
func TestStandings(t *testing.T) {
	f, err := os.Open("testdata/standings.txt")
	require.NoError(t, err)
	defer f.Close()
	lines := 0
	for scan := bufio.NewScanner(f); scan.Scan(); {
		words := strings.Fields(scan.Text())
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		require.Len(t, words, 4, scan.Text())
		lines++
		t.Run(strings.Join(words, " "), func(t *testing.T) {
			s := judge(readLook(t, words[0]), readLook(t, words[1]), words[2] == "lease")
			require.Equal(t, words[3], saidOf(s))
			require.Equal(t, s.leader == nobody, s.why != "", "who sees no leader is told why")
		})
	}
	require.Greater(t, lines, 15)
}

func readLook(t *testing.T, text string) look {
	if text == "?" {
		return look{err: errors.New("refused")}
	}
	var phase, epoch int
	var state string
	_, err := fmt.Sscanf(strings.ReplaceAll(text, "@", " "), "%1d%s %d", &phase, &state, &epoch)
	require.NoError(t, err, text)
	require.NotZero(t, store.ParseState(state), text)
	return look{record: store.PhaseRecord{Phase: store.Phase(phase), State: store.ParseState(state), Epoch: uint64(epoch)}}
}

func saidOf(s standing) string {
	switch {
	case s.between:
		return "between"
	case s.leader == mysqlSide:
		return "mysql"
	case s.leader == dynamoSide:
		return "dynamodb"
	}
	return "nobody"
}
