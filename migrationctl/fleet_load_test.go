package migrationctl_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/fleet"
)

// The keys of the load: some that are written one by one, and two that are
// always written together. Others get an id from the store.
var (
	singles = []int64{1, 2, 3, 4}
	pairs   = []int64{21, 22}
)

const usernames = 5 // for the single keys: now and then two want the same

// marked returns a user that an operation writes. The e-mail says which one.
func marked(id int64, mark string) User {
	u := user(id)
	u.Email = fmt.Sprintf("%s@%d", mark, id)
	return u
}

func valueOf(u User) fleet.Value {
	mark, _, _ := strings.Cut(u.Email, "@")
	return fleet.Value{Live: true, Count: u.Profile.Count, Mark: mark}
}

// A worker does one operation after the other.
type worker struct {
	*play
	node  *node
	name  string
	rng   *rand.Rand
	users *dal.Repository[User]
	count int
}

func (p *play) work(ctx context.Context, n *node, name string) {
	w := &worker{play: p, node: n, name: n.process.Name() + "." + name, users: n.open.Load().users}
	w.rng = p.world.Rand(w.name)
	for !p.idle.Load() {
		if n.process.Sleep(ctx, time.Duration(w.rng.IntN(300))*time.Millisecond) != nil {
			return
		}
		if !p.idle.Load() {
			w.one(ctx)
		}
	}
}

