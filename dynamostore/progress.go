package dynamostore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
)

// SaveProgress stores the state of a run.
func (s *Store) SaveProgress(ctx context.Context, p store.Progress) error {
	it := libraryKey(s.partition(partProgress, p.Name), "e#"+p.Entity)
	it["entity"], it["capture_epoch"], it["position"] = text(p.Entity), number(p.CaptureEpoch), text(p.Position)
	it["done"], it["rows"], it["detail"] = flag(p.Done), number(p.Rows), text(p.Detail)
	it["at"] = moment(s.opts.Now())
	return s.libraryPut(ctx, "save progress", it)
}

// Progress returns the state of every run with that name. Its times are those of
// the processes that saved them.
func (s *Store) Progress(ctx context.Context, name string) ([]store.Progress, error) {
	var all []store.Progress
	for it, err := range s.libraryAll(ctx, "progress", libraryQuery{partition: s.partition(partProgress, name)}) {
		if err != nil {
			return nil, err
		}
		r := reading{item: it}
		p := store.Progress{
			Name: name, Entity: r.text("entity"), CaptureEpoch: r.uint("capture_epoch"), Position: r.text("position"),
			Done: r.flag("done"), Rows: r.int("rows"), Detail: r.text("detail"), UpdatedAt: r.moment("at"),
		}
		if r.err != nil {
			return nil, s.broken("progress", "progress", r.err)
		}
		all = append(all, p)
	}
	return all, nil
}
