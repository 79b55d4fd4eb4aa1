package fleet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// A Value is what a record holds at one moment.
type Value struct {
	Live  bool
	Count int    // of updates since it was created or put
	Mark  string // of the operation that wrote it, of which no two have the same
}

func (v Value) String() string {
	if !v.Live {
		return "nothing"
	}
	return fmt.Sprintf("%s, counted %d", v.Mark, v.Count)
}

// A Verb is what an operation does.
type Verb uint8

// The operations of a history. An Add is an update that counts up.
const (
	Get Verb = iota + 1
	Create
	Put
	Add
	Delete
)

func (v Verb) String() string {
	return [...]string{"?", "get", "create", "put", "add", "delete"}[min(v, Delete)]
}

// An Answer is how an operation ended.
type Answer uint8

// The answers. A read that failed, and a write that was not applied for another
// reason than these, says nothing and is no part of a history.
const (
	Done     Answer = iota + 1
	Exists          // a create found a record
	NotFound        // an update or a delete found none
	Unknown         // a write may have happened, or may happen later
)

// An Operation is one operation on one key.
type Operation struct {
	Client  string
	Key     string
	Verb    Verb
	Value   Value  // that is written; that was read
	Before  *Value // what an Add found, where it is known
	Answer  Answer
	Call    time.Duration
	Return  time.Duration // of no meaning if the answer is Unknown
	Comment string
}

func (o Operation) String() string {
	text := fmt.Sprintf("%11.6f – %11.6f %s %s %s", o.Call.Seconds(), o.Return.Seconds(), o.Client, o.Verb, o.Key)
	switch {
	case o.Answer == Unknown:
		text = fmt.Sprintf("%11.6f – %11s %s %s %s", o.Call.Seconds(), "?", o.Client, o.Verb, o.Key)
		text += fmt.Sprintf(" (%v)", o.Value)
	case o.Answer == Exists:
		text += " = exists"
	case o.Answer == NotFound:
		text += " = not found"
	case o.Verb == Get:
		text += " = " + o.Value.String()
	default:
		text += fmt.Sprintf(" %v", o.Value.Mark)
	}
	if o.Before != nil {
		text += fmt.Sprintf(", found %v", *o.Before)
	}
	return text + o.Comment
}

// A History is what clients did and were told. It is safe for concurrent use.
type History struct {
	mu  sync.Mutex
	all []Operation
}

// Add adds an operation.
func (h *History) Add(o Operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, o)
}

// Len is how many operations there are.
func (h *History) Len() int { return len(h.all) }

// Of returns a key's operations in the order in which they began.
func (h *History) Of(key string) []Operation {
	var of []Operation
	for _, o := range h.all {
		if o.Key == key {
			of = append(of, o)
		}
	}
	slices.SortFunc(of, func(a, b Operation) int { return strings.Compare(a.String(), b.String()) })
	return of
}

// Keys returns the keys of all operations.
func (h *History) Keys() []string {
	var keys []string
	for _, o := range h.all {
		keys = append(keys, o.Key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// checkTime bounds, in real time, how long the order of a key's operations is
// looked for.
const checkTime = 20 * time.Second

// Check returns the first key whose operations could not have happened one after
// the other, each between its call and its return, "" if there is none. unsure
// names those for which that could not be found out in time.
func (h *History) Check() (wrong string, unsure []string) {
	for _, key := range h.Keys() {
		switch porcupine.CheckOperationsTimeout(register, operations(h.Of(key)), checkTime) {
		case porcupine.Illegal:
			return key, unsure
		case porcupine.Unknown:
			unsure = append(unsure, key)
		}
	}
	return "", unsure
}

func operations(all []Operation) []porcupine.Operation {
	list := make([]porcupine.Operation, len(all))
	for i, o := range all {
		list[i] = porcupine.Operation{ClientId: i, Input: o, Call: int64(o.Call), Return: int64(o.Return)}
		if o.Answer == Unknown {
			list[i].Return = math.MaxInt64
		}
	}
	return list
}

// register is one record by itself.
var register = porcupine.Model{
	Init: func() any { return Value{} },
	Step: func(state, input, _ any) (bool, any) {
		ok, next := input.(Operation).step(state.(Value))
		return ok, next
	},
}

// step reports whether the operation can happen in a state, and what it leaves.
func (o Operation) step(now Value) (bool, Value) {
	if o.Answer == Unknown {
		return true, o.maybe(now)
	}
	switch o.Verb {
	case Get:
		return now == o.Value, now
	case Create:
		if o.Answer == Exists {
			return now.Live, now
		}
		return !now.Live, o.Value
	case Put:
		return true, o.Value
	}
	if o.Answer == NotFound {
		return !now.Live, now
	}
	if !now.Live || o.Before != nil && *o.Before != now {
		return false, now
	}
	if o.Verb == Delete {
		return true, Value{}
	}
	return true, Value{true, now.Count + 1, o.Value.Mark}
}

// maybe is what a write leaves of which nobody knows whether it happened. It may
// also happen after everything else, which is as if it had not.
func (o Operation) maybe(now Value) Value {
	switch {
	case o.Verb == Put, o.Verb == Create && !now.Live:
		return o.Value
	case o.Verb == Delete:
		return Value{}
	case o.Verb == Add && now.Live:
		return Value{true, now.Count + 1, o.Value.Mark}
	}
	return now
}

// Keep leaves only the operations that keep says yes to.
func (h *History) Keep(keep func(Operation) bool) {
	h.all = slices.DeleteFunc(h.all, func(o Operation) bool { return !keep(o) })
}
