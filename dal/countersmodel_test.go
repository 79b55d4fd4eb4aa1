package dal_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What follows is a model, as that of copies, of how DynamoDB as the authority keeps the
// number of records in an item. K counts what refers to it; a record comes or goes in one
// step, which leaves a mark. K is changed and keeps the number that its item has, or is put
// and has none; two relays carry out the marks, and each may die at any step. It is right if K's
// number is what refers to K, once no mark is left and nobody is at work.

// counterRules are the rules. Each of them false is a weaker protocol.
type counterRules struct {
	marked      bool // who comes or goes leaves a mark
	stamped     bool // a renewal writes only where K's stamp is the one that was read
	stampFirst  bool // it reads K before it counts
	alwaysNew   bool // it writes, and stamps, although the number is right
	cleanedLast bool // a mark is removed after the renewal
	carried     bool // a change of K that keeps the number does so only where K's stamp is the one that was read
	restamped   bool // every write of K gives it a new stamp
	own         bool // a put of K leaves a mark
}

func allCounterRules() counterRules {
	return counterRules{true, true, true, true, true, true, true, true}
}

type countedK struct{ number, stamp int8 } // number -1 is none

// A counterState is a state of the model.
type counterState struct {
	refer  int8 // how many refer to K
	k      countedK
	marks  [4]bool // that are left
	left   int8    // how many were
	coming int8    // what comes and goes is still to do: one more, or one less
	writes int8    // of K, likewise
	writer struct {
		at, op int8 // at 1 it has read K; op 0 changes and 1 puts it
		read   countedK
	}
	relays [2]counterRelay
}

type counterRelay struct {
	at, mark int8 // at 0 idle, 1 has a mark, 2 has read the one, 3 and the other, 4 is done
	read     countedK
	number   int8
}

func (s *counterState) leave() {
	s.marks[s.left] = true
	s.left++
}

// put writes K. Stamps are numbered by whoever has seen one.
func (s *counterState) put(number int8, r counterRules) {
	s.k.number = number
	if !r.restamped {
		return
	}
	used := map[int8]bool{s.k.stamp: true, s.writer.read.stamp: true}
	for _, relay := range s.relays {
		used[relay.read.stamp] = true
	}
	for stamp := int8(0); ; stamp++ {
		if !used[stamp] {
			s.k.stamp = stamp
			return
		}
	}
}

// next returns every state that one step leads to.
func (s counterState) next(r counterRules) []counterState {
	var all []counterState
	step := func(do func(n *counterState)) {
		n := s
		do(&n)
		all = append(all, n)
	}
	if s.coming > 0 {
		for _, by := range []int8{1, -1} {
			if s.refer+by >= 0 {
				step(func(n *counterState) {
					n.coming--
					n.refer += by
					if r.marked {
						n.leave()
					}
				})
			}
		}
	}
	if s.writer.at == 0 && s.writes > 0 {
		for op := range int8(2) {
			step(func(n *counterState) { n.writes--; n.writer.at, n.writer.op, n.writer.read = 1, op, s.k })
		}
	}
	if s.writer.at == 1 {
		step(func(n *counterState) {
			n.writer.at, n.writer.read = 0, countedK{}
			switch {
			case s.writer.op == 1:
				n.put(-1, r)
				if r.own {
					n.leave()
				}
			case s.k == s.writer.read || !r.carried: // else it begins again, as if it had not begun
				n.put(s.writer.read.number, r)
			}
		})
	}
	for i := range s.relays {
		s.nextRelay(r, i, step)
	}
	return all
}

func (s counterState) nextRelay(r counterRules, i int, step func(func(*counterState))) {
	at := s.relays[i]
	to := func(change func(n *counterState, relay *counterRelay)) {
		step(func(n *counterState) { change(n, &n.relays[i]) })
	}
	if at.at != 0 {
		to(func(_ *counterState, relay *counterRelay) { *relay = counterRelay{} }) // it dies, or gives up
	}
	kFirst := r.stampFirst == (at.at == 1)
	switch at.at {
	case 0:
		for mark := range s.left {
			if s.marks[mark] {
				to(func(n *counterState, relay *counterRelay) {
					*relay = counterRelay{at: 1, mark: mark}
					if !r.cleanedLast {
						n.marks[mark] = false
					}
				})
			}
		}
	case 1, 2:
		to(func(_ *counterState, relay *counterRelay) {
			relay.at++
			if kFirst {
				relay.read = s.k
			} else {
				relay.number = s.refer
			}
		})
	case 3:
		to(func(n *counterState, relay *counterRelay) {
			switch {
			case r.stamped && s.k != at.read:
				*relay = counterRelay{at: 1, mark: at.mark}
				return
			case r.alwaysNew || at.read.number != at.number:
				n.put(at.number, r)
			}
			*relay = counterRelay{at: 4, mark: at.mark}
		})
	case 4:
		to(func(n *counterState, relay *counterRelay) {
			n.marks[at.mark] = false
			*relay = counterRelay{}
		})
	}
}

func (s counterState) wrong() bool {
	return s.marks == [4]bool{} && s.relays == [2]counterRelay{} && s.writer.at == 0 && s.k.number != s.refer
}

// explore returns how many states there are, and whether one is wrong.
func (r counterRules) explore(coming, writes int8) (states int, wrong bool) {
	first := counterState{refer: 1, k: countedK{number: 1}, coming: coming, writes: writes}
	seen := map[counterState]bool{first: true}
	for todo := []counterState{first}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.wrong() {
			return len(seen), true
		}
		for _, n := range s.next(r) {
			if !seen[n] {
				seen[n] = true
				todo = append(todo, n)
			}
		}
	}
	return len(seen), false
}

// TestCountersModel: no order of steps leaves a wrong number without a mark, and without any
// one of the rules some order does.
func TestCountersModel(t *testing.T) {
	sizes := [][2]int8{{2, 0}, {1, 1}, {2, 1}, {1, 2}, {3, 0}}
	for _, of := range sizes {
		states, wrong := allCounterRules().explore(of[0], of[1])
		require.False(t, wrong, "%v", of)
		t.Logf("%v: %d states", of, states)
	}
	for name, weaken := range map[string]func(*counterRules){
		"who comes leaves no mark":                       func(r *counterRules) { r.marked = false },
		"a renewal does not look at the stamp":           func(r *counterRules) { r.stamped = false },
		"it counts before it reads K":                    func(r *counterRules) { r.stampFirst = false },
		"a number that is right is left alone":           func(r *counterRules) { r.alwaysNew = false },
		"a mark is removed before the renewal":           func(r *counterRules) { r.cleanedLast = false },
		"a change of K puts the number back it has read": func(r *counterRules) { r.carried = false },
		"a write keeps the stamp":                        func(r *counterRules) { r.restamped = false },
		"a put of K leaves no mark":                      func(r *counterRules) { r.own = false },
	} {
		r := allCounterRules()
		weaken(&r)
		found := false
		for _, of := range sizes {
			_, wrong := r.explore(of[0], of[1])
			found = found || wrong
		}
		require.True(t, found, name)
	}
}
