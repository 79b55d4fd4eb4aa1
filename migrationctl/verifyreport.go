package migrationctl

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
)

// A VerifyReport is what a verify found in one entity.
type VerifyReport struct {
	Entity      string
	Compared    int64 // keys of either store
	Differences int64 // keys that differ at a version that stood still, or have guards, edges or copies that do
	Repaired    int64 // of those, mended
	Unsettled   int64 // keys that kept changing, or waited for their refresh
	Waiting     int64 // keys with a change record that nobody brings over in this phase
	Done        bool
	// Named holds the first thousand differences.
	Named []dal.Comparison `json:"-"`
}

// Clean reports whether every key was the same in both stores.
func (r VerifyReport) Clean() bool {
	return r.Done && r.Differences == r.Repaired && r.Unsettled == 0
}

func (v *verify) count(found dal.Comparison, repaired bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch found.Verdict {
	case dal.Different:
		v.countDifferent(found, repaired)
		return
	case dal.Unsettled:
		v.report.Unsettled++
		if len(v.later) < settleMost {
			v.later = append(v.later, found.Key)
		}
	case waiting:
		v.report.Waiting++
	}
}

// countDifferent counts a key once, also if its record differs and what is beside it
// too, unless a thousand others do. It is mended if all of it is.
func (v *verify) countDifferent(found dal.Comparison, repaired bool) {
	r := &v.report
	i := slices.IndexFunc(r.Named, func(c dal.Comparison) bool { return c.Key == found.Key })
	switch {
	case i >= 0:
		merged := &r.Named[i]
		merged.Beside = append(merged.Beside, found.Beside...)
		if len(found.Beside) == 0 {
			found.Beside = merged.Beside
			*merged = found
		}
		if v.mended[found.Key] && !repaired {
			r.Repaired--
			delete(v.mended, found.Key)
		}
		return
	case len(r.Named) < verifyDifferences:
		r.Named = append(r.Named, found)
		if repaired {
			v.mended[found.Key] = true
		}
	}
	r.Differences++
	if repaired {
		r.Repaired++
	}
}

func (v *verify) tell() {
	if v.opts.Report != nil {
		v.opts.Report(v.report)
	}
}

// save keeps the outcome for status and for the guards of later steps.
func (v *verify) save(ctx context.Context) error {
	detail, err := json.Marshal(v.report)
	if err != nil {
		return err
	}
	return v.o.saveProgress(ctx, v.lead.authority, store.Progress{Name: verifyName, Entity: v.entity.Name,
		CaptureEpoch: v.lead.record.CaptureEpoch, Done: true, Rows: v.report.Compared, Detail: string(detail)})
}
