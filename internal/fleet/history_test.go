package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/fleet"
)

// TestHistory: what no register could have answered is found out, and what one
// could have is not.
func TestHistory(t *testing.T) {
	value := func(mark string, count int) fleet.Value { return fleet.Value{Live: true, Mark: mark, Count: count} }
	// op is an operation from call to end, in seconds.
	op := func(call, end int, verb fleet.Verb, answer fleet.Answer, v fleet.Value) fleet.Operation {
		return fleet.Operation{Key: "k", Verb: verb, Answer: answer, Value: v,
			Call: time.Duration(call) * time.Second, Return: time.Duration(end) * time.Second}
	}
	found := func(o fleet.Operation, v fleet.Value) fleet.Operation { o.Before = &v; return o }
	nothing := fleet.Value{}
	first := op(0, 1, fleet.Create, fleet.Done, value("a", 0))
	for name, c := range map[string]struct {
		all  []fleet.Operation
		fine bool
	}{
		"read":                    {[]fleet.Operation{first, op(2, 3, fleet.Get, fleet.Done, value("a", 0))}, true},
		"write lost":              {[]fleet.Operation{first, op(2, 3, fleet.Get, fleet.Done, nothing)}, false},
		"read beside":             {[]fleet.Operation{first, op(0, 3, fleet.Get, fleet.Done, nothing)}, true},
		"stale":                   {[]fleet.Operation{first, op(2, 3, fleet.Put, fleet.Done, value("b", 0)), op(4, 5, fleet.Get, fleet.Done, value("a", 0))}, false},
		"unknown, came":           {[]fleet.Operation{first, op(2, 3, fleet.Put, fleet.Unknown, value("b", 0)), op(9, 10, fleet.Get, fleet.Done, value("b", 0))}, true},
		"unknown, did not come":   {[]fleet.Operation{first, op(2, 3, fleet.Put, fleet.Unknown, value("b", 0)), op(9, 10, fleet.Get, fleet.Done, value("a", 0))}, true},
		"unknown, came and went":  {[]fleet.Operation{first, op(2, 3, fleet.Put, fleet.Unknown, value("b", 0)), op(4, 5, fleet.Get, fleet.Done, value("b", 0)), op(9, 10, fleet.Get, fleet.Done, value("a", 0))}, false},
		"unknown, came too early": {[]fleet.Operation{first, op(4, 5, fleet.Put, fleet.Unknown, value("b", 0)), op(2, 3, fleet.Get, fleet.Done, value("b", 0))}, false},
		"added":                   {[]fleet.Operation{first, found(op(2, 3, fleet.Add, fleet.Done, value("b", 0)), value("a", 0)), op(4, 5, fleet.Get, fleet.Done, value("b", 1))}, true},
		"added twice":             {[]fleet.Operation{first, op(2, 3, fleet.Add, fleet.Done, value("b", 0)), op(4, 5, fleet.Get, fleet.Done, value("b", 2))}, false},
		"added to something else": {[]fleet.Operation{first, found(op(2, 3, fleet.Add, fleet.Done, value("b", 0)), value("c", 0)), op(4, 5, fleet.Get, fleet.Done, value("b", 1))}, false},
		"created again":           {[]fleet.Operation{first, op(2, 3, fleet.Create, fleet.Done, value("b", 0))}, false},
		"exists":                  {[]fleet.Operation{first, op(2, 3, fleet.Create, fleet.Exists, value("b", 0))}, true},
		"not found":               {[]fleet.Operation{first, op(2, 3, fleet.Delete, fleet.NotFound, nothing)}, false},
		"deleted back":            {[]fleet.Operation{first, op(2, 3, fleet.Delete, fleet.Done, nothing), op(4, 5, fleet.Get, fleet.Done, value("a", 0))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var h fleet.History
			for _, o := range c.all {
				h.Add(o)
			}
			wrong, unsure := h.Check()
			require.Empty(t, unsure)
			require.Equal(t, c.fine, wrong == "", "%v", h.Of("k"))
		})
	}
}
