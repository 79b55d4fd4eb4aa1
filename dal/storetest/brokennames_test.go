package storetest

import (
	"context"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// under gives the texts of one collation another one, in the store's eyes.
func under(was, is string) func(*transform.Contract) {
	return func(c *transform.Contract) {
		for _, e := range c.Entities {
			for i := range e.Columns {
				if e.Columns[i].Collation == was {
					e.Columns[i].Collation = is
				}
			}
		}
	}
}

var namesFaults = []fault{
	{name: "logins are compared byte by byte", contract: under("utf8mb4_general_ci", "utf8mb4_bin"),
		breaks: slices.Concat(both(ruleUnique, "as the collation compares"), both(ruleUnique, "twice in one write, folded"),
			both(ruleUnique, "given up, folded"), cases(ruleHolder, "by put, folded", "exchanged together, folded", "by insert, folded"))},
	{name: "titles are compared byte by byte", contract: under("utf8mb4_unicode_ci", "utf8mb4_bin"),
		breaks: slices.Concat(both(ruleUnique, "as the collation compares"), both(ruleUnique, "of several columns, folded"))},
	{name: "codes are folded", contract: under("utf8mb4_bin", "utf8mb4_general_ci"), breaks: both(ruleUnique, "of several columns, folded")},
	{name: "every collation is utf8mb4_unicode_ci", contract: under("utf8mb4_general_ci", "utf8mb4_unicode_ci"),
		breaks: slices.Concat(both(ruleUnique, "as the collation compares"), both(ruleUnique, "twice in one write, folded"))},
	{name: "every collation is utf8mb4_general_ci", contract: under("utf8mb4_unicode_ci", "utf8mb4_general_ci"),
		breaks: both(ruleUnique, "as the collation compares")},
	{name: "blanks at the end count", contract: under("utf8mb4_unicode_ci", "utf8mb4_0900_ai_ci"), breaks: both(ruleUnique, "as the collation compares")},
	{name: "the folded form is stored", breaks: both(ruleUnique, "as the collation compares"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				w.Mutations = slices.Clone(w.Mutations)
				for i, m := range w.Mutations {
					if m.Record.IsZero() || m.Record.Entity().Source != "accounts" {
						continue
					}
					rec := m.Record.Clone()
					if v, _ := rec.Get("login"); !v.IsNull() {
						_ = rec.Set("login", transform.TextValue(strings.ToUpper(v.Text())))
					}
					w.Mutations[i].Record = rec
				}
				return b.Store.Write(ctx, at, w)
			}
		}},
}
