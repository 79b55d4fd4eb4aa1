package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal"
)

// firstCreated is where the ids of new users begin.
const firstCreated = 1_000_000

// A worker writes the keys that are its own, and nobody else does. It therefore
// knows what every answer must be.
type worker struct {
	*load
	number int
	book   *ledger
	random *rand.Rand
	live   []int64 // own keys with a user, as acknowledged
	gone   []int64 // own keys whose user was deleted
	next   int64   // where new ids are looked for
}

// newWorker goes on where the ledger ends. A key in doubt is in neither list:
// nobody knows what it holds, and a call that was on its way when its process
// died may land at any later moment.
func newWorker(l *load, number int, book *ledger) *worker {
	w := &worker{load: l, number: number, book: book, next: firstCreated}
	w.random = rand.New(rand.NewPCG(l.plan.Seed, uint64(number)<<32|uint64(book.last)))
	for id, a := range book.accounts {
		l.keys.add(id)
		if a.doubt == nil {
			w.file(id)
		}
	}
	// The order of a map is not the seed's.
	slices.Sort(w.live)
	slices.Sort(w.gone)
	return w
}

// file puts a key into the list that its account says.
func (w *worker) file(id int64) {
	if w.book.account(id).now != nil {
		w.live = append(w.live, id)
	} else {
		w.gone = append(w.gone, id)
	}
}

func (w *worker) run(ctx context.Context) error {
	if err := w.resume(ctx); err != nil {
		return err
	}
	for w.think(ctx, w.random) {
		once, cancel := call(ctx)
		err := w.step(once)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// resume sends again, with their tokens, the writes that a killed process had
// begun. The token is stored in the write's own transaction: whichever of the
// two arrives first counts, and the other changes nothing.
func (w *worker) resume(ctx context.Context) error {
	if w.plan.Tokens == "" {
		return nil
	}
	numbers := make([]int64, 0, len(w.book.open))
	for n := range w.book.open {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		once, cancel := call(ctx)
		err := w.send(once, w.book.open[n])
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// step does one operation: a little more than half of them write.
func (w *worker) step(ctx context.Context) error {
	switch n := w.random.IntN(100); {
	case n < 20:
		w.checkOne(ctx)
	case n < 28:
		w.checkMany(ctx)
	case n < 40:
		w.checkLookUp(ctx)
	case n < 42:
		w.checkRefusals(ctx)
	case n < 58:
		return w.create(ctx)
	case n < 66:
		return w.put(ctx)
	case n < 88:
		return w.update(ctx)
	default:
		return w.delete(ctx)
	}
	return nil
}

// take removes a random key from a list and returns it.
func (w *worker) take(list *[]int64) (int64, bool) {
	if len(*list) == 0 {
		return 0, false
	}
	i := w.random.IntN(len(*list))
	id := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return id, true
}

// newID returns an id of this worker that was never used.
func (w *worker) newID() int64 {
	for {
		id := w.next
		w.next++
		if _, known := w.book.accounts[id]; !known && ownerOf(id, w.plan.Workers) == w.number {
			w.keys.add(id)
			return id
		}
	}
}

// create makes a user, half of the time one whose key was deleted before.
func (w *worker) create(ctx context.Context) error {
	id, ok := int64(0), false
	if w.random.IntN(2) == 0 {
		id, ok = w.take(&w.gone)
	}
	if !ok {
		id = w.newID()
	}
	return w.write(ctx, "create", id, w.version(id))
}

// put stores a whole user over an old one, over a deleted one, or anew.
func (w *worker) put(ctx context.Context) error {
	list := &w.live
	if w.random.IntN(3) == 0 {
		list = &w.gone
	}
	id, ok := w.take(list)
	if !ok {
		id = w.newID()
	}
	return w.write(ctx, "put", id, w.version(id))
}

// version returns a new state for a key, with unique values nobody had.
func (w *worker) version(id int64) *plain {
	p := fresh(id, w.book.last+1, w.random)
	return &p
}

// update notes a login, or gives a user another name and address.
func (w *worker) update(ctx context.Context) error {
	id, ok := w.take(&w.live)
	if !ok {
		return w.create(ctx)
	}
	want := *w.book.account(id).now
	if w.random.IntN(3) == 0 {
		v := w.version(id)
		want.Username, want.Email = v.Username, v.Email
		return w.write(ctx, "rename", id, &want)
	}
	want.LastLogin = time.Now().UTC().Format(timeLayout)
	after := want.user()
	after.Profile = countLogin(after.Profile)
	want, err := plainOf(after)
	if err != nil {
		return err
	}
	return w.write(ctx, "login", id, &want)
}

func (w *worker) delete(ctx context.Context) error {
	id, ok := w.take(&w.live)
	if !ok {
		return w.create(ctx)
	}
	return w.write(ctx, "delete", id, nil)
}

// write does one write between the two lines of its ledger.
func (w *worker) write(ctx context.Context, op string, id int64, want *plain) error {
	e, err := w.book.intend(op, id, want)
	if err != nil {
		return err
	}
	return w.send(ctx, e)
}

// send makes the call of an intent and writes down what became of it. With a
// token, one whose outcome is unknown is made again. A key whose outcome stays
// unknown is not touched again.
func (w *worker) send(ctx context.Context, e entry) error {
	start := time.Now()
	err := w.call(ctx, e)
	if w.plan.Tokens != "" && err != nil && dal.OutcomeOf(err) == dal.Unknown {
		w.meter.unsure(fmt.Sprintf("user_id %d: %v", e.ID, err))
		err = w.call(ctx, e)
	}
	w.meter.write(time.Since(start))
	outcome := applied
	if err != nil {
		w.meter.failed(fmt.Sprintf("user_id %d: %v", e.ID, err))
		outcome = outcomeOf(err)
	}
	if err := w.book.settle(e, outcome); err != nil {
		return err
	}
	if outcome != unknown {
		w.file(e.ID)
	}
	return nil
}

// outcomeOf translates what an error says became of the write.
func outcomeOf(err error) string {
	switch dal.OutcomeOf(err) {
	case dal.NotApplied:
		return notApplied
	case dal.Applied:
		return applied
	}
	return unknown
}

// call makes the repository's call of an intent. Called again for the same
// intent, it means the same.
func (w *worker) call(ctx context.Context, e entry) error {
	var options []dal.WriteOption
	if w.plan.Tokens != "" {
		options = append(options, dal.Token(fmt.Sprintf("%s-%d-%d", w.plan.Tokens, w.number, e.N)))
	}
	switch e.Op {
	case "create":
		u := e.Want.user()
		return w.users.Create(ctx, &u, options...)
	case "put":
		u := e.Want.user()
		return w.users.Put(ctx, &u, options...)
	case "delete":
		return w.users.Delete(ctx, w.users.Key(e.ID), options...)
	}
	now := w.book.account(e.ID).now
	return w.users.Update(ctx, w.users.Key(e.ID), func(u *User) error {
		w.judge("update", e.ID, u, now)
		change(u, e)
		return nil
	}, options...)
}

// change is what an update does to the user it finds.
func change(u *User, e entry) {
	want := e.Want.user()
	if e.Op == "rename" {
		u.Username, u.Email = want.Username, want.Email
		return
	}
	u.LastLogin, u.Profile = want.LastLogin, countLogin(u.Profile)
}
