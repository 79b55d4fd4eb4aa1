package partiql

import (
	"errors"
	"fmt"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// literal reads a string, a number, TRUE, FALSE, NULL, [a list], <<a set>> or
// {'a': 'tuple'}.
func (p *parser) literal() *term {
	at := p.peek()
	switch {
	case at.kind == tokenString:
		p.pos++
		return &term{kind: termValue, at: at, value: attr.String(at.text)}
	case at.kind == tokenNumber:
		p.pos++
		t := &term{kind: termValue, at: at}
		t.setNumber(p, at.text)
		return t
	case p.acceptAs("TRUE"):
		return &term{kind: termValue, at: at, value: attr.Bool(true)}
	case p.acceptAs("FALSE"):
		return &term{kind: termValue, at: at, value: attr.Bool(false)}
	case p.acceptAs("NULL"):
		return &term{kind: termValue, at: at, value: attr.Null{}}
	case p.acceptAs("["):
		return &term{kind: termList, at: at, args: p.list("]")}
	case p.acceptAs("<<"):
		return &term{kind: termBag, at: at, args: p.list(">>")}
	case p.acceptAs("{"):
		return p.tuple(at)
	}
	p.malformed()
	return &term{kind: termMissing, at: at}
}

// tuple reads the members of a map; args has names and values by turns.
func (p *parser) tuple(at token) *term {
	t := &term{kind: termTuple, at: at}
	if p.acceptAs("}") {
		return t
	}
	for !p.broken {
		name := p.expression()
		p.expect(":")
		t.args = append(t.args, name, p.expression())
		if !p.acceptAs(",") {
			p.expect("}")
			break
		}
	}
	return t
}

// setNumber makes the term the number of a text, or refuses it.
func (t *term) setNumber(p *parser, text string) {
	n, err := attr.ParseNumber(text)
	var invalid *attr.ValidationError
	if errors.As(err, &invalid) {
		p.refuse("%s", invalid.Message)
	}
	t.number, t.value = text, n
}

// root is the place of a literal that is not inside another one.
const root = "root"

// literalOf returns the value of a term that must be a literal, or, outside
// other literals, a parameter. place is where messages say that it is.
func (p *parser) literalOf(t *term, place string) attr.Value {
	switch t.kind {
	case termValue:
		return t.value
	case termParameter:
		if place == root {
			return t.value
		}
	case termList:
		list := attr.List{}
		for i, arg := range t.args {
			list = append(list, p.literalOf(arg, fmt.Sprintf("%s.%d", place, i)))
		}
		return list
	case termTuple:
		return p.mapOf(t, place, func(name string, arg *term) attr.Value {
			return p.literalOf(arg, place+"."+name)
		})
	case termBag:
		return p.setOf(t)
	}
	what := t.typeName()
	if place == root && t.kind == termPath {
		what = t.at.text
	}
	p.refuse("Unsupported data type: %s under key %s at %s", what, place, p.position(t.at))
	return attr.Null{}
}

// mapOf returns the members of a tuple, whose names must be strings.
func (p *parser) mapOf(t *term, place string, value func(name string, arg *term) attr.Value) attr.Map {
	members := attr.Map{}
	for i := 0; i < len(t.args); i += 2 {
		key := t.args[i]
		name, ok := key.value.(attr.String)
		switch _, twice := members[string(name)]; {
		case !ok || key.kind != termValue:
			p.refuse("Tuple keys must be of type String. Actual type: %s under %s at %s", key.typeName(), place, p.position(key.at))
		case name == "":
			p.refuse("Path component cannot be an empty string")
		case twice:
			p.refuse("Duplicate keys in tuple. Key: %s under %s at %s", string(name), place, p.position(key.at))
		}
		members[string(name)] = value(string(name), t.args[i+1])
	}
	return members
}

// setOf returns the set of a bag of strings or of numbers.
func (p *parser) setOf(t *term) attr.Value {
	const message = "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"
	if len(t.args) == 0 {
		p.refuse("Empty bags are not supported at %s", p.position(t.at))
		return attr.Null{}
	}
	var texts []string
	var numbers []attr.Number
	for _, arg := range t.args {
		switch v := arg.value.(type) {
		case attr.String:
			texts = append(texts, string(v))
		case attr.Number:
			numbers = append(numbers, v)
		}
		if arg.kind != termValue {
			p.refuse("%s at %s", message, p.position(arg.at))
		}
	}
	set := attr.Value(attr.NewStringSet(texts...))
	if numbers != nil {
		set = attr.NewNumberSet(numbers...)
	}
	size, _ := attr.Length(set)
	switch {
	case len(texts) < len(t.args) && len(numbers) < len(t.args):
		p.refuse(message)
	case size < len(t.args):
		p.refuse("Input collection contains duplicates")
	}
	return set
}
