package mysqlstore

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What collisions hold in memory, and how they part what is more.
const (
	maxKeysInMemory = 1 << 20 // bytes, which take some 10 MB as they are counted
	partitions      = 64
	partitionBuffer = 4 << 10 // bytes, of each file
	// maxDepth is how often a part is parted again. Entries that are together
	// after that have 24 bits in common: they are nearly all one key, and a key
	// takes the same memory however many rows have it.
	maxDepth = 4
)

// A member is a row among those that have one key.
type member struct {
	row int64  // in the order of the primary key
	id  string // as it is shown
}

// An entry is the key of one row.
type entry struct {
	hash keyHash // rows with the same collide
	// tag is zero, or what tells rows apart that only seem to collide: those with
	// the same hash do if their tags differ.
	tag keyHash
	member
}

// A collisions finds the keys that several rows have, among any number of rows in
// bounded memory: entries beyond that are parted into files by their hash, and
// one part at a time is read back.
type collisions struct {
	options DataOptions
	memory  []byte
	dir     string // "" where the files have no names
	parts   []*partition
}

// A partition is a file with the entries of some hashes.
type partition struct {
	file  *os.File
	w     *bufio.Writer
	bytes int64
}

func newCollisions(o DataOptions) *collisions { return &collisions{options: o} }

// add adds the key of a row.
func (c *collisions) add(e entry) error {
	if c.parts == nil {
		c.memory = e.append(c.memory)
		if len(c.memory) <= maxKeysInMemory {
			return nil
		}
		return c.spill()
	}
	return c.parts[e.part(0)].add(e)
}

// spill moves what is in memory to files.
func (c *collisions) spill() (err error) {
	if c.parts, c.dir, err = newPartitions(c.options.Dir); err != nil {
		return err
	}
	memory := c.memory
	c.memory = nil
	for len(memory) > 0 {
		var e entry
		e, memory = readEntry(memory)
		if err := c.parts[e.part(0)].add(e); err != nil {
			return err
		}
	}
	return nil
}

// close removes the files.
func (c *collisions) close() { closePartitions(c.parts, c.dir) }

// newPartitions makes files in a directory of their own, and takes away their
// names at once: what a process leaves behind that is killed is gone with it.
// Where a file that is open can't be removed, closePartitions does it.
func newPartitions(in string) (parts []*partition, dir string, err error) {
	if dir, err = os.MkdirTemp(in, "crossfade-keys-"); err != nil {
		return nil, "", err
	}
	for i := range partitions {
		f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(i)), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			closePartitions(parts, dir)
			return nil, "", err
		}
		_ = os.Remove(f.Name())
		parts = append(parts, &partition{file: f, w: bufio.NewWriterSize(f, partitionBuffer)})
	}
	if os.Remove(dir) == nil {
		dir = ""
	}
	return parts, dir, nil
}

func closePartitions(parts []*partition, dir string) {
	for _, p := range parts {
		p.file.Close()
	}
	if dir != "" {
		os.RemoveAll(dir)
	}
}

func (p *partition) add(e entry) error {
	n, err := p.w.Write(e.append(nil))
	p.bytes += int64(n)
	return err
}

// each calls do for the entries of the file, in the order in which they came.
func (p *partition) each(do func(entry) error) error {
	if err := p.w.Flush(); err != nil {
		return err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(p.file, 64<<10)
	for {
		head, err := r.Peek(entryHead)
		if errors.Is(err, io.EOF) && len(head) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		b := make([]byte, entryHead+int(binary.BigEndian.Uint16(head[entryHead-2:])))
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		e, _ := readEntry(b)
		if err := do(e); err != nil {
			return err
		}
	}
}

// entryHead is the length of an entry without its id: two hashes, the row, the
// id's length.
const entryHead = 16 + 16 + 8 + 2

func (e entry) append(b []byte) []byte {
	b = append(append(b, e.hash[:]...), e.tag[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.row))
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.id)))
	return append(b, e.id...)
}

func readEntry(b []byte) (e entry, rest []byte) {
	copy(e.hash[:], b)
	copy(e.tag[:], b[16:])
	e.row = int64(binary.BigEndian.Uint64(b[32:]))
	n := entryHead + int(binary.BigEndian.Uint16(b[entryHead-2:]))
	e.id = string(b[entryHead:n])
	return e, b[n:]
}

// part returns which partition an entry belongs to at a depth.
func (e entry) part(depth int) int { return int(e.hash[depth]) % partitions }

// A group is the rows of one key.
type group struct {
	rows    int64
	members []member // the first ones
	tags    []keyHash
}

// text shows the rows.
func (g group) text() string {
	var ids []string
	for _, m := range g.members {
		ids = append(ids, m.id)
	}
	if more := g.rows - int64(len(ids)); more > 0 {
		ids = append(ids, strconv.FormatInt(more, 10)+" more")
	}
	return strings.Join(ids, " = ")
}

// A groups is what collisions found.
type groups struct {
	total int64 // keys that several rows have
	rows  int64 // those rows
	first []group
	keep  int // how many first ones
	// members is how many rows of a group are kept.
	members int
}

// groups looks for collisions among all that was added.
func (c *collisions) groups() (*groups, error) {
	g := &groups{keep: c.options.Keys, members: max(c.options.Keys, 2)}
	if c.parts == nil {
		all := map[keyHash]*group{}
		for b := c.memory; len(b) > 0; {
			var e entry
			e, b = readEntry(b)
			g.count(all, e)
		}
		g.collect(all)
		return g, nil
	}
	for _, p := range c.parts {
		if err := g.partition(c.options.Dir, p, 1); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// partition looks at one part, or at the parts of it where it is more than fits.
func (g *groups) partition(in string, p *partition, depth int) error {
	if p.bytes <= maxKeysInMemory || depth >= maxDepth {
		all := map[keyHash]*group{}
		if err := p.each(func(e entry) error { g.count(all, e); return nil }); err != nil {
			return err
		}
		g.collect(all)
		return nil
	}
	parts, dir, err := p.parted(in, depth)
	defer closePartitions(parts, dir)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := g.partition(in, p, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// parted parts the entries again, into files in a directory: by a byte of their
// hashes that has not parted them yet. Whoever calls it closes the files, also
// beside an error.
func (p *partition) parted(in string, depth int) (parts []*partition, dir string, err error) {
	if parts, dir, err = newPartitions(in); err != nil {
		return nil, "", err
	}
	return parts, dir, p.each(func(e entry) error { return parts[e.part(depth)].add(e) })
}

// count adds an entry to its group. Of one that has tags, only the first row
// with each is kept.
func (g *groups) count(all map[keyHash]*group, e entry) {
	k := all[e.hash]
	if k == nil {
		k = &group{}
		all[e.hash] = k
	}
	k.rows++
	if len(k.members) >= g.members {
		return
	}
	if e.tag != (keyHash{}) {
		if slices.Contains(k.tags, e.tag) {
			return
		}
		k.tags = append(k.tags, e.tag)
	}
	k.members = append(k.members, e.member)
}

// collect takes the groups of several rows. Those that come first by their first
// rows are kept.
func (g *groups) collect(all map[keyHash]*group) {
	for _, k := range all {
		if len(k.members) < 2 {
			continue
		}
		g.total++
		g.rows += k.rows
		g.first = append(g.first, *k)
	}
	slices.SortFunc(g.first, func(a, b group) int { return cmp.Compare(a.members[0].row, b.members[0].row) })
	g.first = g.first[:min(len(g.first), g.keep)]
}
