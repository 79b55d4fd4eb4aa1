package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// TestParity: the service answers alike in every phase and beside every step,
// whoever keeps the notes.
func TestParity(t *testing.T) {
	for _, e := range enginetest.DynamoDBEngines(t) {
		t.Run(e.Kind(), func(t *testing.T) {
			paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
				s, ctl, err := open(t.Context(), &local.Engines{MySQL: enginetest.MySQLServer(t), DynamoDB: e})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, local.Shut(ctl)); require.NoError(t, s.Clear()) })
				notes, err := dal.NewRepository[Note](ctl, "notes")
				require.NoError(t, err)
				for i := range int64(45) { // three pages, as a service had them before
					n := Note{UserID: "bob", ID: strings.Repeat(string(rune('a'+i%5)), int(i)/5+1), Content: "old", CreatedAt: i}
					require.NoError(t, notes.Create(t.Context(), &n))
				}
				return paritytest.Service[http.Handler]{API: newServer(notes), Controller: ctl}
			}, requests(), &paritytest.Options{Varies: []string{"$..noteId", "$..createdAt"}})
		})
	}
}

func requests() []paritytest.Request {
	ann, bob := map[string]string{"X-User-Id": "ann"}, map[string]string{"X-User-Id": "bob"}
	id := func(name string) map[string]string { return map[string]string{name: "$.noteId"} }
	return []paritytest.Request{
		{Path: "/notes"},
		{Path: "/notes", Header: ann},
		{Method: "POST", Path: "/notes", Header: ann, Body: `{"content":"first"}`, Save: id("first")},
		{Method: "POST", Path: "/notes", Header: ann, Body: `{"content":"sécond 😀","attachment":""}`, Save: id("second")},
		{Method: "POST", Path: "/notes", Header: ann, Body: `{"content":`},
		{Path: "/notes", Header: ann},
		{Path: "/notes/{first}", Header: ann},
		{Path: "/notes/{first}", Header: bob},
		{Method: "PUT", Path: "/notes/{first}", Header: ann, Body: `{"content":"changed","attachment":"a.png"}`},
		{Method: "PUT", Path: "/notes/other", Header: ann, Body: `{"content":"changed"}`},
		{Method: "DELETE", Path: "/notes/{second}", Header: ann},
		{Method: "DELETE", Path: "/notes/{second}", Header: ann},
		{Path: "/notes", Header: ann},
		{Path: "/notes", Header: bob, Save: map[string]string{"next": "$.next"}},
		{Path: "/notes?cursor={next}", Header: bob, Save: map[string]string{"last": "$.next"}},
		{Path: "/notes?cursor={last}", Header: bob},
		{Path: "/notes?cursor={last}", Header: ann},
		{Path: "/notes?cursor=none", Header: bob},
	}
}

// TestRun: the command serves, walks through the phases and clears up.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &watched{until: "1 again", then: stop}
	args := []string{"--listen", "127.0.0.1:0", "--walk", "1ms", "--dynamodb-endpoint", enginetest.DynamoDBEngines(t)[0].Endpoint()}
	if server := enginetest.MySQLServer(t); !server.IsSubstitute() {
		args = append(args, "--mysql", server.DSN(""))
	}
	require.NoError(t, run(ctx, args, out))
	for _, part := range []string{"serving at http://127.0.0.1:", "phase 4, DynamoDB leads", "phase 5", "phase 1 again"} {
		require.Contains(t, out.String(), part)
	}
}

// A watched output calls then once it has the text.
type watched struct {
	strings.Builder
	until string
	then  func()
}

func (w *watched) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.until) {
		w.then()
	}
	return w.Builder.Write(p)
}
