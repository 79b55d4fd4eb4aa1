package transform

import "strings"

// treeHydration makes the reading of a tree: of the records above one, up to the root.
func (h *Hydration) treeHydration(j *Join) *obstacle {
	h.tree = true
	e := h.entity
	if why := e.hydratesFrom(j.Parent); why != nil {
		return why
	}
	if why := e.Columns[j.Parent].refersLike(&e.Columns[e.KeyColumns[0]], e); why != nil || j.Kind == JoinDepth {
		return why
	}
	return e.hydratesFrom(j.Text)
}

// climb is Value of a tree.
func (h *Hydration) climb(r Record, find func(Key) (Record, bool)) (v Value, next Key, err error) {
	j := h.entity.Columns[h.Column].Join
	path := []Record{r}
	for at := r; ; at = path[len(path)-1] {
		if at.values[j.Parent].kind == Null {
			break
		}
		key, err := h.entity.Key(at.values[j.Parent])
		if err != nil || !h.entity.canHave(key) {
			break // no record has it
		}
		above, read := find(key)
		switch {
		case !read:
			return Value{}, key, nil
		case above.IsZero():
			return h.ofPath(j, path), Key{}, nil
		case len(path) > maxTreeDepth:
			return Value{}, Key{}, h.endless(r)
		}
		path = append(path, above)
	}
	return h.ofPath(j, path), Key{}, nil
}

// ofPath is what the column shows of a record and those above it.
func (h *Hydration) ofPath(j *Join, path []Record) Value {
	if j.Kind == JoinDepth {
		return IntValue(int64(len(path) - 1))
	}
	var texts []string
	for i := len(path) - 1; i >= 0; i-- {
		if v := path[i].values[j.Text]; v.kind != Null {
			texts = append(texts, v.text)
		}
	}
	if texts == nil {
		return Value{}
	}
	return TextValue(strings.Join(texts, j.Separator))
}

// endless names the record whose tree has no end, by its key's digest.
func (h *Hydration) endless(r Record) error {
	key, err := r.Key()
	if err != nil {
		return err
	}
	return h.entity.fault(h.Column, reasonEndless+", whose key is "+key.String())
}
