package storetest

import (
	"context"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// always returns the names of a case of copying, of which a store with a fence plays one.
func always(leased bool, rule, name string) []string {
	if leased {
		return both(rule, name)
	}
	return cases(rule, name+", captured")
}

// underBoth returns a fault of both kinds of store.
func underBoth(name, rule string, names []string, in func(*broken)) []fault {
	var all []fault
	for _, leased := range []bool{false, true} {
		f := fault{name: name, in: in, leased: leased}
		if leased {
			f.name += ", under leases"
		}
		for _, c := range names {
			f.breaks = append(f.breaks, always(leased, rule, c)...)
		}
		all = append(all, f)
	}
	return all
}

// tells changes the marks of which a store tells.
func tells(change func(b *broken, marks []store.FanOut) []store.FanOut) func(*broken) {
	return func(b *broken) {
		b.fanOuts = func(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
			page, err := b.Store.FanOuts(ctx, r)
			if r.Shard == 0 {
				page.Marks = change(b, page.Marks)
			}
			return page, err
		}
	}
}

// alsoMarks leaves marks of its own of the keys of some writes.
func alsoMarks(of func(w store.Write, done store.Written, err error) bool) func(*broken) {
	return func(b *broken) {
		b.write = b.answer(func(_ context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
			if of(w, done, err) {
				b.locked(func() {
					for _, key := range keysOf(w) {
						b.versions[key] = 1
					}
				})
			}
			return done, err
		})
		tells(func(b *broken, marks []store.FanOut) []store.FanOut {
			b.locked(func() {
				for key := range b.versions {
					marks = append(marks, store.FanOut{Ref: "7", Sources: []transform.Key{key}})
				}
			})
			return marks
		})(b)
	}
}

// filtered changes every mark that is told of, and leaves out those of nothing.
func filtered(change func(f *store.FanOut)) func(*broken) {
	return func(b *broken) {
		b.fanOuts = func(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
			page, err := b.Store.FanOuts(ctx, r)
			for i := range page.Marks {
				change(&page.Marks[i])
			}
			page.Marks = slices.DeleteFunc(page.Marks, func(f store.FanOut) bool { return len(f.Sources)+len(f.Own) == 0 })
			return page, err
		}
	}
}

// theirs returns the marks of the sources as they are now.
func (b *broken) theirs(ctx context.Context, sources []transform.Key) []store.FanOut {
	var all []store.FanOut
	for shard := range b.Shards() {
		page, _ := b.Store.FanOuts(ctx, store.DirtyRange{Shard: shard, Limit: 1000})
		all = append(all, slices.DeleteFunc(page.Marks, func(f store.FanOut) bool {
			return !slices.ContainsFunc(sources, func(key transform.Key) bool { return slices.Contains(f.Sources, key) })
		})...)
	}
	return all
}

var fanOutFaults = slices.Concat(
	underBoth("a change leaves no mark", ruleFanOut, []string{"of each column that is shown", "of what is put", "of several", "of a write that is repeated", "counted"},
		filtered(func(f *store.FanOut) { f.Sources = nil })),
	underBoth("every update leaves a mark", ruleFanOut, []string{"of each column that is shown"},
		alsoMarks(func(w store.Write, _ store.Written, err error) bool {
			return err == nil && slices.ContainsFunc(w.Mutations, func(m store.Mutation) bool { return m.Op == store.Update })
		})),
	underBoth("what is deleted leaves a mark", ruleFanOut, []string{"of what comes and goes"},
		alsoMarks(func(w store.Write, _ store.Written, err error) bool {
			return err == nil && slices.ContainsFunc(w.Mutations, func(m store.Mutation) bool { return m.Op == store.Delete })
		})),
	underBoth("what moves leaves a mark as if it had changed", ruleFanOut, []string{"of what moves"}, alsoMarks(func(w store.Write, _ store.Written, err error) bool {
		return err == nil && slices.ContainsFunc(w.Mutations, func(m store.Mutation) bool { return m.Op == store.Update })
	})),
	underBoth("a write that is refused leaves a mark", ruleFanOut, []string{"of a write that is refused"},
		alsoMarks(func(_ store.Write, _ store.Written, err error) bool { return err != nil })),
	underBoth("a write that is repeated leaves a mark", ruleFanOut, []string{"of a write that is repeated"},
		alsoMarks(func(_ store.Write, done store.Written, _ error) bool { return done.Repeated })),
	underBoth("marks are not counted", ruleFanOut, []string{"counted"}, func(b *broken) {
		b.backlog = func(ctx context.Context) (store.Backlog, error) {
			n, err := b.Store.Backlog(ctx)
			n.FanOuts = 0
			return n, err
		}
	}),
	underBoth("whatever is cleaned is clean", ruleFanOutClean, []string{"changed meanwhile", "cleaned by another"}, func(b *broken) {
		b.cleanFanOut = func(ctx context.Context, f store.FanOut) error {
			for _, now := range b.theirs(ctx, f.Sources) {
				b.Store.CleanFanOut(ctx, now)
			}
			return b.Store.CleanFanOut(ctx, f)
		}
	}),
	underBoth("how far a mark was carried out is forgotten", ruleFanOutClean, []string{"how far it was carried out"}, func(b *broken) {
		b.reach = func(context.Context, store.FanOut, string) error { return nil }
	}),
	underBoth("how far is noted of whatever mark there is", ruleFanOutClean, []string{"how far it was carried out"}, func(b *broken) {
		b.reach = func(ctx context.Context, f store.FanOut, reached string) error {
			for _, now := range b.theirs(ctx, f.Sources) {
				b.Store.Reach(ctx, now, "")
				now.Since = now.Version
				b.Store.Reach(ctx, now, reached)
			}
			return nil
		}
	}),
	underBoth("a mark that is gone comes back", ruleFanOutClean, []string{"cleaned by another"}, func(b *broken) {
		b.reach = func(_ context.Context, f store.FanOut, _ string) error {
			b.locked(func() { b.versions[f.Sources[0]] = 1 })
			return nil
		}
		tells(func(b *broken, marks []store.FanOut) []store.FanOut {
			b.locked(func() {
				for key := range b.versions {
					marks = append(marks, store.FanOut{Ref: "7", Sources: []transform.Key{key}})
				}
			})
			return marks
		})(b)
	}),
	underBoth("the first page is all", ruleFanOutClean, []string{"page by page"}, func(b *broken) {
		b.fanOuts = func(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
			page, err := b.Store.FanOuts(ctx, r)
			page.Next = ""
			return page, err
		}
	}),
	[]fault{
		{name: "a change begins a mark anew", breaks: cases(ruleFanOutClean, "changed in the middle, captured"), in: filtered(func(f *store.FanOut) {
			if f.Since != f.Version {
				f.Reached, f.Since = "", f.Version
			}
		})},
		{name: "what was done before a change counts for it", breaks: slices.Concat(cases(ruleFanOutClean, "changed in the middle, captured"),
			cases(ruleFanOutClean, "how far it was carried out, captured")), in: filtered(func(f *store.FanOut) { f.Since = f.Version })},
		{name: "nobody is told of what has come to refer to others", leased: true, in: filtered(func(f *store.FanOut) { f.Own = nil }),
			breaks: slices.Concat(both(ruleFanOut, "of what is put"), both(ruleFanOut, "of what comes and goes"), both(ruleFanOut, "of what moves"),
				both(ruleFanOut, "of what a reference sets to NULL"), both(ruleFanOut, "of several"))},
		{name: "what a reference sets to NULL is not dirty", breaks: cases(ruleFanOut, "of what a reference sets to NULL, captured"), in: func(b *broken) {
			b.write = b.answer(func(ctx context.Context, w store.Write, done store.Written, err error) (store.Written, error) {
				for _, c := range done.Changes {
					if !slices.Contains(keysOf(w), c.Keys[0].Key) {
						b.forget(ctx, c.Keys[0].Key)
					}
				}
				return done, err
			})
		}},
	},
)

// finds changes the pages of dependents.
func finds(change func(r store.DependentsRange, page *store.DependentsPage)) func(*broken) {
	return func(b *broken) {
		b.dependents = func(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
			page, err := b.Store.Dependents(ctx, r)
			change(r, &page)
			return page, err
		}
	}
}

var dependentsFaults = slices.Concat(
	underBoth("whatever the reference", ruleDependents, []string{"by each reference"}, func(b *broken) {
		b.dependents = func(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
			page, err := b.Store.Dependents(ctx, r)
			for _, by := range r.By.To().ReferredBy() {
				if by != r.By && r.After == "" && err == nil {
					also, _ := b.Store.Dependents(ctx, store.DependentsRange{By: by, To: r.To, Limit: r.Limit})
					page.Keys = append(page.Keys, also.Keys...)
				}
			}
			return page, err
		}
	}),
	underBoth("an enumeration is as old as the last one", ruleDependents, []string{"of what changes"}, func(b *broken) {
		last := map[store.DependentsRange]store.DependentsPage{}
		b.dependents = func(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
			page, err := b.Store.Dependents(ctx, r)
			was, known := last[r]
			last[r] = page
			if known {
				page = was
			}
			return page, err
		}
	}),
	underBoth("pages are counted from the beginning", ruleDependents, []string{"beside others that come and go"}, func(b *broken) {
		b.dependents = func(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
			limit, skip := r.Limit, len(r.After)
			r.Limit, r.After = 1000, ""
			page, err := b.Store.Dependents(ctx, r)
			page.Keys = page.Keys[min(skip, len(page.Keys)):]
			if len(page.Keys) > limit {
				page.Keys, page.Next = page.Keys[:limit], string(make([]byte, skip+limit))
			}
			return page, err
		}
	}),
	underBoth("the first hundred are all", ruleDependents, []string{"many"}, func(b *broken) {
		finds(func(_ store.DependentsRange, page *store.DependentsPage) {
			if len(page.Keys) > 100 {
				page.Keys = page.Keys[:100]
			}
		})(b)
	}),
	[]fault{
		{name: "what moves is found once only", breaks: cases(ruleDependents, "where items move"),
			in: func(b *broken) {
				b.dependents = func(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
					page, err := b.Store.Dependents(ctx, r)
					page.Keys = slices.DeleteFunc(page.Keys, func(key transform.Key) bool {
						row, _ := b.Store.Get(ctx, relay, key)
						grade, _ := row.Record.Get("grade")
						n, _ := grade.Int()
						return n > 7
					})
					return page, err
				}
			}},
		{name: "what came while the store followed is not found", breaks: cases(ruleDependents, "once the store is the authority"),
			in: finds(func(_ store.DependentsRange, page *store.DependentsPage) { *page = store.DependentsPage{} })},
	},
)
