package storetest

import (
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// copies reports whether items have what other records show.
func (e *env) copies() bool {
	return slices.ContainsFunc(e.sequence, func(e *transform.Entity) bool { return len(e.Copies()) > 0 })
}

// A settleStep carries out all fan-out marks: the copies are then what the records show.
type settleStep struct{}

func (settleStep) String() string { return "carry out the marks" }

func (settleStep) play(p *player) {
	p.both((*env).settle)
	for _, entity := range p.subject.sequence {
		var live []transform.Record
		for _, row := range p.model.scan(entity, 1000) {
			p.compareRows(row.Key) // what is renewed may have a new version
			if row.Live {
				live = append(live, row.Record)
			}
		}
		if len(live) == 0 || !p.subject.reader().KeepsCopies() {
			continue
		}
		read, _, err := ask(p, "", func() ([]transform.Record, error) {
			return p.subject.reader().Copies(p.subject.ctx, p.subject.keysOf(live))
		})
		require.NoError(p, err)
		require.Len(p, read, len(live), "one for each key")
		for i, rec := range live {
			require.False(p, read[i].IsZero(), "the copies of %s %q", entity.Name, p.model.key(rec).ID)
			require.Equal(p, p.model.copiesIn(p.model.joined(rec)), p.subject.copiesIn(read[i]), "the copies of %s %q", entity.Name, p.model.key(rec).ID)
		}
	}
}

func (e *env) keysOf(records []transform.Record) (keys []transform.Key) {
	for _, rec := range records {
		keys = append(keys, e.key(rec))
	}
	return keys
}
