package main

import (
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/transform"
)

// An export is what both formats have in common: the tables, what scales them
// and what watches them.
type export struct {
	prefix string
	tables []*exportTable
}

// An exportTable is one table, with the prefix in its name.
type exportTable struct {
	*transform.Table
	name    string
	scaling []scaling
	alarms  []alarm
}

// A scaling follows the load of a table, or of an index, in one direction.
type scaling struct {
	index string // "" for the table itself
	what  string // "Read" or "Write"
	least int64  // the contract's capacity
}

// dimension is what Application Auto Scaling calls it.
func (s scaling) dimension() string {
	of := "table"
	if s.index != "" {
		of = "index"
	}
	return "dynamodb:" + of + ":" + s.what + "CapacityUnits"
}

// metric is what the utilisation is measured by.
func (s scaling) metric() string { return "DynamoDB" + s.what + "CapacityUtilization" }

// resource names the table or index, for whatever stands for the table's name.
func (s scaling) resource(table string) string {
	if s.index == "" {
		return "table/" + table
	}
	return "table/" + table + "/index/" + s.index
}

// An alarm watches a metric of DynamoDB's, minute by minute.
type alarm struct {
	metric      string
	index       string   // the metric's, "" for that of the table
	operations  []string // the metric's; with several, their sum counts
	percentile  bool     // the p99 counts, not the sum
	account     bool     // the metric is of the whole account
	description string
}

// words name the alarm within its table.
func (a alarm) words() []string {
	words := []string{a.metric}
	if a.index != "" {
		words = []string{a.index, a.metric}
	}
	if len(a.operations) == 1 {
		words = append(words, a.operations[0])
	}
	return words
}

// threshold is the setting whose value the metric is not to exceed.
func (a alarm) threshold() string {
	switch a.metric {
	case "SystemErrors":
		return "SystemErrorsPerMinute"
	case "UserErrors":
		return "UserErrorsPerMinute"
	case "SuccessfulRequestLatency":
		return "LatencyMilliseconds"
	}
	return "ThrottlesPerMinute"
}

// When an alarm rings: what lasts a minute only is the service's own business,
// which splits partitions and moves them.
const (
	alarmPeriod  = 60 // seconds
	alarmPeriods = 5
	alarmMinutes = 3 // of them
)

// A setting is a number that whoever uses the document may choose: a parameter of
// CloudFormation, a variable of Terraform.
type setting struct {
	name        string // as CloudFormation has it
	value       int64
	least, most int64 // 0: unbounded
	description string
}

// settings returns the settings of all tables alike.
func (e *export) settings() []setting {
	all := []setting{
		{"ThrottlesPerMinute", 0, 0, 0, "More throttled reads, or writes, of a table or an index in a minute are an alarm."},
		{"SystemErrorsPerMinute", 0, 0, 0, "More errors of DynamoDB's own on a table in a minute are an alarm."},
		{"UserErrorsPerMinute", 100, 0, 0, "More refused requests in a minute are an alarm. All of the account in the Region count, and transactions that met others do too."},
		{"LatencyMilliseconds", 100, 1, 0, "A longer p99 of an operation on a table is an alarm."},
	}
	if e.scales() {
		all = append(all, setting{"TargetUtilization", 70, 20, 90, "The percentage of the provisioned capacity that autoscaling aims at."})
	}
	return all
}

// scales reports whether a table has provisioned capacity.
func (e *export) scales() bool {
	for _, t := range e.tables {
		if len(t.scaling) > 0 {
			return true
		}
	}
	return false
}

// most returns the setting of how far a table and its indexes scale.
func (t *exportTable) most(what string) setting {
	var least int64
	for _, s := range t.scaling {
		if s.what == what {
			least = max(least, s.least)
		}
	}
	return setting{"Max" + what + "Capacity", 10 * least, least, 0,
		fmt.Sprintf("The %s capacity up to which autoscaling goes, of table %s and of each of its indexes.", strings.ToLower(what), t.name)}
}

// newExport gathers the tables, the library's own at the end.
func newExport(c *transform.Contract, prefix string) (*export, error) {
	// Its error tells of names that no table can have, and nothing else.
	if _, err := dynamostore.Policy(c, dynamostore.PolicyOptions{For: dynamostore.Service, TablePrefix: prefix}); err != nil {
		return nil, err
	}
	e := &export{prefix: prefix}
	for _, t := range dynamostore.TablesOf(c) {
		e.tables = append(e.tables, newExportTable(c, t, prefix+t.Name))
	}
	return e, nil
}

func newExportTable(c *transform.Contract, t *transform.Table, name string) *exportTable {
	x := &exportTable{Table: t, name: name}
	x.throttles("")
	x.scale("", t.Capacity)
	for _, index := range t.Indexes {
		x.throttles(index.Name)
		x.scale(index.Name, index.Capacity)
	}
	operations := dynamostore.ServiceOperations(c, t)
	x.alarms = append(x.alarms, alarm{metric: "SystemErrors", operations: operations,
		description: fmt.Sprintf("DynamoDB fails requests on table %s by itself.", name)})
	for _, o := range operations {
		x.alarms = append(x.alarms, alarm{metric: "SuccessfulRequestLatency", operations: []string{o}, percentile: true,
			description: fmt.Sprintf("%s on table %s takes long.", o, name)})
	}
	return x
}

// throttles watches a table or an index. The table's own metric does not count
// what an index throttles.
func (t *exportTable) throttles(index string) {
	where := "table " + t.name
	if index != "" {
		where = "index " + index + " of " + where
	}
	for _, what := range []string{"Read", "Write"} {
		t.alarms = append(t.alarms, alarm{metric: what + "ThrottleEvents", index: index,
			description: fmt.Sprintf("DynamoDB throttles %ss of %s.", strings.ToLower(what), where)})
	}
}

// scale follows the load where there is a capacity to change.
func (t *exportTable) scale(index string, c transform.Capacity) {
	if t.Billing == transform.Provisioned {
		t.scaling = append(t.scaling, scaling{index, "Read", c.Read}, scaling{index, "Write", c.Write})
	}
}

// userErrors watches what the account is refused: DynamoDB counts that for no
// table.
func userErrors() alarm {
	return alarm{metric: "UserErrors", account: true,
		description: "DynamoDB refuses requests of the account in the Region, of any table: wrong parameters, missing tables or permissions, or transactions that met others."}
}

// keyAttributes returns each attribute that is part of any key, once.
func (t *exportTable) keyAttributes() []transform.KeyAttribute {
	all := []transform.KeyAttribute{t.PK, t.SK}
	for _, x := range t.Indexes {
		all = append(all, x.PK, x.SK)
	}
	var once []transform.KeyAttribute
	seen := map[string]bool{"": true}
	for _, k := range all {
		if !seen[k.Name] {
			seen[k.Name] = true
			once = append(once, k)
		}
	}
	return once
}

// key returns the key that the contract names for the table's encryption; "" with
// kms false is one of the service's, with kms true the account's default.
func (t *exportTable) key() (key string, kms bool) {
	switch t.Encryption {
	case "", transform.EncryptionOwned:
		return "", false
	case transform.EncryptionManaged:
		return "", true
	}
	return t.Encryption, true
}
