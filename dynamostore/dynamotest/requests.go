package dynamotest

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/partiql"
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
	Status int    // of HTTP; 0 if the connection was closed without a reply
	Error  string // the type, as in "ConditionalCheckFailedException"
	Faults int    // how many rules befell it

	lazyParts []part
	parsed    bool
}

// A part is what a request says of one item, or of the table that it reads.
type part struct {
	table, index string
	item         attr.Item // a key, or a whole item to be put
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
func (l *requestLog) end(e *Request, status int, err error) {
	if e == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Ended, e.Status = true, status
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

// Names reports whether the request names an item of the table that has these
// attributes, by its key or in a put.
func (r *Request) Names(table string, key map[string]types.AttributeValue) bool {
	rule := Rule{table: table, key: itemOf(key)}
	return slices.ContainsFunc(r.parts(), rule.fitsPart)
}

// parts returns what the request is about. It is parsed when a rule or a test
// first asks.
func (r *Request) parts() []part {
	if !r.parsed {
		r.lazyParts, r.parsed = partsOf(r.Operation, r.Body), true
	}
	return r.lazyParts
}

// A sketch is what all requests have in common, as far as rules need it.
type sketch struct {
	TableName, IndexName string
	Key, Item            attr.Input
	RequestItems         map[string]json.RawMessage
	TransactItems        []map[string]sketch
	Statement            string
	Parameters           attr.InputList
	Statements           []sketch
	TransactStatements   []sketch
}

// partsOf reads a request; what can't be read has no parts.
func partsOf(operation string, body []byte) []part {
	var s sketch
	if json.Unmarshal(body, &s) != nil {
		return nil
	}
	return s.parts(nil)
}

func (s *sketch) parts(list []part) []part {
	if s.TableName != "" {
		item, _ := s.Item.Item()
		if key, _ := s.Key.Item(); key != nil {
			item = key
		}
		list = append(list, part{table: s.TableName, index: s.IndexName, item: item})
	}
	for table, raw := range s.RequestItems {
		list = append(list, batchParts(table, raw)...)
	}
	for _, action := range s.TransactItems {
		for _, inner := range action {
			list = inner.parts(list)
		}
	}
	for _, inner := range slices.Concat(s.Statements, s.TransactStatements) {
		list = inner.parts(list)
	}
	if s.Statement != "" {
		list = append(list, s.statementPart()...)
	}
	return list
}

// batchParts reads what a batch says of one table: the keys to get, or the
// items and keys to write.
func batchParts(table string, raw json.RawMessage) []part {
	var gets struct{ Keys []attr.Input }
	var writes []struct {
		PutRequest    struct{ Item attr.Input }
		DeleteRequest struct{ Key attr.Input }
	}
	var list []part
	if json.Unmarshal(raw, &writes) == nil {
		for _, w := range writes {
			item, _ := w.PutRequest.Item.Item()
			if key, _ := w.DeleteRequest.Key.Item(); key != nil {
				item = key
			}
			list = append(list, part{table: table, item: item})
		}
		return list
	}
	if json.Unmarshal(raw, &gets) != nil {
		return nil
	}
	for _, input := range gets.Keys {
		key, _ := input.Item()
		list = append(list, part{table: table, item: key})
	}
	return list
}

// statementPart reads the table of a statement, and the item of an INSERT.
func (s *sketch) statementPart() []part {
	parameters, _ := s.Parameters.Values()
	statement, err := partiql.Parse(s.Statement, parameters)
	if err != nil || statement == nil {
		return nil
	}
	p := part{}
	p.table, p.index = statement.Target()
	if insert, ok := statement.(*partiql.Insert); ok {
		p.item = insert.Item
	}
	return []part{p}
}
