package dynamotest

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The log keeps the last requests, and their bodies as long as they are not
// too much together.
const (
	maxLogged      = 10_000
	maxLoggedBytes = 16 << 20
)

// A Request is one request that came in, in the log or as a rule sees it.
type Request struct {
	Number    int       // from 1, in the order they came in
	Time      time.Time // of the server's clock
	Operation string    // "PutItem"
	Body      []byte    // JSON; nil if the log has grown too large for it

	// Of a request that has ended.
	Ended  bool
	Status int    // of HTTP; 0 if it was cut off before there was a reply
	Lost   bool   // whether the reply, of that status, was lost by LoseReply
	Error  string // the type, as in "ConditionalCheckFailedException"
	Faults int    // how many rules befell it

	lazyParts []part
	parsed    bool
}

type requestLog struct {
	mu      sync.Mutex
	number  int
	entries []*Request
	bare    int // how many at the beginning have lost their bodies
	bytes   int
}

// add puts a request into the log and drops what is too much.
func (l *requestLog) add(s *Server, c *call) *Request {
	now := s.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	e := &Request{Number: l.number, Time: now, Operation: c.operation, Body: c.body}
	l.entries = append(l.entries, e)
	l.bytes += len(c.body)
	if len(l.entries) > maxLogged {
		half := len(l.entries) / 2
		for _, old := range l.entries[:half] {
			l.bytes -= len(old.Body)
		}
		l.entries, l.bare = slices.Clone(l.entries[half:]), max(0, l.bare-half)
	}
	for l.bytes > maxLoggedBytes && l.bare < len(l.entries)-1 && l.entries[l.bare].Ended {
		old := l.entries[l.bare]
		l.bytes -= len(old.Body)
		old.Body = nil
		l.bare++
	}
	return e
}

// end notes how a request ended.
func (l *requestLog) end(e *Request, status int, lost bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Ended, e.Status, e.Lost = true, status, lost && status != 0
	if err != nil && err != errCut {
		e.Error = asServiceError(err).name()
	}
}

// note keeps how many rules befell the request.
func (r *Request) note(befell *effects) { r.Faults = len(befell.faults) }

// Requests returns the requests that have ended, oldest first, of the named
// operations or of all; the last 10 000 are kept.
func (s *Server) Requests(operations ...string) []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	var list []Request
	for _, e := range s.log.entries {
		if e.Ended && (len(operations) == 0 || slices.Contains(operations, e.Operation)) {
			list = append(list, *e)
		}
	}
	return list
}

// ClearRequests empties the log.
func (s *Server) ClearRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.entries, s.log.bare, s.log.bytes = nil, 0, 0
}

// Tables returns the tables that the request names, each once.
func (r *Request) Tables() []string {
	var tables []string
	for _, p := range r.parts() {
		if !slices.Contains(tables, p.table) {
			tables = append(tables, p.table)
		}
	}
	return tables
}

// String returns the request in a line, as in "#6 PutItem Orders 200": its
// number, operation, tables, status and error, and "lost" or "cut" if nothing
// came back.
func (r Request) String() string {
	words := []string{"#" + strconv.Itoa(r.Number), r.Operation}
	tables := r.Tables()
	slices.Sort(tables) // those of a batch come in no order
	words = append(words, tables...)
	switch {
	case r.Ended && r.Status == 0:
		words = append(words, "cut")
	case r.Ended:
		words = append(words, strconv.Itoa(r.Status))
	}
	if r.Error != "" {
		words = append(words, r.Error)
	}
	if r.Lost {
		words = append(words, "lost")
	}
	return strings.Join(words, " ")
}

// Names reports whether the request names an item of the table that has these
// attributes, as Rule.Key says.
func (r *Request) Names(table string, key map[string]types.AttributeValue) bool {
	rule := Rule{table: table, key: itemOf(key)}
	return slices.ContainsFunc(r.parts(), rule.fitsPart)
}

// parts returns what the request is about. It is parsed when a rule or a test
// first asks.
func (r *Request) parts() []part {
	if !r.parsed {
		r.lazyParts, r.parsed = partsOf(r.Body), true
	}
	return r.lazyParts
}
