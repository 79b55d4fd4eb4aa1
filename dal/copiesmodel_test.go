package dal_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// What follows is a model of how DynamoDB as the authority keeps the copies in its items,
// explored in every order of its steps. One record, K, refers to P or to Q and has a copy
// of what that one is called; both are renamed, K is changed, moved, deleted and made
// anew, and two relays carry out the marks, each of which may die at any step. It is
// right if K's copy is what K refers to is called, once no mark is left and nobody is at
// work. The rules are those of store.FansOut and of package dynamostore.

// copyRules are the rules. Each of them false is a weaker protocol.
type copyRules struct {
	stamped     bool // a renewal writes only where K's stamp is the one that was read
	alwaysNew   bool // it writes, and stamps, although the copy is right
	kFirst      bool // it reads K before what K refers to
	carried     bool // a change of K that carries the copy over does so only where K's stamp is the one that was read
	own         bool // K's creation and move leave a mark of their own
	cleanedLast bool // a mark is removed after the renewals
	markFirst   bool // a mark is read before the records that refer to its source
	restamped   bool // every write of K gives it a new stamp
}

func allCopyRules() copyRules { return copyRules{true, true, true, true, true, true, true, true} }

// A copyState is a state of the model. Names are numbers, 0 the first.
type copyState struct {
	name  [2]int8 // of P and Q
	k     copyK
	marks [4]int8 // in the order in which they were left: markP and so on, 0 once it was removed
	left  int8    // how many were left
	// What the writers have left to do.
	renames [2]int8 // each gives the other of two names
	writes  int8    // of K
	writer  copyWriter
	relays  [2]copyRelay
	stamps  int8 // that were given
}

type copyK struct {
	live   bool
	to     int8 // 0 is P, 1 is Q
	copied int8 // -1 is none
	stamp  int8
}

// What a mark is of.
const (
	markP = iota + 1
	markQ
	markK // K's own
)

func (s *copyState) leave(mark int8) {
	s.marks[s.left] = mark
	s.left++
}

// A copyWriter changes K in two steps.
type copyWriter struct {
	at   int8 // 0 idle, 1 has read K
	read copyK
	op   int8
}

// What the writer does to K.
const (
	changeK = iota
	moveK
	deleteK
	createK
)

type copyRelay struct {
	at    int8 // 0 idle; see steps
	mark  int8 // which it is at
	of    int8 // what that is of
	found bool
	read  copyK
	name  int8 // that was read of what K refers to
}

// put writes K.
func (s *copyState) put(k copyK, r copyRules) {
	if r.restamped || k.stamp < 0 {
		s.stamps++
		k.stamp = s.stamps
	}
	s.k = k
}

// canonical returns the state with stamps numbered as they are met: what counts is which
// are equal. Relays that are alike may change places, and what one has read and is done with
// is forgotten.
func (s copyState) canonical() copyState {
	var met [4]int8
	n := 0
	number := func(stamp *int8) {
		for i := range n {
			if met[i] == *stamp {
				*stamp = int8(i)
				return
			}
		}
		met[n] = *stamp
		*stamp = int8(n)
		n++
	}
	number(&s.k.stamp)
	if s.writer.at != 0 {
		number(&s.writer.read.stamp)
	}
	for i := range s.relays {
		r := &s.relays[i]
		if r.at < 3 || r.at > 4 {
			r.read, r.name = copyK{}, 0
		} else {
			number(&r.read.stamp)
		}
	}
	s.stamps = int8(n)
	return s
}

// next returns every state that one step leads to.
func (s copyState) next(r copyRules) []copyState {
	var all []copyState
	step := func(do func(n *copyState)) {
		n := s
		do(&n)
		all = append(all, n.canonical())
	}
	for i := range 2 {
		if s.renames[i] > 0 {
			step(func(n *copyState) { n.renames[i]--; n.name[i] = 1 - n.name[i]; n.leave(int8(markP + i)) })
		}
	}
	s.nextWrite(r, step)
	for i := range s.relays {
		s.nextRelay(r, i, step)
	}
	return all
}

func (s copyState) nextWrite(r copyRules, step func(func(*copyState))) {
	if s.writer.at == 0 {
		if s.writes == 0 {
			return
		}
		ops := []int8{changeK, moveK, deleteK}
		if !s.k.live {
			ops = []int8{createK}
		}
		for _, op := range ops {
			step(func(n *copyState) { n.writes--; n.writer = copyWriter{1, s.k, op} })
		}
		return
	}
	w := s.writer
	free := s.k == w.read // what is decided upon is there still, as for any write
	if !r.carried {
		free = s.k.live == w.read.live && s.k.to == w.read.to // versions tell of K's own columns only
	}
	step(func(n *copyState) {
		n.writer = copyWriter{}
		if !free {
			return // and begins again, which is as if it had not begun
		}
		k := w.read
		switch w.op {
		case moveK:
			k.to = 1 - k.to
		case deleteK:
			n.k = copyK{copied: -1}
			return
		case createK:
			k = copyK{live: true, copied: -1, stamp: -1}
		}
		if w.op != changeK && r.own {
			n.leave(markK)
		}
		n.put(k, r)
	})
}

