package expr

import (
	"fmt"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// maxExpressionSize is how long an expression may be, in bytes.
const maxExpressionSize = 4096

// A parser reads the tokens of one expression. Its methods return nil nodes
// and keep the first error; after it the token is the end, so they stop.
type parser struct {
	kind   string // of the expression, for messages
	text   string
	tokens []token
	pos    int
	err    error

	// redundant is set by ((a)), which is refused once the syntax is known to
	// be right.
	redundant bool
}

// newParser checks the text's length and cuts it into tokens.
func newParser(kind, text string) (*parser, error) {
	p := &parser{kind: kind, text: text}
	switch {
	case text == "":
		return nil, p.invalid("The expression can not be empty;")
	case len(text) > maxExpressionSize:
		return nil, p.invalid("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))
	}
	p.tokens = scan(text)
	return p, nil
}

// invalid returns the error for an expression of the parser's kind. What was
// built rather than parsed has none, and its messages say so.
func (p *parser) invalid(format string, args ...any) error {
	if p.kind == "" {
		return attr.Invalid(format, args...)
	}
	return attr.Invalid("Invalid %s: %s", p.kind, fmt.Sprintf(format, args...))
}

// finish reports a fault of the syntax as a whole.
func (p *parser) finish() error {
	if p.err == nil && p.peek().kind != tokenEnd {
		p.unexpected()
	}
	if p.err == nil && p.redundant {
		p.err = p.invalid("The expression has redundant parentheses;")
	}
	return p.err
}

func (p *parser) peek() token {
	if p.err != nil {
		return p.tokens[len(p.tokens)-1]
	}
	return p.tokens[p.pos]
}

// accept skips the next token if it is the symbol or keyword.
func (p *parser) accept(text string) bool {
	if !p.peek().is(text) {
		return false
	}
	p.pos++
	return true
}

// expect skips the symbol or keyword, or fails.
func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.unexpected()
	}
}

// take skips the next token and returns its text, or fails if it is of
// another kind.
func (p *parser) take(kind tokenKind) string {
	t := p.peek()
	if t.kind != kind || kind == tokenEnd {
		p.unexpected()
		return ""
	}
	p.pos++
	return t.text
}

// unexpected fails at the next token. The message shows the text from the
// token before it to the token after it.
func (p *parser) unexpected() {
	if p.err != nil {
		return
	}
	start := 0
	if p.pos > 0 {
		start = p.tokens[p.pos-1].start
	}
	at := p.tokens[p.pos]
	end := p.tokens[min(p.pos+1, len(p.tokens)-1)].end
	p.err = p.invalid("Syntax error; token: \"%s\", near: \"%s\"", at.text, p.text[start:end])
}

// path reads a.b[2].#c.
func (p *parser) path() *Node {
	n := &Node{op: opPath, steps: []step{p.name()}}
	for p.err == nil {
		switch {
		case p.accept("."):
			n.steps = append(n.steps, p.name())
		case p.accept("["):
			n.steps = append(n.steps, step{tokenIndex, p.take(tokenIndex)})
			p.expect("]")
		default:
			return n
		}
	}
	return n
}

func (p *parser) name() step {
	if t := p.peek(); t.kind == tokenAlias {
		p.pos++
		return step{tokenAlias, t.text}
	}
	return step{tokenName, p.take(tokenName)}
}

// operand reads a path, a :value, a function call, or one of them in
// parentheses.
func (p *parser) operand() *Node {
	switch t := p.peek(); {
	case p.accept("("):
		return p.closed(p.operand())
	case t.kind == tokenValue:
		p.pos++
		return &Node{op: opValue, name: t.text}
	case t.kind == tokenName && p.tokens[p.pos+1].is("("):
		return p.call()
	}
	return p.path()
}

// closed ends the parentheses around n.
func (p *parser) closed(n *Node) *Node {
	p.expect(")")
	if n.paren {
		p.redundant = true
	}
	n.paren = true
	return n
}

// call reads a function with at least one operand.
func (p *parser) call() *Node {
	n := &Node{op: opCall, name: p.take(tokenName)}
	p.expect("(")
	n.args = p.operands()
	p.expect(")")
	return n
}

// operands reads one operand or more.
func (p *parser) operands() []*Node {
	list := []*Node{p.operand()}
	for p.accept(",") {
		list = append(list, p.operand())
	}
	return list
}
