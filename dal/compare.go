package dal

import (
	"context"
	"errors"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Verdict is the outcome of comparing one key in both stores.
type Verdict uint8

// The verdicts of Compare.
const (
	Same      Verdict = iota
	Different         // and nothing on its way could explain it
	Unsettled         // the key kept changing, or waits for its refresh
)

// A Comparison is what Compare found at one key. It holds names, never values.
type Comparison struct {
	Key     transform.Key
	Verdict Verdict
	// Columns names the columns that differ. It is empty where the record is
	// missing in one of the stores.
	Columns []string
	// Missing names the store that has no record, "" where both have one.
	Missing string
	// Beside says what a store keeps beside the record and is not as the record says:
	// "guard of email is missing". The records themselves may be the same.
	Beside []string
	// Behind says that the follower's version is lower. An authority that keeps
	// its change records per transaction can't say of a key that it is dirty:
	// there this may be a refresh on its way.
	Behind bool
	// Unfit is why one of the stores' content can't be read as a record, or
	// why the record that is missing can't become an item.
	Unfit error
}

// How long Compare lets a key settle.
const (
	compareTries = 7
	comparePause = 25 * time.Millisecond // doubled after each try
)

// Compare compares one key in authority and follower. A difference counts only
// if the key is clean and its version is the same before and after the follower
// was read: everything else is a refresh on its way. It waits up to a second
// and a half for a key to settle.
func Compare(ctx context.Context, authority store.Authority, follower store.Follower, key transform.Key) (Comparison, error) {
	pause := comparePause
	for try := 0; ; try++ {
		c, err := CompareOnce(ctx, authority, follower, key)
		if err != nil || c.Verdict != Unsettled || try == compareTries-1 {
			return c, err
		}
		if err := sleep(ctx, pause); err != nil {
			return c, err
		}
		pause *= 2
	}
}

// CompareOnce is Compare without waiting: a key that is changing, or waits for
// its refresh, is Unsettled.
func CompareOnce(ctx context.Context, authority store.Authority, follower store.Follower, key transform.Key) (Comparison, error) {
	before, err := authority.Get(ctx, relayed, key)
	if err != nil {
		return unreadable(key, err)
	}
	there, err := follower.Get(ctx, relayed, key)
	if err != nil {
		return unreadable(key, err)
	}
	c := CompareRows(before, there, authority.Name(), follower.Name())
	if c.Verdict == Same {
		return c, nil
	}
	after, err := authority.Get(ctx, relayed, key)
	if err != nil {
		return unreadable(key, err)
	}
	if before.Dirty || after.Dirty || before.Version != after.Version {
		c.Verdict = Unsettled
	}
	return c, nil
}

// unreadable turns content that is no record into a difference; every other
// error is the caller's.
func unreadable(key transform.Key, err error) (Comparison, error) {
	if Unfit(err) {
		return Comparison{Key: key, Verdict: Different, Unfit: err}, nil
	}
	return Comparison{Key: key, Verdict: Unsettled}, err
}

// CompareRows compares what two stores gave for one key, at face value. The
// names are those of the stores.
func CompareRows(a, b store.Row, nameA, nameB string) Comparison {
	c := Comparison{Key: a.Key, Behind: b.Version < a.Version}
	switch {
	case a.Err != nil || b.Err != nil:
		c.Verdict, c.Unfit = Different, errors.Join(a.Err, b.Err)
	case a.Live && b.Live:
		if !a.Record.Equal(b.Record) {
			c.Verdict, c.Columns = Different, a.Record.Diff(b.Record)
		}
	case a.Live:
		c.Verdict, c.Missing = Different, nameB
		// Why it is missing, if it never could be there.
		_, c.Unfit = a.Record.Entity().Item(a.Record)
	case b.Live:
		c.Verdict, c.Missing = Different, nameA
	}
	return c
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
