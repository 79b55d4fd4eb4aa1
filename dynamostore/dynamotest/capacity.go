package dynamotest

import (
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// Bytes that one unit reads or writes (Developer Guide, "DynamoDB read and
// write operations").
const (
	readUnit  = 4 << 10
	writeUnit = 1 << 10
)

// writeUnits returns what writing so many bytes costs; also what is not there
// costs one.
func writeUnits(size int) float64 { return float64(max(1, (size+writeUnit-1)/writeUnit)) }

// readUnits returns what reading so many bytes costs: half of it if the read
// need not be consistent.
func readUnits(size int, consistent bool) float64 {
	n := float64(max(1, (size+readUnit-1)/readUnit))
	if !consistent {
		n /= 2
	}
	return n
}

// units is what an operation used of a table and its indexes.
type units struct {
	table   float64
	indexes map[*index]float64
}

func (u *units) add(x *index, n float64) {
	if u.indexes == nil {
		u.indexes = map[*index]float64{}
	}
	u.indexes[x] += n
}

// plus adds other, times as often: transactions do everything twice.
func (u *units) plus(other *units, times float64) {
	u.table += times * other.table
	for x, n := range other.indexes {
		u.add(x, times*n)
	}
}

func (u *units) total() float64 {
	sum := u.table
	for _, n := range u.indexes {
		sum += n
	}
	return sum
}

// What ReturnConsumedCapacity can ask for.
const (
	capacityNone    = "NONE"
	capacityTotal   = "TOTAL"
	capacityIndexes = "INDEXES"
)

// A consumedCapacity is the wire form of units.
type consumedCapacity struct {
	TableName              string
	CapacityUnits          float64
	ReadCapacityUnits      float64             `json:",omitempty"`
	WriteCapacityUnits     float64             `json:",omitempty"`
	Table                  *capacity           `json:",omitempty"`
	LocalSecondaryIndexes  map[string]capacity `json:",omitempty"`
	GlobalSecondaryIndexes map[string]capacity `json:",omitempty"`
}

type capacity struct {
	CapacityUnits      float64
	ReadCapacityUnits  float64 `json:",omitempty"`
	WriteCapacityUnits float64 `json:",omitempty"`
}

// consumed returns the wire form of what a table's operation used.
func (u *units) consumed(table, mode string) consumedCapacity {
	c := consumedCapacity{TableName: table, CapacityUnits: u.total()}
	if mode != capacityIndexes {
		return c
	}
	c.Table = &capacity{CapacityUnits: u.table}
	for x, n := range u.indexes {
		to := &c.LocalSecondaryIndexes
		if x.global {
			to = &c.GlobalSecondaryIndexes
		}
		if *to == nil {
			*to = map[string]capacity{}
		}
		(*to)[x.name] = capacity{CapacityUnits: n}
	}
	return c
}

// capacity appends ConsumedCapacity to the reply, if it was asked for.
func (c *call) capacity(table, mode string, u *units) {
	if wantsCapacity(mode) {
		c.value("ConsumedCapacity", u.consumed(table, mode))
	}
}

func wantsCapacity(mode string) bool { return mode == capacityTotal || mode == capacityIndexes }

func checkCapacityMode(mode string) error {
	return oneOf(mode, "returnConsumedCapacity", capacityIndexes, capacityTotal, capacityNone)
}

// A tally sums up what an operation on several tables used.
type tally struct {
	tables []string // in the order of their first use
	used   map[string]*units
}

func (y *tally) add(table string, u *units, times float64) {
	if y.used == nil {
		y.used = map[string]*units{}
	}
	if y.used[table] == nil {
		y.tables = append(y.tables, table)
		y.used[table] = &units{}
	}
	y.used[table].plus(u, times)
}

// A direction tells which of the two kinds of units a transaction used.
type direction int

const (
	neither direction = iota
	reading
	writing
)

// tally appends ConsumedCapacity for every table, if it was asked for.
func (c *call) tally(mode string, y *tally, d direction) {
	if !wantsCapacity(mode) {
		return
	}
	list := make([]consumedCapacity, len(y.tables))
	for i, name := range y.tables {
		list[i] = y.used[name].consumed(name, mode)
		list[i].turn(d)
	}
	c.value("ConsumedCapacity", list)
}

// turn says of what kind the units are.
func (c *consumedCapacity) turn(d direction) {
	switch d {
	case reading:
		c.ReadCapacityUnits = c.CapacityUnits
		if c.Table != nil {
			c.Table.ReadCapacityUnits = c.Table.CapacityUnits
		}
	case writing:
		c.WriteCapacityUnits = c.CapacityUnits
		if c.Table != nil {
			c.Table.WriteCapacityUnits = c.Table.CapacityUnits
		}
	}
}

// collection appends ItemCollectionMetrics, if they were asked for and the
// table has local indexes, whose collections have a size limit.
func (c *call) collection(t *table, mode string, key attr.Item) {
	if mode != "SIZE" || !t.hasLocalIndexes() {
		return
	}
	hash := t.keys.hash.Name
	c.value("ItemCollectionMetrics", map[string]any{
		"ItemCollectionKey":   attr.Item{hash: key[hash]},
		"SizeEstimateRangeGB": []float64{0, 1},
	})
}

func (t *table) hasLocalIndexes() bool {
	for _, x := range t.indexes {
		if !x.global {
			return true
		}
	}
	return false
}
