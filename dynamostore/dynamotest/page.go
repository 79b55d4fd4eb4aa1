package dynamotest

import (
	"time"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// maxPage is how much is read for one page, before filters.
const maxPage = 1 << 20

// A pageRead reads one page of a query or scan.
type pageRead struct {
	*call
	in         *readInput
	table      *table
	index      *index // nil for the table itself
	filter     *expr.Condition
	projection projector
	backward   bool
	from, to   string // places

	page
}

// A page is what was read.
type page struct {
	items   []attr.Item
	scanned int
	bytes   int
	fetched float64 // units for what a local index does not hold
	last    *row    // nil if there is no more
}

// parse parses the filter and the projection, after which no name and no value
// may be left. old is the filter in its old form.
func (r *pageRead) parse(env *expr.Env, old map[string]legacyCondition) (err error) {
	in := r.in
	if in.ProjectionExpression != nil {
		if r.projection, err = expr.ParseProjection(*in.ProjectionExpression, env); err != nil {
			return err
		}
	}
	if in.FilterExpression != nil {
		if r.filter, err = expr.ParseCondition(expr.KindFilter, *in.FilterExpression, env); err != nil {
			return err
		}
	}
	if err := env.Finish(); err != nil {
		return err
	}
	if in.AttributesToGet != nil {
		if r.projection, err = attributesToGet(in.AttributesToGet); err != nil {
			return err
		}
	}
	if old != nil {
		r.filter, err = expected(old, in.ConditionalOperator)
	}
	return err
}

// open finds the table and the index, and checks what needs them.
func (r *pageRead) open() error {
	name, err := checkTable(r.in.TableName)
	if err != nil {
		return err
	}
	if r.table, err = r.call.table(name); err != nil {
		return err
	}
	if err := r.checkPaths(); err != nil || r.in.IndexName == nil {
		return err
	}
	r.table.mu.RLock()
	defer r.table.mu.RUnlock()
	x := r.table.index(*r.in.IndexName)
	r.index = x
	switch {
	case x == nil:
		return invalid("The table does not have the specified index: %s", *r.in.IndexName)
	case !x.global:
		return nil
	case r.table.readable(x) != nil:
		return r.table.readable(x)
	case r.in.ConsistentRead:
		return invalid("Consistent reads are not supported on global secondary indexes")
	case r.in.Select == selectAll && x.projection.ProjectionType != projectAll:
		return invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", x.name)
	}
	return r.checkProjected()
}

// checkPaths checks the paths of the projection and of the filter.
func (r *pageRead) checkPaths() error {
	if err := r.table.checkProjection(r.projection); err != nil || r.filter == nil {
		return err
	}
	return r.table.checkScalars(r.filter.Paths())
}

// checkProjected refuses to read from a global index what it does not hold.
func (r *pageRead) checkProjected() error {
	if r.projection == nil {
		return nil
	}
	for _, p := range r.projection.Paths() {
		if !r.index.projection.has(p[0].Name) {
			return invalid("One or more parameter values were invalid: Global secondary index %s does not project [%s]", r.index.name, p[0].Name)
		}
	}
	return nil
}

// keys returns the key of what is read.
func (r *pageRead) keys() keySchema {
	if r.index != nil {
		return r.index.keys
	}
	return r.table.keys
}

// start returns the place of ExclusiveStartKey, which must be a key of the
// table, and of the index if one is read; "" if there is none.
func (r *pageRead) start() (string, error) {
	if !r.in.ExclusiveStartKey.Given() {
		return "", nil
	}
	key, err := r.in.ExclusiveStartKey.Item()
	if err != nil {
		return "", err
	}
	return r.placeOf(key)
}

func (r *pageRead) placeOf(key attr.Item) (string, error) {
	const unfit = "The provided starting key is invalid"
	names := map[string]bool{}
	for _, a := range r.table.keys.attributes() {
		names[a.Name] = true
	}
	place, ok := r.table.keys.place(key)
	if !ok {
		return "", invalid("%s: %v", unfit, errKeySchema)
	}
	if r.index != nil {
		for _, a := range r.index.keys.attributes() {
			names[a.Name] = true
		}
		at, ok := r.index.keys.place(key)
		if !ok {
			return "", invalid(unfit)
		}
		place = at + place
	}
	if len(key) != len(names) {
		return "", invalid(unfit)
	}
	return place, nil
}

// resume goes on behind a place, or begins if it is "".
func (r *pageRead) resume(start string) {
	switch {
	case start == "":
	case r.backward:
		r.to = start
	default:
		r.from = after(start)
	}
}

// asOf returns the time that the page is of; zero is now.
func (r *pageRead) asOf() time.Time {
	age := r.faults.stale
	if r.index != nil && r.index.global {
		age = max(age, r.faults.indexLag)
	}
	if r.in.ConsistentRead {
		age = 0
	}
	return r.faults.asOf(r.Now(), age)
}

// run reads the page and appends it to the reply.
func (r *pageRead) run() error {
	r.read()
	if r.in.Select != selectCount {
		r.call.items("Items", r.page.items)
	}
	r.value("Count", len(r.page.items))
	r.value("ScannedCount", r.scanned)
	if r.last != nil {
		r.item("LastEvaluatedKey", r.lastKey())
	}
	used := &units{table: readUnits(r.bytes, r.in.ConsistentRead)}
	if r.index != nil {
		used = &units{table: r.fetched, indexes: map[*index]float64{r.index: used.table}}
	}
	r.capacity(r.table.name, r.in.ReturnConsumedCapacity, used)
	return nil
}

// read fills the page.
func (r *pageRead) read() {
	limit := 0
	if r.in.Limit != nil {
		limit = *r.in.Limit
	}
	r.table.mu.RLock()
	defer r.table.mu.RUnlock()
	rows := r.table.rowsAsOf(r.index, r.asOf())
	visit := rows.ascend
	if r.backward {
		visit = rows.descend
	}
	visit(r.from, r.to, func(_ string, at *row) bool {
		r.take(at)
		if r.bytes >= maxPage || r.scanned == limit {
			r.last = at
			return false
		}
		return true
	})
}

// take adds a row to the page, if it passes the filter.
func (r *pageRead) take(at *row) {
	r.scanned++
	r.bytes += at.size
	item := at.item
	if r.needsTable() {
		if whole := r.table.rows.get(at.primary); whole != nil {
			item = whole.item
			r.fetched += readUnits(whole.size, r.in.ConsistentRead)
		}
	}
	if r.filter == nil || r.filter.Eval(item) {
		r.page.items = append(r.page.items, project(r.projection, item))
	}
}

// needsTable says whether a local index has to fetch items from its table.
func (r *pageRead) needsTable() bool {
	if r.index == nil || r.index.global || r.index.projection.ProjectionType == projectAll {
		return false
	}
	if r.in.Select == selectAll {
		return true
	}
	if r.projection != nil {
		for _, p := range r.projection.Paths() {
			if !r.index.projection.has(p[0].Name) {
				return true
			}
		}
	}
	return false
}

// lastKey returns where the next page begins.
func (r *pageRead) lastKey() attr.Item {
	key := r.table.keys.of(r.last.item)
	if r.index != nil {
		for name, v := range r.index.keys.of(r.last.item) {
			key[name] = v
		}
	}
	return key
}
