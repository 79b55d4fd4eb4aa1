package dynamotest

import (
	"time"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// tooOld is how long an item may have been expired to be deleted at all
// (Developer Guide, "Using time to live"): a timestamp of the last century is
// rather a mistake.
const tooOld = 5 * 365 * 24 * time.Hour

// timeToLive is a table's expiry: the attribute that holds an item's time, in
// seconds since 1970, empty if nothing expires.
type timeToLive struct {
	attribute string
	next      int64 // no item expires before; 0 if none will
}

// expiry returns when an item expires, if it does.
func (l *timeToLive) expiry(item attr.Item) (at int64, ok bool) {
	if l.attribute == "" {
		return 0, false
	}
	n, ok := item[l.attribute].(attr.Number)
	if !ok {
		return 0, false
	}
	if at, ok = n.Int64(); ok {
		return at, at > 0
	}
	whole, err := attr.ParseNumber(wholePart(n.String()))
	if err != nil {
		return 0, false
	}
	at, ok = whole.Int64()
	return at, ok && at > 0
}

func wholePart(text string) string {
	for i := range len(text) {
		if text[i] == '.' {
			return text[:i]
		}
	}
	return text
}

// expect notes an item that will expire.
func (l *timeToLive) expect(at int64) {
	if l.next == 0 || at < l.next {
		l.next = at
	}
}

func (l *timeToLive) due(now time.Time) bool { return l.next > 0 && now.Unix() >= l.next }

func (l *timeToLive) passed(at int64, now time.Time) bool {
	return at <= now.Unix() && at >= now.Add(-tooOld).Unix()
}

// A timeToLiveSpecification is the wire form of a table's expiry.
type timeToLiveSpecification struct {
	AttributeName string
	Enabled       bool
}

type updateTimeToLiveInput struct {
	TableName               *string
	TimeToLiveSpecification *timeToLiveSpecification
}

func (c *call) updateTimeToLive(in *updateTimeToLiveInput) error {
	spec := in.TimeToLiveSpecification
	switch {
	case spec == nil:
		return violated("null", "timeToLiveSpecification", "Member must not be null")
	case spec.AttributeName == "":
		return violated("''", "timeToLiveSpecification.attributeName", "Member must have length greater than or equal to 1")
	}
	t, err := c.namedTable(in.TableName)
	if err != nil {
		return err
	}
	if err := t.lock(); err != nil {
		return err
	}
	defer t.mu.Unlock()
	if !t.serves() {
		return t.busy()
	}
	if err := t.ttl.change(*spec); err != nil {
		return err
	}
	t.rows.ascend("", "", func(_ string, r *row) bool {
		if at, ok := t.ttl.expiry(r.item); ok {
			t.ttl.expect(at)
		}
		return true
	})
	c.value("TimeToLiveSpecification", spec)
	return nil
}

func (l *timeToLive) change(spec timeToLiveSpecification) error {
	switch {
	case spec.Enabled && l.attribute == spec.AttributeName:
		return invalid("TimeToLive is already enabled")
	case !spec.Enabled && l.attribute == "":
		return invalid("TimeToLive is already disabled")
	case l.attribute != "" && l.attribute != spec.AttributeName:
		return invalid("TimeToLive is active on a different AttributeName: current AttributeName is %s", l.attribute)
	}
	*l = timeToLive{}
	if spec.Enabled {
		l.attribute = spec.AttributeName
	}
	return nil
}

func (c *call) describeTimeToLive(in *tableInput) error {
	t, err := c.namedTable(in.TableName)
	if err != nil {
		return err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	description := map[string]string{"TimeToLiveStatus": "DISABLED"}
	if t.ttl.attribute != "" {
		description = map[string]string{"TimeToLiveStatus": "ENABLED", "AttributeName": t.ttl.attribute}
	}
	c.value("TimeToLiveDescription", description)
	return nil
}
