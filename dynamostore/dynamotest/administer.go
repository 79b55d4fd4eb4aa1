package dynamotest

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"
)

type createTableInput struct {
	TableName                 *string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	BillingMode               string
	ProvisionedThroughput     *throughput
	GlobalSecondaryIndexes    []indexDefinition
	LocalSecondaryIndexes     []indexDefinition
	Tags                      []tag
	DeletionProtectionEnabled bool
	SSESpecification          *encryption
	StreamSpecification       streamSpecification
}

// A streamSpecification asks for what dynamotest does not have. It is refused:
// a test of whoever reads the stream would wait for it for ever.
type streamSpecification struct{ StreamEnabled bool }

func (s streamSpecification) check() error {
	if s.StreamEnabled {
		return invalid("StreamSpecification: dynamotest has no streams")
	}
	return nil
}

// createTable makes a table that is active at once; the reply still says
// CREATING, as the service does, so that whoever does not wait sees it.
func (c *call) createTable(in *createTableInput) error {
	name, err := checkTable(in.TableName)
	if err != nil {
		return err
	}
	if err := in.StreamSpecification.check(); err != nil {
		return err
	}
	t, err := newTable(name, in)
	if err != nil {
		return err
	}
	t.created = c.Now()
	change := settling{status: statusCreating}
	c.settle(t, change)
	if err := c.tables.add(t, c.Now()); err != nil {
		return err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	c.value("TableDescription", t.describe(&change))
	return nil
}

func newTable(name string, in *createTableInput) (*table, error) {
	kinds, err := attributeKinds(in.AttributeDefinitions)
	if err != nil {
		return nil, err
	}
	keys, err := readKeySchema(in.KeySchema, kinds, false)
	if err != nil {
		return nil, err
	}
	bills, err := setBilling(in.BillingMode, in.ProvisionedThroughput)
	if err != nil {
		return nil, err
	}
	if err := in.SSESpecification.check(); err != nil {
		return nil, err
	}
	t := &table{
		name: name, id: newID(), keys: keys, attributes: in.AttributeDefinitions, billing: bills,
		protected: in.DeletionProtectionEnabled, encryption: in.SSESpecification, rows: &ordered{}, claims: map[string]*claim{},
	}
	if err := t.addIndexes(in, kinds); err != nil {
		return nil, err
	}
	if err := t.usesAll(kinds); err != nil {
		return nil, err
	}
	t.tags, err = mergeTags(nil, in.Tags)
	return t, err
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-4" + text[13:16] + "-8" + text[17:20] + "-" + text[20:]
}

type tableInput struct{ TableName *string }

// namedTable returns the table of an operation on tables.
func (c *call) namedTable(name *string) (*table, error) {
	n, err := checkTable(name)
	if err != nil {
		return nil, err
	}
	return c.describedTable(n)
}

func (c *call) describeTable(in *tableInput) error {
	t, err := c.namedTable(in.TableName)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	change := t.settling.Load()
	c.value("Table", t.describe(change))
	change.looked()
	return nil
}

func (c *call) deleteTable(in *tableInput) error {
	name, err := checkTable(in.TableName)
	if err != nil {
		return err
	}
	change := settling{status: statusDeleting}
	c.found(name) // ends what is over
	t, err := c.tables.remove(name, func(t *table) bool { return c.settle(t, change) })
	if err != nil {
		return err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	c.value("TableDescription", t.describe(&change))
	return nil
}

type listTablesInput struct {
	ExclusiveStartTableName *string
	Limit                   *int
}

func (c *call) listTables(in *listTablesInput) error {
	const most = 100
	limit := most
	if in.Limit != nil {
		limit = *in.Limit
		if err := atLeast(limit, 1, "limit"); err != nil {
			return err
		}
		if err := atMost(limit, most, "limit"); err != nil {
			return err
		}
	}
	names := c.tables.names(c.Now())
	if start := in.ExclusiveStartTableName; start != nil {
		i, found := slices.BinarySearch(names, *start)
		if found {
			i++
		}
		names = names[i:]
	}
	c.value("TableNames", append([]string{}, names[:min(limit, len(names))]...))
	if len(names) > limit {
		c.value("LastEvaluatedTableName", names[limit-1])
	}
	return nil
}

type updateTableInput struct {
	TableName                   *string
	AttributeDefinitions        []attributeDefinition
	BillingMode                 string
	ProvisionedThroughput       *throughput
	DeletionProtectionEnabled   *bool
	GlobalSecondaryIndexUpdates []indexUpdate
	StreamSpecification         streamSpecification
}

type indexUpdate struct {
	Create *indexDefinition
	Update *indexDefinition
	Delete *indexDefinition
}

func (c *call) updateTable(in *updateTableInput) error {
	t, err := c.namedTable(in.TableName)
	if err != nil {
		return err
	}
	if err := in.StreamSpecification.check(); err != nil {
		return err
	}
	if in.BillingMode == "" && in.ProvisionedThroughput == nil && in.DeletionProtectionEnabled == nil && len(in.GlobalSecondaryIndexUpdates) == 0 {
		return invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	if err := t.lock(); err != nil {
		return err
	}
	defer t.mu.Unlock()
	if err := t.busyFor(in.GlobalSecondaryIndexUpdates); err != nil {
		return err
	}
	change, err := t.update(in)
	if err != nil {
		return err
	}
	if !c.settle(t, change) && change.starts == statusDeleting {
		t.removeIndex(change.index)
	}
	c.value("TableDescription", t.describe(&change))
	return nil
}

// update does all that a request asks for, or nothing, but for the deletion of
// an index, which is left to the caller. The caller holds mu.
func (t *table) update(in *updateTableInput) (change settling, err error) {
	change.status = statusUpdating
	bills := t.billing
	if in.BillingMode != "" || in.ProvisionedThroughput != nil {
		mode := in.BillingMode
		if mode == "" {
			mode = t.billing.mode
		}
		if bills, err = setBilling(mode, in.ProvisionedThroughput); err != nil {
			return change, err
		}
	}
	if len(in.GlobalSecondaryIndexUpdates) > 1 {
		return change, errOneIndex()
	}
	for _, u := range in.GlobalSecondaryIndexUpdates {
		if change.index, change.starts, err = t.updateIndex(u, in.AttributeDefinitions); err != nil {
			return change, err
		}
	}
	t.billing = bills
	if in.DeletionProtectionEnabled != nil {
		t.protected = *in.DeletionProtectionEnabled
	}
	return change, nil
}

// updateIndex returns the index that is created or is to be deleted, with its
// status.
func (t *table) updateIndex(u indexUpdate, definitions []attributeDefinition) (x *index, status string, err error) {
	switch {
	case u.Create != nil:
		x, err = t.createIndex(*u.Create, definitions)
		return x, statusCreating, err
	case u.Update != nil:
		x, err := t.globalIndex(u.Update.IndexName)
		if err == nil && u.Update.ProvisionedThroughput != nil {
			x.throughput = *u.Update.ProvisionedThroughput
		}
		return nil, "", err
	case u.Delete != nil:
		x, err = t.globalIndex(u.Delete.IndexName)
		return x, statusDeleting, err
	}
	return nil, "", invalid("One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Create, Update or Delete must be specified")
}

func (t *table) globalIndex(name *string) (*index, error) {
	if err := checkName(name, "globalSecondaryIndexUpdates.1.member.indexName"); err != nil {
		return nil, err
	}
	x := t.index(*name)
	if x == nil || !x.global {
		return nil, refuse("ResourceNotFoundException", "Requested resource not found")
	}
	return x, nil
}

// createIndex adds an index and fills it from the table.
func (t *table) createIndex(d indexDefinition, definitions []attributeDefinition) (*index, error) {
	if d.IndexName != nil && t.index(*d.IndexName) != nil {
		return nil, invalid("One or more parameter values were invalid: Index already exists: %s", *d.IndexName)
	}
	kinds, err := attributeKinds(definitions)
	if err != nil {
		return nil, err
	}
	for _, a := range t.attributes {
		if kind, ok := kinds[a.AttributeName]; ok && kind != a.AttributeType {
			return nil, invalid("One or more parameter values were invalid: Cannot redefine attribute %s", a.AttributeName)
		}
		kinds[a.AttributeName] = a.AttributeType
	}
	if err := t.addIndex(d, true, kinds); err != nil {
		return nil, err
	}
	x := t.index(*d.IndexName)
	x.fill(t.rows)
	for _, a := range x.keys.attributes() {
		definition := attributeDefinition{AttributeName: a.Name, AttributeType: a.Kind}
		if !slices.Contains(t.attributes, definition) {
			t.attributes = append(slices.Clone(t.attributes), definition)
		}
	}
	return x, nil
}

// forgetAttributes drops the definitions of attributes in no key any more.
func (t *table) forgetAttributes() {
	t.attributes = slices.DeleteFunc(slices.Clone(t.attributes), func(d attributeDefinition) bool {
		return !t.keys.has(d.AttributeName) &&
			!slices.ContainsFunc(t.indexes, func(x *index) bool { return x.keys.has(d.AttributeName) })
	})
}

// seconds is how the protocol writes a time.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// A description is the wire form of a table.
type description map[string]any

// describe returns the table's description, with a change that goes on. The
// caller holds mu.
func (t *table) describe(change *settling) description {
	status := statusActive
	if change != nil {
		status = change.status
	}
	d := description{
		"TableName": t.name, "TableId": t.id, "TableArn": tableARN(t.name), "TableStatus": status,
		"CreationDateTime": seconds(t.created), "KeySchema": t.keys.wire(), "AttributeDefinitions": t.attributes,
		"ItemCount": t.rows.count, "TableSizeBytes": t.bytes, "DeletionProtectionEnabled": t.protected,
		"ProvisionedThroughput": t.billing.throughput.wire(),
	}
	if t.billing.mode == payPerRequest {
		d["BillingModeSummary"] = map[string]string{"BillingMode": payPerRequest}
	}
	if key := t.encryption.describe(); key != nil {
		d["SSEDescription"] = key
	}
	var global, local []description
	for _, x := range t.indexes {
		if x.global {
			global = append(global, x.describe(t.name, change))
		} else {
			local = append(local, x.describe(t.name, nil))
		}
	}
	if global != nil {
		d["GlobalSecondaryIndexes"] = global
	}
	if local != nil {
		d["LocalSecondaryIndexes"] = local
	}
	return d
}

func (x *index) describe(table string, change *settling) description {
	d := description{
		"IndexName": x.name, "IndexArn": indexARN(table, x.name), "KeySchema": x.keys.wire(),
		"Projection": x.projection, "ItemCount": x.rows.count, "IndexSizeBytes": x.bytes,
	}
	if x.global {
		d["IndexStatus"] = change.indexStatus(x)
		if change != nil && change.index == x && change.starts == statusCreating {
			d["Backfilling"] = true
		}
		d["ProvisionedThroughput"] = x.throughput.wire()
	}
	return d
}

func (t throughput) wire() description {
	return description{"ReadCapacityUnits": t.ReadCapacityUnits, "WriteCapacityUnits": t.WriteCapacityUnits, "NumberOfDecreasesToday": 0}
}

func (c *call) describeLimits() error {
	c.reply = []byte(`{"AccountMaxReadCapacityUnits":80000,"AccountMaxWriteCapacityUnits":80000,"TableMaxReadCapacityUnits":40000,"TableMaxWriteCapacityUnits":40000`)
	return nil
}

func (c *call) describeEndpoints() error {
	c.value("Endpoints", []map[string]any{{"Address": c.URL[len("http://"):], "CachePeriodInMinutes": 1440}})
	return nil
}
