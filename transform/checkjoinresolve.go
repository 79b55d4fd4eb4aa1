package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// selected reads an expression over the joined row and the own one. A name alone
// is the joined row's if that has it.
func (j *joiner) selected(property, text string) (fragment.Fragment, bool) {
	return j.expression(j.at+"/"+property, text, true)
}

func (j *joiner) expression(at, text string, joinedFirst bool) (fragment.Fragment, bool) {
	f, err := fragment.Parse(text)
	if err == nil {
		f, err = f.Resolve(func(r fragment.Ref) (fragment.Ref, error) { return j.resolve(r, joinedFirst) })
	}
	if err != nil {
		j.err(at, err.Error(), "")
		return fragment.Fragment{}, false
	}
	return f, true
}

// resolve finds the column that a reference means.
func (j *joiner) resolve(r fragment.Ref, joinedFirst bool) (fragment.Ref, error) {
	last := len(j.join.Hops) - 1
	inHop := func(i int) (fragment.Ref, bool) {
		s := j.join.Hops[i].Source
		if c := s.column(r.Name); c >= 0 {
			return fragment.Ref{Table: hopAlias(i), Name: s.Columns[c].Name}, true
		}
		return fragment.Ref{}, false
	}
	inOwn := func() (fragment.Ref, bool) {
		if c := j.ownColumn(r.Name); c >= 0 {
			return fragment.Ref{Table: ownAlias, Name: j.entity.Columns[c].Name}, true
		}
		return fragment.Ref{}, false
	}
	var tries []func() (fragment.Ref, bool)
	joined := func() (fragment.Ref, bool) { return inHop(last) }
	named := lastIndex(j.called, r.Table)
	switch {
	case r.Table == "" && last >= 0 && joinedFirst:
		tries = append(tries, joined, inOwn)
	case r.Table == "" && last >= 0:
		tries = append(tries, inOwn, joined)
	case r.Table == "" || r.Table == j.entity.Source && (named < 0 || !joinedFirst):
		tries = append(tries, inOwn)
	case named >= 0:
		tries = append(tries, func() (fragment.Ref, bool) { return inHop(named) })
	default:
		return fragment.Ref{}, fmt.Errorf("%s is no table of this join: it has %s", r.Table,
			strings.Join(append([]string{j.entity.Source}, j.called...), ", "))
	}
	for _, try := range tries {
		if found, ok := try(); ok {
			return found, nil
		}
	}
	return fragment.Ref{}, fmt.Errorf("there is no column %s", r)
}

func lastIndex(list []string, s string) int {
	for i, v := range slices.Backward(list) {
		if v == s {
			return i
		}
	}
	return -1
}
