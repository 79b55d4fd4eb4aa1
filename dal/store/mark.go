package store

import "fmt"

// A State is a store's own mark: whether it may be written as the authority. It
// holds in the epoch that is kept with it.
type State uint8

// The states of a mark.
const (
	// Open: the store is the authority.
	Open State = iota + 1
	// Closed: it is the authority, and nothing more may be written in this
	// epoch. A fence lets no write pass, and no lease is granted or renewed.
	// Bumps and cleans pass, for a drain needs them.
	Closed
	// GivenAway: the other store is the authority. This one may be its
	// follower.
	GivenAway
	// Sealed is GivenAway, and refreshes are refused too: the authority is
	// about to come here, and nothing may land while the other store is looked
	// through for the last time.
	Sealed
)

var stateNames = [...]string{"none", "open", "closed", "given-away", "sealed"}

// String returns the state's name: "given-away".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// ParseState returns the state with that name, 0 if there is none.
func ParseState(name string) State {
	for i, n := range stateNames {
		if i > 0 && n == name {
			return State(i)
		}
	}
	return 0
}

// CheckAdvance returns why a store's record can't become to, nil if it can. It
// is what every store's Advance asks, so that no store can be brought to a mark
// that the hand-off does not know.
//
//	from        to          epoch   when
//	open        open        +1      a step that leaves the authority where it is
//	open        closed      same    a hand-off begins
//	closed      closed      same    its driver is alive, or another one takes over
//	closed      open        same    it is given up
//	closed      open        +1      capture begins where leases, not a fence, hold writes
//	closed      given away  up      the point of no return, or as for open
//	open        given away  up      the other store was opened while this one was lost
//	given away  given away  any up  a copy of the authority's record
//	given away  sealed      same    before the last look through the other store
//	sealed      given away  any up  that look found something
//	sealed      sealed      same    the driver is alive
//	given away  open        up      the authority comes here
//	sealed      open        up      the authority comes here
func CheckAdvance(from, to PhaseRecord) error {
	if !to.Phase.Valid() || to.State < Open || to.State > Sealed {
		return fmt.Errorf("%v, %v is no record", to.Phase, to.State)
	}
	if to.Epoch>>(64-FloorBits) != 0 {
		return fmt.Errorf("there are no more epochs")
	}
	same, next, up := to.Epoch == from.Epoch, to.Epoch == from.Epoch+1, to.Epoch > from.Epoch
	ok := false
	switch from.State {
	case Open:
		ok = to.State == Open && next || to.State == Closed && same || to.State == GivenAway && up
	case Closed:
		ok = to.State == Closed && same || to.State == Open && (same || next) || to.State == GivenAway && up
	case GivenAway, Sealed:
		ok = to.State == GivenAway && (same || up) || to.State == Sealed && same || to.State == Open && up
	}
	if !ok {
		return fmt.Errorf("%v at epoch %d can't follow %v at epoch %d", to.State, to.Epoch, from.State, from.Epoch)
	}
	return nil
}
