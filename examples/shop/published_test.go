package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// varyingTexts are what is another one each time.
var varyingTexts = regexp.MustCompile(`"(token|transactionId)":"[^"]+"`)

// TestPublishedShapes: a client of the published API reads from each of the 48 patterns,
// and from what they refuse, what it always read: names, nulls, numbers, times. It is
// asked where MySQL is alone, as the service was before; TestParity has it that the
// other phases answer alike. A new request of testdata/published.txt fails the test with
// the answer to look at.
func TestPublishedShapes(t *testing.T) {
	tokens := map[string]string{}
	engines := &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: quickEngine(t)}
	answered := &tally{}
	service := newTestShop(t, engines, func(t testing.TB, s *shop) {
		stocked(t, s)
		for id, name := range []string{1: "Sam_Sells", 2: "bob", 3: "cy_", 4: "ada", 5: "tess"} {
			token, err := s.token(User{ID: int64(id)})
			require.NoError(t, err)
			tokens[name] = token
		}
	})
	h := answered.of(service.API)
	script, err := os.ReadFile("testdata/published.txt")
	require.NoError(t, err)
	request := regexp.MustCompile(`^(?:(\w+): )?(GET|POST|PUT|DELETE) (\S+) ?(.*)$`)
	got := ""
	for line := range strings.Lines(string(script)) {
		line = strings.TrimSuffix(line, "\n")
		parts := request.FindStringSubmatch(line)
		if parts == nil {
			if line == "" || line[0] == '#' {
				got += line + "\n"
			}
			continue // an answer
		}
		r := httptest.NewRequestWithContext(t.Context(), parts[2], parts[3], strings.NewReader(parts[4]))
		if who := parts[1]; who != "" {
			require.Contains(t, tokens, who, line)
			r.Header.Set("Authorization", "Bearer "+tokens[who])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"), line)
		require.True(t, json.Valid(w.Body.Bytes()), line)
		body := varyingTexts.ReplaceAllString(strings.TrimSuffix(w.Body.String(), "\n"), `"$1":"($1)"`)
		got += line + "\n" + strconv.Itoa(w.Code) + " " + body + "\n"
	}
	require.Equal(t, string(script), got)
	answered.every(t)
}
