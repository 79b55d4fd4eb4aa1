package migrationctl

import (
	"context"

	"github.com/crossfade-go/crossfade/transform"
)

// Repair brings keys to the follower whatever is there: it gives each a new
// version and then refreshes it. Without the new version an older refresh that
// is still on its way could land after the repair, and a follower that holds
// wrong content at the right version would refuse the mend. Copies in their items are made
// anew: by the refresh, or by DynamoDB itself where it leads.
func (o *Operator) Repair(ctx context.Context, keys ...transform.Key) error {
	if len(keys) == 0 {
		return nil
	}
	l, err := o.lead(ctx)
	if err != nil {
		return err
	}
	return o.repair(ctx, l, keys...)
}

func (o *Operator) repair(ctx context.Context, l lead, keys ...transform.Key) error {
	if err := l.authority.Bump(ctx, keys); err != nil {
		return err
	}
	for _, key := range keys {
		if err := o.refresher(l).RefreshKey(ctx, key); err != nil {
			return err
		}
	}
	if l.side != dynamoSide {
		return nil
	}
	return l.authority.Renew(ctx, keys)
}
