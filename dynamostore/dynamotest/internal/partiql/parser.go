package partiql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// A parser reads the tokens of one statement. Text that is no PartiQL at all
// ends it: broken is set, and the next token is the end from then on. PartiQL
// that DynamoDB has no use for is a fault, of which the first is kept; it is
// reported if the rest of the statement is PartiQL.
type parser struct {
	text       string
	tokens     []token
	pos        int
	parameters []attr.Value
	asked      int // how many question marks came so far
	broken     bool
	fault      error
}

// malformed gives up on the text. Which message comes of it does not depend on
// where that was: it repeats the whole statement.
func (p *parser) malformed() { p.broken = true }

// refuse keeps a fault and lets the parser go on, as malformed text later in
// the statement is told first.
func (p *parser) refuse(format string, args ...any) {
	if p.fault == nil {
		p.fault = attr.Invalid(format, args...)
	}
}

// position writes where a token is, as messages do: line, column, length.
func (p *parser) position(t token) string {
	before := p.text[:t.start]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("%d:%d:%d", line, column, utf8.RuneCountInString(p.text[t.start:t.end]))
}

func (p *parser) peek() token {
	if p.broken {
		return p.tokens[len(p.tokens)-1]
	}
	return p.tokens[p.pos]
}

// acceptAs skips the next token if it is the symbol or word.
func (p *parser) acceptAs(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.pos++
	return true
}

// expect skips the symbols or words, or fails.
func (p *parser) expect(texts ...string) {
	for _, text := range texts {
		if !p.acceptAs(text) {
			p.malformed()
		}
	}
}

// identifier reads a name.
func (p *parser) identifier() string {
	t := p.peek()
	if t.kind != tokenName {
		p.malformed()
		return ""
	}
	p.pos++
	if t.text == "" {
		p.refuse("Path component cannot be an empty string")
	}
	return t.text
}

// primary reads a literal, a parameter, a path, a call, or an expression in
// parentheses. Several in parentheses are a list.
func (p *parser) primary() *term {
	switch t := p.peek(); {
	case p.acceptAs("("):
		return p.parentheses(t)
	case (t.kind == tokenName || t.kind == tokenWord) && p.tokens[p.pos+1].is("("):
		return p.call()
	case t.kind == tokenName:
		return p.path()
	case p.acceptAs("MISSING"):
		return &term{kind: termMissing, at: t}
	case t.kind == tokenParameter:
		return p.parameter()
	}
	return p.literal()
}

func (p *parser) parentheses(at token) *term {
	list := p.list(")")
	if len(list) == 1 {
		list[0].paren = true
		return list[0]
	}
	if len(list) == 0 {
		p.malformed()
	}
	return &term{kind: termList, at: at, args: list}
}

// list reads expressions up to what closes them.
func (p *parser) list(end string) []*term {
	var list []*term
	if p.acceptAs(end) {
		return list
	}
	for {
		list = append(list, p.expression())
		if !p.acceptAs(",") {
			p.expect(end)
			return list
		}
	}
}

// call reads a function; COUNT(*) is one too.
func (p *parser) call() *term {
	at := p.peek()
	p.pos++
	p.expect("(")
	t := &term{kind: termCall, name: strings.ToLower(at.text), at: at}
	if star := p.peek(); p.acceptAs("*") {
		p.expect(")")
		t.args = []*term{{kind: termStar, at: star}}
		return t
	}
	t.args = p.list(")")
	return t
}

// parameter takes the next parameter. One that is missing counts as NULL until
// Parse has seen the end of the statement.
func (p *parser) parameter() *term {
	t := &term{kind: termParameter, at: p.peek()}
	p.pos++
	if p.asked < len(p.parameters) {
		t.value = p.parameters[p.asked]
	} else {
		t.value = attr.Null{} // there are too few, which Parse reports
	}
	p.asked++
	return t
}

// path reads a."b"[2]['c'].
func (p *parser) path() *term {
	t := &term{kind: termPath, at: p.peek()}
	t.path = expr.Path{{Name: p.identifier()}}
	for !p.broken {
		switch {
		case p.acceptAs("."):
			if p.acceptAs("*") {
				p.refuse("Changing item's hierarchy while reading isn't supported")
				return t
			}
			t.path = append(t.path, expr.Step{Name: p.identifier()})
		case p.acceptAs("["):
			t.path = append(t.path, p.index())
			p.expect("]")
		default:
			return t
		}
	}
	return t
}

// index reads the number of a list element, or a member's name as a string.
func (p *parser) index() expr.Step {
	t := p.peek()
	sign := p.acceptAs("-")
	number := p.peek()
	switch {
	case number.kind == tokenNumber:
		p.pos++
		i, err := strconv.ParseInt(number.text, 10, 32)
		if err != nil || sign {
			p.refuse("List index is not within the allowable range; index: [%s] at %s", p.text[t.start:number.end], p.position(number))
		}
		return expr.Step{Index: int(i)}
	case number.kind == tokenString && !sign && number.text != "":
		p.pos++
		return expr.Step{Name: number.text}
	}
	p.malformed()
	return expr.Step{}
}