func (s copyState) nextRelay(r copyRules, i int, step func(func(*copyState))) {
	at := s.relays[i]
	set := func(n *copyState, to copyRelay) { n.relays[i] = to }
	if at.at != 0 {
		step(func(n *copyState) { set(n, copyRelay{}) }) // it dies, or gives up
	}
	found := func(of int8) bool { return s.k.live && (of == markK || s.k.to == of-markP) }
	clean := func(n *copyState) { n.marks[at.mark] = 0 }
	switch at.at {
	case 0: // reads a mark, or what refers
		for mark := range s.left {
			if s.marks[mark] == 0 {
				continue
			}
			step(func(n *copyState) {
				set(n, copyRelay{at: 1, mark: mark, of: s.marks[mark]})
			})
		}
		if !r.markFirst { // it knows by other ways that it had better look
			for of := int8(markP); of <= markQ; of++ {
				step(func(n *copyState) { set(n, copyRelay{at: 6, of: of, found: found(of)}) })
			}
		}
	case 6: // reads the mark
		for mark := range s.left {
			if s.marks[mark] == at.of {
				step(func(n *copyState) {
					to := at
					to.at, to.mark = 2, mark
					if !to.found {
						to.at = 5
					}
					set(n, to)
				})
			}
		}
	case 1: // reads what refers
		step(func(n *copyState) {
			to := at
			to.at, to.found = 2, found(at.of)
			if !r.cleanedLast {
				clean(n)
			}
			if !to.found {
				to.at = 5
			}
			set(n, to)
		})
	case 2: // reads K, or what it refers to
		step(func(n *copyState) {
			to := at
			to.at, to.read = 3, s.k
			to.name = s.name[s.k.to]
			if !s.k.live {
				to.at = 5
			}
			set(n, to)
		})
	case 3: // reads the other
		step(func(n *copyState) {
			to := at
			to.at = 4
			if r.kFirst {
				to.name = s.name[at.read.to]
			} else if to.read = s.k; s.k.to != at.read.to || !s.k.live {
				to.at = 2
			}
			set(n, to)
		})
	case 4: // writes
		step(func(n *copyState) {
			to := at
			to.at = 5
			same := s.k.live && s.k.to == at.read.to
			switch {
			case r.stamped && s.k != at.read, !same:
				to.at = 2
			case !r.alwaysNew && at.read.copied == at.name:
			default:
				k := s.k
				k.copied = at.name
				n.put(k, r)
			}
			set(n, to)
		})
	case 5: // is done
		step(func(n *copyState) {
			if r.cleanedLast {
				clean(n)
			}
			set(n, copyRelay{})
		})
	}
}

// wrong reports whether nothing is left to do and K's copy is not what it is to be.
func (s copyState) wrong() bool {
	return s.marks == [4]int8{} && s.relays == [2]copyRelay{} && s.writer.at == 0 && s.k.live && s.k.copied != s.name[s.k.to]
}

// explore returns how many states there are, and whether one is wrong.
func (r copyRules) explore(renames [2]int8, writes int8) (states int, wrong bool) {
	first := copyState{renames: renames, writes: writes, k: copyK{live: true}}
	seen := map[copyState]bool{first: true}
	for todo := []copyState{first}; len(todo) > 0; {
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

// TestCopiesModel: no order of steps leaves an old copy without a mark, and without any
// one of the rules some order does.
func TestCopiesModel(t *testing.T) {
	type size struct {
		renames [2]int8
		writes  int8
	}
	sizes := []size{{[2]int8{2, 0}, 1}, {[2]int8{1, 1}, 1}, {[2]int8{1, 0}, 2}, {[2]int8{2, 0}, 2}}
	for _, of := range sizes {
		states, wrong := allCopyRules().explore(of.renames, of.writes)
		require.False(t, wrong, "%v", of)
		t.Logf("%v: %d states", of, states)
	}
	for name, weaken := range map[string]func(*copyRules){
		"a renewal does not look at the stamp":        func(r *copyRules) { r.stamped = false },
		"a copy that is right is left alone":          func(r *copyRules) { r.alwaysNew = false },
		"what K refers to is read before K":           func(r *copyRules) { r.kFirst = false },
		"a change carries over what was there before": func(r *copyRules) { r.carried = false },
		"a move leaves no mark":                       func(r *copyRules) { r.own = false },
		"a mark is removed before the renewals":       func(r *copyRules) { r.cleanedLast = false },
		"what refers is read before the mark":         func(r *copyRules) { r.markFirst = false },
		"a write keeps the stamp":                     func(r *copyRules) { r.restamped = false },
	} {
		r := allCopyRules()
		weaken(&r)
		require.True(t, slices.ContainsFunc(sizes, func(of size) bool {
			_, wrong := r.explore(of.renames, of.writes)
			return wrong
		}), name)
	}
}
