package partiql

import (
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// A Statement is an *Insert, *Select, *Update, *Delete or *Exists.
type Statement interface {
	// Target returns the table, and the index of a Select if it names one.
	Target() (table, index string)
}

// maxStatement is how long a statement may be, in characters.
const maxStatement = 8192

// Parse parses one statement and puts the parameters in the places of its
// question marks. Too few of them are an error; the service does not mind too
// many.
func Parse(text string, parameters []attr.Value) (Statement, error) {
	if len(text) > maxStatement {
		return nil, attr.Invalid("1 validation error detected: Value at 'statement' failed to satisfy constraint: Member must have length less than or equal to %d", maxStatement)
	}
	p := &parser{text: text, tokens: scan(text), parameters: parameters}
	s := p.statement()
	p.acceptAs(";")
	if p.broken || p.peek().kind != tokenEnd {
		return nil, attr.Invalid("Statement wasn't well formed, can't be processed: %s", text)
	}
	if p.asked > len(parameters) {
		return nil, attr.Invalid("Number of parameters in request and statement don't match.")
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return s, nil
}

// statement reads the one statement there is, by its first word.
func (p *parser) statement() Statement {
	switch {
	case p.peek().is("SELECT"):
		return p.selection()
	case p.acceptAs("INSERT"):
		return p.insert()
	case p.acceptAs("UPDATE"):
		return p.update()
	case p.acceptAs("DELETE"):
		return p.delete()
	case p.acceptAs("EXISTS"):
		p.expect("(")
		s := &Exists{Select: p.selection()}
		p.expect(")")
		return s
	}
	p.malformed()
	return nil
}

// An Insert is INSERT INTO "T" VALUE {…}. The item must not exist yet: if it
// does, the statement fails with a DuplicateItem error.
type Insert struct {
	Table string
	Item  attr.Item
}

// A Select is SELECT … FROM "T"."index" WHERE … ORDER BY …. Projection is nil
// for *, Where is nil without WHERE.
type Select struct {
	Table, Index string
	Projection   *Projection
	Where        *Where
	OrderBy      []Order
}

// An Order is one term of ORDER BY.
type Order struct {
	Name       string
	Descending bool
}

// An Update is UPDATE "T" SET … REMOVE … WHERE … RETURNING …. The item must
// exist and meet the rest of Where, or the condition has failed.
type Update struct {
	Table     string
	Update    *expr.Update
	Where     *Where
	Returning Returning
}

// A Delete is DELETE FROM "T" WHERE … RETURNING …. An item that exists must
// meet the rest of Where, or the condition has failed; without one, nothing is
// done.
type Delete struct {
	Table     string
	Where     *Where
	Returning Returning
}

// An Exists is EXISTS(SELECT …), the check of a transaction: the condition has
// failed if the item does not exist or does not meet the rest of Where.
type Exists struct{ Select *Select }

// A Returning says what a statement answers with.
type Returning string

// What RETURNING can ask for; the empty Returning asks for nothing. A Delete
// has only AllOld.
const (
	AllOld      Returning = "ALL OLD *"
	AllNew      Returning = "ALL NEW *"
	ModifiedOld Returning = "MODIFIED OLD *"
	ModifiedNew Returning = "MODIFIED NEW *"
)

// Target returns the table.
func (s *Insert) Target() (table, index string) { return s.Table, "" }

// Target returns the table and the index.
func (s *Select) Target() (table, index string) { return s.Table, s.Index }

// Target returns the table.
func (s *Update) Target() (table, index string) { return s.Table, "" }

// Target returns the table.
func (s *Delete) Target() (table, index string) { return s.Table, "" }

// Target returns the table and the index.
func (s *Exists) Target() (table, index string) { return s.Select.Target() }