// one does one operation.
func (w *worker) one(ctx context.Context) {
	w.count++
	mark := fmt.Sprintf("%s-%d", w.name, w.count)
	id := singles[w.rng.IntN(len(singles))]
	if fleet.Chance(w.rng, 8) {
		limited, cancel := context.WithTimeout(ctx, time.Duration(50+w.rng.IntN(400))*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	switch w.rng.IntN(20) {
	case 0, 1, 2, 3, 4:
		w.get(ctx, id)
	case 5, 6:
		w.getPair(ctx)
	case 7, 8, 9, 10, 11:
		w.add(ctx, id, mark)
	case 12, 13:
		w.put(ctx, id, mark)
	case 14:
		w.create(ctx, id, mark)
	case 15:
		w.create(ctx, 0, mark)
	case 16, 17:
		w.delete(ctx, id)
	default:
		w.putPair(ctx, mark)
	}
}

func (w *worker) get(ctx context.Context, id int64) {
	var options []dal.ReadOption
	stale := false
	if fleet.Chance(w.rng, 6) {
		options = append(options, dal.AllowStale(&stale))
	}
	call := w.world.Elapsed()
	u, err := w.users.Get(ctx, w.users.Key(id), options...)
	o := fleet.Operation{Client: w.name, Key: fmt.Sprint(id), Verb: fleet.Get, Answer: fleet.Done, Call: call, Return: w.world.Elapsed()}
	switch {
	case stale:
		return
	case err == nil:
		o.Value = valueOf(u)
	case !errors.Is(err, dal.ErrNotFound):
		w.failed(ctx, "get", err)
		return
	}
	w.tell(o)
}

func (w *worker) getPair(ctx context.Context) {
	call := w.world.Elapsed()
	keys := []dal.Key{w.users.Key(pairs[0]), w.users.Key(pairs[1])}
	found, err := w.users.GetMany(ctx, keys)
	if err != nil {
		w.failed(ctx, "get many", err)
		return
	}
	for i, key := range keys {
		o := fleet.Operation{Client: w.name, Key: fmt.Sprint(pairs[i]), Verb: fleet.Get, Answer: fleet.Done, Call: call, Return: w.world.Elapsed()}
		if u, ok := found[key]; ok {
			o.Value = valueOf(u)
		}
		w.tell(o)
	}
}

// add counts up, now and then slowly or with another name.
func (w *worker) add(ctx context.Context, id int64, mark string) {
	o := fleet.Operation{Key: fmt.Sprint(id), Verb: fleet.Add, Value: fleet.Value{Mark: mark}}
	slow, rename := fleet.Chance(w.rng, 6), fleet.Chance(w.rng, 6)
	name := fmt.Sprintf("name%d", w.rng.IntN(usernames))
	w.write(ctx, o, func(ctx context.Context, o *fleet.Operation, options []dal.WriteOption) error {
		return w.users.Update(ctx, w.users.Key(id), func(u *User) error {
			found := valueOf(*u)
			o.Before = &found
			u.Profile.Count++
			u.Email = fmt.Sprintf("%s@%d", mark, id)
			if rename {
				u.Username = name
			}
			if slow {
				return w.node.process.Sleep(ctx, 30*time.Millisecond)
			}
			return nil
		}, options...)
	})
}

func (w *worker) put(ctx context.Context, id int64, mark string) {
	u := marked(id, mark)
	u.Username = fmt.Sprintf("name%d", w.rng.IntN(usernames))
	o := fleet.Operation{Key: fmt.Sprint(id), Verb: fleet.Put, Value: valueOf(u)}
	w.write(ctx, o, func(ctx context.Context, _ *fleet.Operation, options []dal.WriteOption) error {
		return w.users.Put(ctx, &u, options...)
	})
}

// create creates a user at an id, or lets the store give one for 0.
func (w *worker) create(ctx context.Context, id int64, mark string) {
	u := marked(id, mark)
	u.Username = mark
	if id != 0 {
		u.Username = fmt.Sprintf("name%d", w.rng.IntN(usernames))
	}
	o := fleet.Operation{Key: fmt.Sprint(id), Verb: fleet.Create, Value: valueOf(u)}
	w.write(ctx, o, func(ctx context.Context, o *fleet.Operation, options []dal.WriteOption) error {
		err := w.users.Create(ctx, &u, options...)
		o.Key = fmt.Sprint(u.ID)
		return err
	})
}

func (w *worker) delete(ctx context.Context, id int64) {
	o := fleet.Operation{Key: fmt.Sprint(id), Verb: fleet.Delete}
	w.write(ctx, o, func(ctx context.Context, _ *fleet.Operation, options []dal.WriteOption) error {
		return w.users.Delete(ctx, w.users.Key(id), options...)
	})
}

// write does a write until its outcome is known, if it has a token, and notes
// what it was told.
func (w *worker) write(ctx context.Context, o fleet.Operation, do func(context.Context, *fleet.Operation, []dal.WriteOption) error) {
	var options []dal.WriteOption
	token := w.rng.IntN(3) > 0
	if token {
		options = append(options, dal.Token(fmt.Sprintf("t-%s-%d", w.name, w.count)))
	}
	switch policy := w.rng.IntN(6); {
	case w.profile.abandon || policy == 0:
		options = append(options, dal.Follow(dal.Required))
	case policy == 1:
		options = append(options, dal.Follow(dal.Async))
	}
	o.Client, o.Call = w.name, w.world.Elapsed()
	w.world.Note(w.node.process, w.name, fmt.Sprintf("begins %s /%s/ %s", o.Verb, o.Key, o.Value.Mark))
	unsure := false
	for try := 1; ; try++ {
		o.Before = nil
		err := do(ctx, &o, options)
		o.Answer = answer(err)
		if o.Answer == fleet.Done && errors.Is(err, dal.ErrPending) && w.profile.abandon {
			o.Answer, o.Comment = fleet.Unknown, " pending"
		}
		if try > 1 {
			o.Before = nil // it may be an earlier try that was applied
		}
		if o.Answer != fleet.Done && (o.Answer != fleet.Unknown || o.Comment == "") {
			w.failed(ctx, o.Verb.String()+" "+o.Key, err)
		}
		unsure = unsure || o.Answer == fleet.Unknown
		if o.Answer != fleet.Unknown || !token || o.Comment != "" || try == 8 ||
			w.node.process.Sleep(ctx, time.Duration(50+w.rng.IntN(300))*time.Millisecond) != nil {
			break
		}
	}
	if unsure && o.Answer != fleet.Done {
		o.Answer = fleet.Unknown // whatever the last try was told, an earlier one may come still
	}
	o.Return = w.world.Elapsed()
	w.world.Note(w.node.process, w.name, fmt.Sprintf("ends %s /%s/ %s: %s", o.Verb, o.Key, o.Value.Mark, said(o.Answer)))
	if o.Answer != 0 && o.Key != "0" {
		if o.Answer == fleet.Unknown {
			o.Before = nil
		}
		w.tell(o)
	}
}

// answer is what an error says of a write, 0 if it says that it did not happen
// and nothing else.
func answer(err error) fleet.Answer {
	switch {
	case err == nil:
		return fleet.Done
	case dal.OutcomeOf(err) == dal.Applied:
		return fleet.Done
	case dal.OutcomeOf(err) == dal.Unknown:
		return fleet.Unknown
	case errors.Is(err, dal.ErrExists):
		return fleet.Exists
	case errors.Is(err, dal.ErrNotFound):
		return fleet.NotFound
	}
	return 0
}

func said(a fleet.Answer) string {
	return [...]string{"not applied", "done", "exists", "not found", "unknown"}[a]
}

// putPair writes both keys of the pair in one transaction, as a unit of work
// does, and leaves the refresh to the relays.
func (w *worker) putPair(ctx context.Context, mark string) {
	var write store.Write
	values := make([]fleet.Operation, len(pairs))
	for i, id := range pairs {
		u := marked(id, mark)
		rec, err := w.play.users.Record(&u)
		if err != nil {
			panic(err)
		}
		key, err := rec.Key()
		if err != nil {
			panic(err)
		}
		write.Mutations = append(write.Mutations, store.Mutation{Op: store.Put, Key: key, Record: rec})
		values[i] = fleet.Operation{Client: w.name, Key: fmt.Sprint(id), Verb: fleet.Put, Value: valueOf(u), Call: w.world.Elapsed()}
	}
	w.world.Note(w.node.process, w.name, "begins put pair /21/ /22/ "+mark)
	err := w.writeTogether(ctx, write)
	got := answer(err)
	w.world.Note(w.node.process, w.name, fmt.Sprintf("ends put pair /21/ /22/ %s: %s", mark, said(got)))
	if err != nil {
		w.failed(ctx, "put pair", err)
	}
	for _, o := range values {
		if o.Answer, o.Return = got, w.world.Elapsed(); got == fleet.Done && w.profile.abandon {
			o.Answer = fleet.Unknown // nobody has waited for the follower
		}
		if got != 0 {
			w.tell(o)
		}
	}
}

// writeTogether gives a write to the store that leads, and again while that
// changes.
func (w *worker) writeTogether(ctx context.Context, write store.Write) error {
	for end := w.world.Elapsed() + 10*time.Second; ; {
		s := w.node.open.Load().Router().Snapshot()
		at := store.At{Epoch: s.Epoch, Captured: s.Capture}
		authority := store.Authority(w.node.mysql)
		if s.Phase.DynamoDBLeads() {
			authority, at.Lease = w.node.dynamo, s.Lease
		}
		_, err := authority.Write(ctx, at, write)
		if err == nil || !errors.Is(err, store.ErrWrongPhase) || w.world.Elapsed() > end ||
			w.node.process.Sleep(ctx, 60*time.Millisecond) != nil {
			return err
		}
	}
}

// failed notes an error. Where nothing befalls the fleet there is none, but for
// what the load brings upon itself.
func (w *worker) failed(ctx context.Context, what string, err error) {
	for _, kind := range []error{dal.ErrExists, dal.ErrNotFound, dal.ErrUnique} {
		if errors.Is(err, kind) {
			return
		}
	}
	w.world.Note(w.node.process, w.name, what+" failed: "+err.Error())
	if w.calm() && ctx.Err() == nil && !errors.Is(err, fleet.ErrOver) {
		w.fault("%s: %s failed, and nothing is wrong: %v", w.name, what, err)
	}
}

// tell adds to the history what was seen. What was seen of a DynamoDB that was
// lost afterwards may be gone.
func (w *worker) tell(o fleet.Operation) { w.history.Add(o) }
