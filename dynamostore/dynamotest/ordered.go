package dynamotest

import (
	"slices"
	"sort"
)

// chunkSize bounds a chunk. Putting a key moves at most this many others.
const chunkSize = 256

// ordered is a map whose keys are in order, by their bytes. It is a list of
// short sorted lists: simpler than a tree, and as fast for what fits in memory.
type ordered struct {
	chunks []*chunk // none is empty
	count  int
}

type chunk struct {
	keys []string
	rows []*row
}

// A row is an item, or the part of one that an index holds. It never changes.
type row struct {
	item    attrItem
	primary string // the item's key in its table
	size    int
}

// find returns where key is or belongs.
func (o *ordered) find(key string) (c, i int, found bool) {
	c = sort.Search(len(o.chunks), func(c int) bool { return o.chunks[c].keys[0] > key }) - 1
	if c < 0 {
		return 0, 0, false
	}
	i, found = slices.BinarySearch(o.chunks[c].keys, key)
	return c, i, found
}

// get returns the row of a key, nil if there is none.
func (o *ordered) get(key string) *row {
	if c, i, found := o.find(key); found {
		return o.chunks[c].rows[i]
	}
	return nil
}

// set puts a row in the place of another, if any.
func (o *ordered) set(key string, r *row) {
	c, i, found := o.find(key)
	if found {
		o.chunks[c].rows[i] = r
		return
	}
	o.count++
	if len(o.chunks) == 0 {
		o.chunks = []*chunk{{}}
	}
	at := o.chunks[c]
	at.keys = slices.Insert(at.keys, i, key)
	at.rows = slices.Insert(at.rows, i, r)
	if len(at.keys) > chunkSize {
		o.chunks = slices.Insert(o.chunks, c+1, at.split())
	}
}

// split returns the second half and keeps the first. The halves share no
// memory, which appending to the first would write into.
func (c *chunk) split() *chunk {
	half := len(c.keys) / 2
	second := &chunk{keys: slices.Clone(c.keys[half:]), rows: slices.Clone(c.rows[half:])}
	clear(c.keys[half:])
	clear(c.rows[half:])
	c.keys, c.rows = c.keys[:half], c.rows[:half]
	return second
}

// remove takes a key away, if it is there.
func (o *ordered) remove(key string) {
	c, i, found := o.find(key)
	if !found {
		return
	}
	o.count--
	at := o.chunks[c]
	at.keys = slices.Delete(at.keys, i, i+1)
	at.rows = slices.Delete(at.rows, i, i+1)
	if len(at.keys) == 0 {
		o.chunks = slices.Delete(o.chunks, c, c+1)
	}
}

// ascend visits the rows from the key from on, and below to, until visit
// returns false. An empty to is no bound.
func (o *ordered) ascend(from, to string, visit func(key string, r *row) bool) {
	if len(o.chunks) == 0 {
		return
	}
	c, i, _ := o.find(from)
	for ; c < len(o.chunks); c, i = c+1, 0 {
		at := o.chunks[c]
		for ; i < len(at.keys); i++ {
			if to != "" && at.keys[i] >= to || !visit(at.keys[i], at.rows[i]) {
				return
			}
		}
	}
}

// descend is ascend from the other end of the same range.
func (o *ordered) descend(from, to string, visit func(key string, r *row) bool) {
	if len(o.chunks) == 0 {
		return
	}
	c, i := len(o.chunks)-1, 0
	if to != "" {
		c, i, _ = o.find(to)
	} else {
		i = len(o.chunks[c].keys)
	}
	for {
		at := o.chunks[c]
		for i--; i >= 0; i-- {
			if at.keys[i] < from || !visit(at.keys[i], at.rows[i]) {
				return
			}
		}
		if c--; c < 0 {
			return
		}
		i = len(o.chunks[c].keys)
	}
}

// clone returns a copy; the rows are shared.
func (o *ordered) clone() *ordered {
	copied := &ordered{chunks: make([]*chunk, len(o.chunks)), count: o.count}
	for i, c := range o.chunks {
		copied.chunks[i] = &chunk{keys: slices.Clone(c.keys), rows: slices.Clone(c.rows)}
	}
	return copied
}
