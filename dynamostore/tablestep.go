package dynamostore

import "github.com/crossfade-go/crossfade/transform"

// What a Step is about.
const (
	StepTable      = "table"                  // is created, with its indexes
	StepIndex      = "index"                  // is added
	StepProtection = "deletion protection"    // is switched on
	StepTTL        = "time to live"           // is switched on
	StepBackups    = "point-in-time recovery" // is switched on
	StepTag        = "tag"                    // is added
)

// A Step is one thing that Apply does to a table. None of them takes away or
// replaces anything that is there.
type Step struct {
	What  string           // one of the constants above
	Name  string           // of the index or tag; the attribute of time to live
	Value string           // of the tag
	Index *transform.Index // that is added
}

// String says the step in a few words: "add index ByCity".
func (s Step) String() string {
	switch s.What {
	case StepTable:
		return "create the table"
	case StepIndex:
		return "add index " + s.Name
	case StepTTL:
		return "switch time to live on, by attribute " + s.Name
	case StepTag:
		return "add tag " + s.Name + "=" + s.Value
	}
	return "switch " + s.What + " on"
}

// is reports whether two steps do the same.
func (s Step) is(o Step) bool { return s.What == o.What && s.Name == o.Name && s.Value == o.Value }

// madeLater returns the steps that a table needs once it is there: CreateTable
// can't do them.
func madeLater(t *transform.Table) []Step {
	var steps []Step
	if t.TTL != "" {
		steps = append(steps, Step{What: StepTTL, Name: t.TTL})
	}
	if t.PointInTimeRecovery {
		steps = append(steps, Step{What: StepBackups})
	}
	return steps
}
