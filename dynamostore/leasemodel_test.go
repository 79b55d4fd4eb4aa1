package dynamostore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What follows is a model of how leases and a hand-off exclude each other, explored in
// every order of its steps. A process asks for a lease twice, and may give it back; two
// drivers close the phase record, wait for the leases that are listed and open the other
// store, or anybody gives the hand-off up and opens the record again in the same epoch. A note of the process may
// arrive a second time, at any later moment. The process sends one write under a lease, which
// takes effect at any later moment. It is right if the process never holds a lease that has
// not run out while the other store is open, and if a write that it acknowledges had taken
// effect before that store was opened, which brings over what there is.

// leaseRules are the rules. Each of them false is a weaker protocol.
type leaseRules struct {
	looksFirst  bool // the process reads the record before its grant is noted
	looksLast   bool // and after it
	fromBefore  bool // it counts the lease from before it asked
	closesFirst bool // a driver reads what was granted after it has closed the record
	sameRecord  bool // it forgets what it has waited out only if the record is as it left it
	sameGrant   bool // and the lease is the one that it has seen
	validLater  bool // a write counts only if the process holds a lease when it knows of it, that or a later one
}

// A leaseState is a state of the model. Time is how often a full length has gone by.
type leaseState struct {
	open     bool // the phase record
	revision int8
	other    bool // the other store is open
	now      int8

	grants int8 // that are noted
	back   bool
	stray  bool // a note that may arrive once more

	asks    int8 // that are left
	asking  int8 // 0 no, 1 has asked, 2 has looked, 3 has noted it
	began   int8 // when
	holds   bool
	since   int8
	drivers [2]leaseDriver
	giveUps int8

	write   int8 // 0 not sent, 1 sent, 2 has taken effect, 3 acknowledged
	carried bool // it had taken effect when the other store was opened
}

type leaseDriver struct {
	at       int8 // 0 idle, 1 closed, 2 has read what is granted, 3 knows that the record is as it was, 4 done; 5 has read what is granted, and not closed
	listed   bool
	grants   int8
	closed   int8 // when
	revision int8
}

// valid reports whether the process holds a lease that has not run out.
func (s *leaseState) valid() bool { return s.holds && s.since == s.now }

func (s *leaseState) isListed() bool { return s.grants > 0 && !s.back }

func (s *leaseState) note() { s.grants, s.back = s.grants+1, false }

func (s leaseState) next(r leaseRules) (all []leaseState) {
	step := func(do func(*leaseState)) {
		n := s
		do(&n)
		all = append(all, n)
	}
	grant := func(n *leaseState) {
		n.asking, n.holds, n.since = 0, true, n.now
		if r.fromBefore {
			n.since = n.began
		}
	}
	if s.now < 2 {
		step(func(n *leaseState) { n.now++ })
	}
	looks := func(then func(*leaseState)) {
		step(func(n *leaseState) {
			if n.open {
				then(n)
			} else {
				n.asking = 0
			}
		})
	}
	switch s.asking {
	case 0:
		if s.asks > 0 {
			step(func(n *leaseState) {
				n.asks--
				n.began = n.now
				if n.asking = 1; !r.looksFirst {
					n.asking = 2
				}
			})
		}
	case 1:
		looks(func(n *leaseState) { n.asking = 2 })
	case 2:
		step(func(n *leaseState) {
			n.note()
			n.stray = true
			if n.asking = 3; !r.looksLast {
				grant(n)
			}
		})
	case 3:
		looks(grant)
	}
	if s.holds && s.asking == 0 {
		step(func(n *leaseState) { n.holds, n.back = false, true })
	}
	switch {
	case s.write == 0 && s.valid(), s.write == 1, s.write == 2 && (s.valid() || !r.validLater):
		step(func(n *leaseState) { n.write++ })
	}
	if s.stray {
		step(func(n *leaseState) { n.stray = false; n.note() })
	}
	if s.giveUps > 0 && !s.open && !s.other {
		step(func(n *leaseState) { n.open, n.revision, n.giveUps = true, n.revision+1, n.giveUps-1 })
	}
	for i := range s.drivers {
		s.drive(i, r, step)
	}
	return all
}

// drive adds the steps of a driver.
func (s leaseState) drive(i int, r leaseRules, step func(func(*leaseState))) {
	d := s.drivers[i]
	set := func(do func(n *leaseState, d *leaseDriver)) {
		step(func(n *leaseState) { do(n, &n.drivers[i]) })
	}
	list := func(n *leaseState, d *leaseDriver) { d.listed, d.grants = n.isListed(), n.grants }
	switch d.at {
	case 0, 5:
		if d.at == 0 && !r.closesFirst {
			set(func(n *leaseState, d *leaseDriver) { list(n, d); d.at = 5 })
		} else if s.open {
			set(func(n *leaseState, d *leaseDriver) {
				n.open, n.revision = false, n.revision+1
				d.closed, d.revision = n.now, n.revision
				if d.at = 1; !r.closesFirst {
					d.at = 2
				}
			})
		}
	case 1:
		set(func(n *leaseState, d *leaseDriver) { list(n, d); d.at = 2 })
	case 2:
		switch {
		case !d.listed && s.revision == d.revision && !s.open: // opening is on that condition
			set(func(n *leaseState, d *leaseDriver) { n.other, n.carried, d.at = true, n.write >= 2, 4 })
		case d.listed && s.now > d.closed && (s.revision == d.revision || !r.sameRecord):
			set(func(n *leaseState, d *leaseDriver) { d.at = 3 })
		case d.listed:
			set(func(n *leaseState, d *leaseDriver) { d.at = 1 })
		}
	case 3:
		set(func(n *leaseState, d *leaseDriver) {
			d.at = 1
			if n.grants == d.grants || !r.sameGrant {
				n.back = true
			}
		})
	}
}

// explore returns how many states there are, and whether one is wrong.
func (r leaseRules) explore() (states int, wrong bool) {
	first := leaseState{open: true, asks: 2, giveUps: 1}
	seen := map[leaseState]bool{first: true}
	for todo := []leaseState{first}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.other && (s.valid() || s.write == 3 && !s.carried) {
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

// TestLeaseModel: in no order of steps is a lease valid while the other store is open, or a
// write acknowledged that it lacks, and without any one of the rules there is such an order.
func TestLeaseModel(t *testing.T) {
	all := leaseRules{true, true, true, true, true, true, true}
	states, wrong := all.explore()
	require.False(t, wrong)
	t.Logf("%d states", states)
	for name, weaken := range map[string]func(*leaseRules){
		"the process looks after its grant is noted only":  func(r *leaseRules) { r.looksFirst = false },
		"the process looks before its grant is noted only": func(r *leaseRules) { r.looksLast = false },
		"a write counts whenever it is known of":           func(r *leaseRules) { r.validLater = false },
		"a lease counts from when it was granted":          func(r *leaseRules) { r.fromBefore = false },
		"the driver lists the leases before it closes":     func(r *leaseRules) { r.closesFirst = false },
		"it forgets leases although the record is another": func(r *leaseRules) { r.sameRecord = false },
		"it forgets a lease that was granted anew":         func(r *leaseRules) { r.sameGrant = false },
	} {
		weaker := all
		weaken(&weaker)
		_, wrong := weaker.explore()
		require.True(t, wrong, name)
	}
}
