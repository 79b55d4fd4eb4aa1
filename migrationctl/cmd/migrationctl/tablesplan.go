package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/transform"
)

// A tableDiff is one thing that a table has otherwise than the contract wants.
type tableDiff struct {
	Table     string `json:"table"`
	Index     string `json:"index,omitempty"`
	Attribute string `json:"attribute,omitempty"`
	What      string `json:"what"`
	Want      string `json:"want"`
	Have      string `json:"have"`
	Mend      string `json:"mend,omitempty"`
	Severity  string `json:"severity"` // "error", "warning", or "pending": it goes by itself
	Mendable  bool   `json:"mendable"` // tables apply mends it
	line      string
}

// diffsOf returns the differences and how many of them are errors.
func diffsOf(all []dynamostore.Difference) (list []tableDiff, errs int) {
	list = []tableDiff{}
	for _, d := range all {
		severity := "error"
		switch {
		case d.Advice:
			severity = "warning"
		case d.Pending:
			severity = "pending"
		default:
			errs++
		}
		list = append(list, tableDiff{d.Table, d.Index, d.Attribute, d.What, d.Want, d.Have, d.Mend, severity, d.Mendable, d.String()})
	}
	return list, errs
}

// A tablesPlan is what tables apply would do.
type tablesPlan struct {
	Tables []plannedTable `json:"tables"`
}

// A plannedTable is what would become of one table.
type plannedTable struct {
	Table string `json:"table"`
	// Action is "create", "change", "wait", "none", or "refuse": it is there and
	// differs by what nothing that is added mends.
	Action string        `json:"action"`
	Steps  []plannedStep `json:"steps"`
	// Wanted is the table as the contract has it.
	Wanted      wantedTable `json:"wanted"`
	Differences []tableDiff `json:"differences"`
}

// A plannedStep is one thing that apply would do.
type plannedStep struct {
	Step  string `json:"step"` // in words
	What  string `json:"what"`
	Name  string `json:"name,omitempty"`
	index *transform.Index
}

// planned translates a plan, and reports whether apply would refuse it.
func planned(p dynamostore.TablePlan) (plannedTable, bool) {
	t := plannedTable{Table: p.Table, Action: "none", Wanted: wantedOf(p.Wanted), Steps: []plannedStep{}}
	t.Differences, _ = diffsOf(p.Differences)
	for _, s := range p.Steps {
		t.Steps = append(t.Steps, plannedStep{s.String(), s.What, s.Name, s.Index})
	}
	refused := len(p.Refused()) > 0
	switch {
	case !p.Exists():
		t.Action = "create"
	case refused:
		t.Action = "refuse"
	case len(p.Steps) > 0:
		t.Action = "change"
	case t.pending():
		t.Action = "wait"
	}
	return t, refused
}

// pending reports whether something is being created.
func (t *plannedTable) pending() bool {
	for _, d := range t.Differences {
		if d.Severity == "pending" {
			return true
		}
	}
	return false
}

func (p tablesPlan) text(w io.Writer) {
	for _, t := range p.Tables {
		t.describe(w)
		for _, d := range t.Differences {
			if !d.Mendable || t.Action == "refuse" {
				fmt.Fprintf(w, "  %s %s\n", d.Severity, d.line)
			}
		}
	}
}

// describe prints what would be done, with all that is asked for.
func (t plannedTable) describe(w io.Writer) {
	switch t.Action {
	case "create":
		fmt.Fprintf(w, "table %s would be created\n", t.Table)
		t.Wanted.describe(w)
	case "change":
		fmt.Fprintf(w, "table %s is there, and apply would change it\n", t.Table)
		for _, s := range t.Steps {
			line := s.Step
			if s.index != nil {
				line += ": " + t.Wanted.index(s.index.Name).line()
			}
			fmt.Fprintf(w, "  %s\n", line)
		}
	case "wait":
		fmt.Fprintf(w, "table %s is being created: apply would wait for it\n", t.Table)
	case "none":
		fmt.Fprintf(w, "table %s is there\n", t.Table)
	default:
		fmt.Fprintf(w, "table %s is there and differs: apply would refuse\n", t.Table)
	}
}

