package template

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a template. A sort key has 1024 bytes at most, so a longer literal
// fits no key; the others are far above what a key that fits can use.
const (
	maxTemplate     = 1024 // bytes
	maxPlaceholders = 16
	maxName         = 255 // bytes, as an attribute's name may have
	maxWidth        = 65  // digits, as a DECIMAL may have
)

// Parse reads a template: literal text, {name} for a value, {name:010d} for an
// integer padded with zeros to ten digits, {{ and }} for braces. Two
// placeholders that touch can be told apart only if at most one of those that
// touch has no width. A name that appears twice stands for one value, written
// twice. The error is a *SyntaxError.
func Parse(text string) (*Template, error) {
	p := parser{text: text, t: &Template{text: text}}
	if err := p.checkText(); err != nil {
		return nil, err
	}
	for p.pos < len(text) {
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	p.flush()
	if err := p.delimit(); err != nil {
		return nil, err
	}
	return p.t, nil
}

type parser struct {
	text    string
	pos     int
	literal []byte // what was read since the last placeholder
	at      int    // where it began
	t       *Template
}

func (p *parser) fault(at int, reason, mend string) error {
	return &SyntaxError{What: "template", Text: p.text, Offset: at, Reason: reason, Mend: mend}
}

// checkText looks for what no template has anywhere.
func (p *parser) checkText() error {
	at, reason, mend := badText(p.text, maxTemplate)
	if reason != "" {
		return p.fault(at, reason, mend)
	}
	return nil
}

// badText returns where a text of a contract is no text to be parsed.
func badText(s string, most int) (at int, reason, mend string) {
	if s == "" {
		return 0, "it is empty", ""
	}
	if len(s) > most {
		return most, "it is longer than " + strconv.Itoa(most) + " bytes", ""
	}
	for i, r := range s {
		if r < ' ' || r == 0x7f {
			return i, "a control character", "leave it out"
		}
		if r == utf8.RuneError {
			return i, "a character that is not UTF-8, or stands for one that was not", "leave it out"
		}
	}
	return 0, "", ""
}

// step reads one character of a literal, or a placeholder.
func (p *parser) step() error {
	c := p.text[p.pos]
	doubled := strings.HasPrefix(p.text[p.pos+1:], string(c))
	switch {
	case c == '{' && doubled:
		if inner, _, found := strings.Cut(p.text[p.pos+2:], "}}"); found && p.looksMeant(inner) {
			return p.fault(p.pos, "{{"+inner+"}} would be the text {"+inner+"} and not a value", "write {"+inner+"}")
		}
	case c == '{':
		return p.placeholder()
	case c == '}' && !doubled:
		return p.fault(p.pos, "a } without its {", "write }} for the character")
	}
	p.literal = append(p.literal, c)
	if c == '{' || c == '}' {
		p.pos++
	}
	p.pos++
	return nil
}

// looksMeant reports whether the text within doubled braces, which are how
// other languages write placeholders, was meant as one.
func (p *parser) looksMeant(inner string) bool {
	name, _, _ := strings.Cut(inner, ":")
	reason, _ := checkName(name)
	return reason == ""
}

// placeholder reads {name} or {name:010d}.
func (p *parser) placeholder() error {
	at := p.pos
	end := strings.IndexByte(p.text[at:], '}')
	if end < 0 {
		return p.fault(at, "a placeholder without its }", "close it, or write {{ for the character")
	}
	name, spec, has := strings.Cut(p.text[at+1:at+end], ":")
	if reason, mend := checkName(name); reason != "" {
		return p.fault(at+1, reason, mend)
	}
	width := 0
	if has {
		var reason string
		if width, reason = parseWidth(spec); reason != "" {
			return p.fault(at+2+len(name), reason, "write {"+name+":010d} for ten digits, or {"+name+"}")
		}
	}
	p.flush()
	if err := p.add(at, name, width); err != nil {
		return err
	}
	p.pos = at + end + 1
	p.at = p.pos
	return nil
}

// flush makes a piece of the literal before a placeholder or the end.
func (p *parser) flush() {
	if len(p.literal) > 0 {
		p.t.pieces = append(p.t.pieces, piece{literal: string(p.literal), name: -1, at: p.at})
		p.literal = p.literal[:0]
	}
}

// add makes a piece of a placeholder.
func (p *parser) add(at int, name string, width int) error {
	n := 0
	for i := range p.t.pieces {
		if p.t.pieces[i].name >= 0 {
			n++
		}
	}
	if n == maxPlaceholders {
		return p.fault(at, "it has more than "+strconv.Itoa(maxPlaceholders)+" placeholders", "")
	}
	index := slices.Index(p.t.names, name)
	if index < 0 {
		index = len(p.t.names)
		p.t.names = append(p.t.names, name)
	}
	p.t.pieces = append(p.t.pieces, piece{name: index, width: width, at: at})
	return nil
}

// checkName returns what is wrong with a placeholder's name. Attributes and
// columns may be called nearly anything, so nearly anything is taken.
func checkName(name string) (reason, mend string) {
	switch {
	case name == "":
		return "a placeholder without a name", "name an attribute or a column"
	case len(name) > maxName:
		return "the name is longer than " + strconv.Itoa(maxName) + " bytes", ""
	case strings.Contains(name, "{"):
		return "a { within a placeholder", "close the placeholder first"
	case strings.TrimSpace(name) != name:
		return "a blank at the end of the name", "leave it out"
	}
	return "", ""
}

// parseWidth reads 010d.
func parseWidth(spec string) (width int, reason string) {
	digits, found := strings.CutSuffix(spec, "d")
	digits, zero := strings.CutPrefix(digits, "0")
	if !found || !zero || !allDigits(digits) || digits == "" || digits[0] == '0' {
		return 0, strconv.Quote(clip(spec)) + " is no way to format: only zeros before integers are, as in 010d"
	}
	width, err := strconv.Atoi(digits)
	if err != nil || width > maxWidth {
		return 0, "a number has " + strconv.Itoa(maxWidth) + " digits at most"
	}
	return width, ""
}

func clip(s string) string {
	if len(s) > 20 {
		return s[:20]
	}
	return s
}

// delimit finds out how the end of each value is told, and what the values
// must therefore escape.
func (p *parser) delimit() error {
	pieces := p.t.pieces
	hash := slices.ContainsFunc(pieces, func(x piece) bool { return strings.Contains(x.literal, "#") })
	for i := range pieces {
		x := &pieces[i]
		if x.name < 0 || x.width > 0 {
			continue
		}
		var delims []rune
		if hash {
			delims = append(delims, '#')
		}
		stop, err := p.findStop(i)
		if err != nil {
			return err
		}
		if stop != 0 {
			x.stop = string(stop)
			delims = append(delims, stop)
		}
		x.escapes = newEscapes(delims)
	}
	return nil
}

// findStop sets how far the end of placeholder i is from its delimiter, and
// returns that; or from the end of the text, and then it is 0.
func (p *parser) findStop(i int) (rune, error) {
	x := &p.t.pieces[i]
	rest := p.t.pieces[i+1:]
	for len(rest) > 0 && rest[0].name >= 0 {
		if rest[0].width == 0 {
			a, b := p.t.names[x.name], p.t.names[rest[0].name]
			return 0, p.fault(rest[0].at, "nothing tells where {"+a+"} ends and {"+b+"} begins",
				"put a # between them, or give one a width, as in {"+b+":010d}")
		}
		x.after += rest[0].width
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return 0, nil
	}
	literal := rest[0].literal
	if len(rest) == 1 {
		x.after += len(literal)
		return 0, nil
	}
	stop, at := delimiter(literal)
	if stop == 0 {
		return 0, p.fault(rest[0].at, "only digits tell where {"+p.t.names[x.name]+"} ends", "put a # there")
	}
	x.after += at
	return stop, nil
}

// delimiter chooses the character of a literal that ends the value before it,
// the one that values have most rarely; 0 if there are only digits, which
// every number has.
func delimiter(literal string) (r rune, at int) {
	if at := strings.IndexByte(literal, '#'); at >= 0 {
		return '#', at
	}
	letter, letterAt := rune(0), 0
	for i, r := range literal {
		if mark(r) {
			return r, i
		}
		if letter == 0 && asciiLetter(r) {
			letter, letterAt = r, i
		}
	}
	return letter, letterAt
}
