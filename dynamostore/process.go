package dynamostore

import (
	"cmp"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/crossfade-go/crossfade/dal/store"
)

// processMemory is how long the entry of a process that ended without a word
// stays, at least.
const processMemory = 7 * 24 * time.Hour

// A processSays is what a process tells of itself, as JSON: processes of different
// versions read each other's.
type processSays struct {
	store.ReadCounts
	Away bool `json:",omitempty"`
}

// Register renews the process's entry. The entry counts its renewals and has
// the time of the last one by the process's own wall clock, for the service has
// no clock to ask.
func (s *Store) Register(ctx context.Context, r store.Registration) (store.PhaseRecord, error) {
	if r.Process == "" {
		return store.PhaseRecord{}, invalid("register", "", store.NotApplied, "a registration needs the name of a process")
	}
	reads, err := json.Marshal(processSays{r.Reads, r.Away})
	if err != nil {
		return store.PhaseRecord{}, fail("register", "", s.library.table, store.NotApplied, err)
	}
	_, _, err = s.libraryUpdate(ctx, "register", &dynamodb.UpdateItemInput{
		Key: libraryKey(s.partition(partProcess), r.Process),
		UpdateExpression: aws.String(
			"SET #host = :host, #reads = :reads, #epoch = :epoch, #contract = :contract, #started = :started, #at = :at, #ttl = :ttl ADD #n :1"),
		ExpressionAttributeNames: map[string]string{
			"#host": "host", "#reads": "reads", "#epoch": "epoch", "#contract": "contract", "#started": "started",
			"#at": "at", "#ttl": libraryTTL, "#n": "renewals",
		},
		ExpressionAttributeValues: item{
			":host": text(r.Host), ":reads": text(string(reads)), ":epoch": number(r.Epoch), ":contract": text(r.Contract), ":started": moment(r.Started),
			":at": moment(s.opts.Now()), ":ttl": s.expires(processMemory), ":1": number(1),
		},
	})
	if err != nil {
		return store.PhaseRecord{}, err
	}
	return s.Phase(ctx)
}

// Deregister removes the process's entry.
func (s *Store) Deregister(ctx context.Context, process string) error {
	if process == "" {
		return nil
	}
	return s.libraryDelete(ctx, "deregister", libraryKey(s.partition(partProcess), process))
}

// Registrations returns the entries of all processes. An entry that was not
// renewed for a week may be gone.
//
// Its Age is an estimate: this process's wall clock less that of the process at
// its last renewal, held between what this Store has seen itself. A renewal
// that it saw 10 s ago is at least 10 s old; one that was not there 30 s ago is
// at most 30 s old. Where a clock is wrong and this Store looks for the first
// time, Age is as wrong as the clock, and 0 if the other one is ahead. It tells
// people, and which of the processes should do a shared task, and decides
// nothing that must be right: that a process no longer writes is for its lease
// to say.
func (s *Store) Registrations(ctx context.Context) ([]store.Registration, error) {
	var all []store.Registration
	seen := map[string]sighting{}
	for it, err := range s.libraryAll(ctx, "registrations", libraryQuery{partition: s.partition(partProcess)}) {
		if err != nil {
			return nil, err
		}
		r := reading{item: it}
		p := store.Registration{
			Process: r.text(librarySK), Host: r.text("host"), Epoch: r.uint("epoch"),
			Contract: r.text("contract"), Started: r.moment("started"),
		}
		var has processSays
		renewals, at := r.uint("renewals"), r.moment("at")
		if err := cmp.Or(r.err, json.Unmarshal([]byte(r.text("reads")), &has)); err != nil {
			return nil, s.broken("registrations", "registration", err)
		}
		p.Reads, p.Away = has.ReadCounts, has.Away
		now := s.opts.Now()
		seen[p.Process] = s.sightings.see(p.Process, renewals, now)
		p.Age = seen[p.Process].age(now, at)
		all = append(all, p)
	}
	s.sightings.replace(seen)
	return all, nil
}

// sightings remembers when this process saw which renewal of the others.
type sightings struct {
	mu sync.Mutex
	of map[string]sighting
}

// A sighting is a renewal that was first seen at since, and was not there at
// before; before is zero if that is not known.
type sighting struct {
	renewals      uint64
	before, since time.Time
	last          time.Time
}

func (s *sightings) see(process string, renewals uint64, now time.Time) sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, known := s.of[process]
	switch {
	case !known:
		return sighting{renewals: renewals, since: now, last: now}
	case have.renewals != renewals:
		return sighting{renewals: renewals, before: have.last, since: now, last: now}
	}
	have.last = now
	return have
}

// replace forgets processes that are not registered any more.
func (s *sightings) replace(seen map[string]sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of = seen
}

// age holds the clocks' word between what was seen.
func (s sighting) age(now, at time.Time) time.Duration {
	age := max(now.Sub(at), now.Sub(s.since), 0)
	if !s.before.IsZero() {
		age = min(age, now.Sub(s.before))
	}
	return age
}
