package transform

import (
	"strings"
	"unicode"
)

// A columnNames finds columns of an entity by name while they become more. Own
// columns come first: those that are guessed move the others.
type columnNames struct {
	folded map[string]int // positions of own columns, by their names as MySQL compares them
	own    map[string]int // and by the names as they are
	others map[string]int // of the others, counted from the end of the own ones
	// ownSeen and othersSeen are how many columns are in there.
	ownSeen, othersSeen int
}

func newColumnNames() columnNames {
	return columnNames{folded: make(map[string]int), own: make(map[string]int), others: make(map[string]int)}
}

// update takes in the columns that are new. Of two with one name the first counts.
func (n *columnNames) update(columns []Column) {
	add := func(to map[string]int, name string, at int) {
		if _, again := to[name]; !again {
			to[name] = at
		}
	}
	for ; n.ownSeen < len(columns) && columns[n.ownSeen].IsOwn(); n.ownSeen++ {
		name := columns[n.ownSeen].Name
		add(n.own, name, n.ownSeen)
		add(n.folded, folded(name), n.ownSeen)
	}
	for ; n.ownSeen+n.othersSeen < len(columns); n.othersSeen++ {
		add(n.others, columns[n.ownSeen+n.othersSeen].Name, n.othersSeen)
	}
}

// position returns where the column of that name is, -1 if there is none.
func (n *columnNames) position(name string) int {
	if i, ok := n.own[name]; ok {
		return i
	}
	if i, ok := n.others[name]; ok {
		return n.ownSeen + i
	}
	return -1
}

// folded returns the same text for two names exactly if strings.EqualFold takes
// them for equal.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		first := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			first = min(first, next)
		}
		return first
	}, name)
}