// A wantedTable is a table as the contract has it.
type wantedTable struct {
	Keys                string            `json:"keys"`
	Billing             string            `json:"billing"`
	Capacity            *capacity         `json:"capacity,omitempty"`
	Indexes             []wantedIndex     `json:"indexes,omitempty"`
	TTL                 string            `json:"ttl,omitempty"`
	PointInTimeRecovery bool              `json:"point_in_time_recovery"`
	Encryption          string            `json:"encryption"`
	DeletionProtection  bool              `json:"deletion_protection"`
	Tags                map[string]string `json:"tags,omitempty"`
	tags                []transform.Tag   // in their order
}

// A wantedIndex is an index of it.
type wantedIndex struct {
	Name       string    `json:"name"`
	Keys       string    `json:"keys"`
	Projection string    `json:"projection"`
	Projected  []string  `json:"projected,omitempty"`
	Capacity   *capacity `json:"capacity,omitempty"`
}

// A capacity is in units per second.
type capacity struct {
	Read  int64 `json:"read"`
	Write int64 `json:"write"`
}

// wantedOf translates a table of the contract.
func wantedOf(t *transform.Table) wantedTable {
	w := wantedTable{
		Keys: keysOf(t.PK, t.SK), Billing: t.Billing, Capacity: capacityOf(t, t.Capacity), TTL: t.TTL,
		PointInTimeRecovery: t.PointInTimeRecovery, Encryption: t.Encryption, DeletionProtection: t.DeletionProtection, tags: t.Tags,
	}
	if w.Encryption == "" {
		w.Encryption = transform.EncryptionOwned
	}
	for _, tag := range t.Tags {
		if w.Tags == nil {
			w.Tags = map[string]string{}
		}
		w.Tags[tag.Name] = tag.Value
	}
	for _, x := range t.Indexes {
		w.Indexes = append(w.Indexes, wantedIndex{
			Name: x.Name, Keys: keysOf(x.PK, x.SK), Projection: x.Projection, Projected: x.Projected, Capacity: capacityOf(t, x.Capacity),
		})
	}
	return w
}

func capacityOf(t *transform.Table, c transform.Capacity) *capacity {
	if t.Billing != transform.Provisioned {
		return nil
	}
	return &capacity{c.Read, c.Write}
}

// keysOf prints a key: "partition key PK S, sort key SK S".
func keysOf(pk, sk transform.KeyAttribute) string {
	text := "partition key " + pk.Name + " " + pk.Type
	if !sk.IsZero() {
		text += ", sort key " + sk.Name + " " + sk.Type
	}
	return text
}

// index returns an index by its name.
func (t wantedTable) index(name string) wantedIndex {
	for _, x := range t.Indexes {
		if x.Name == name {
			return x
		}
	}
	return wantedIndex{Name: name}
}

// describe prints a table that would be created.
func (t wantedTable) describe(w io.Writer) {
	fmt.Fprintf(w, "  %s, %s%s\n", t.Keys, t.Billing, t.Capacity)
	for _, x := range t.Indexes {
		fmt.Fprintf(w, "  index %s: %s\n", x.Name, x.line())
	}
	if t.TTL != "" {
		fmt.Fprintf(w, "  time to live by attribute %s\n", t.TTL)
	}
	if t.PointInTimeRecovery {
		fmt.Fprintln(w, "  point-in-time recovery")
	}
	if t.Encryption != transform.EncryptionOwned {
		fmt.Fprintf(w, "  encryption %s\n", t.Encryption)
	}
	if t.DeletionProtection {
		fmt.Fprintln(w, "  deletion protection")
	}
	var tags []string
	for _, tag := range t.tags {
		tags = append(tags, tag.Name+"="+tag.Value)
	}
	if tags != nil {
		fmt.Fprintf(w, "  tags %s\n", strings.Join(tags, ", "))
	}
}

// line says what an index is.
func (x wantedIndex) line() string {
	text := x.Keys + ", projection " + x.Projection
	if len(x.Projected) > 0 {
		text += " of " + strings.Join(x.Projected, ", ")
	}
	return text + x.Capacity.String()
}

// String continues a line with a capacity, if there is one.
func (c *capacity) String() string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf(", capacity %d read %d write", c.Read, c.Write)
}
