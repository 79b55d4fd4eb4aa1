package partiql

// source reads the table a statement is about, and its index.
func (p *parser) source() (table, index string) {
	if p.peek().kind == tokenString {
		p.pos++
		p.refuse("Unexpected from source")
		return "", ""
	}
	names := []string{p.identifier()}
	for p.acceptAs(".") {
		names = append(names, p.identifier())
	}
	p.alias()
	if len(names) > 2 {
		p.refuse("A path may contain at most 2 components in the FROM clause")
		names = names[:2]
	}
	for _, name := range names {
		if !isTableName(name) {
			p.refuse("Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'.")
		}
	}
	if len(names) == 2 {
		index = names[1]
	}
	return names[0], index
}

// alias refuses a second name for what came before it.
func (p *parser) alias() {
	if p.acceptAs("AS") || p.peek().kind == tokenName {
		p.identifier()
		p.refuse("Aliasing is not supported")
	}
}

func isTableName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return len(name) >= 3 && len(name) <= 255
}

// table reads the table of a statement that writes.
func (p *parser) table(onIndex string) string {
	table, index := p.source()
	if index != "" {
		p.refuse("%s", onIndex)
	}
	return table
}

// returning reads RETURNING, if it is there.
func (p *parser) returning() Returning {
	if !p.acceptAs("RETURNING") {
		return ""
	}
	r := p.returned()
	for p.acceptAs(",") {
		p.returned()
		p.refuse("Invalid syntax with multiple returning elements in RETURNING clause")
	}
	return r
}

func (p *parser) returned() Returning {
	what := p.oneOf("ALL", "MODIFIED")
	when := p.oneOf("OLD", "NEW")
	if !p.acceptAs("*") {
		p.path()
		p.refuse("Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause")
	}
	return Returning(what + " " + when + " *")
}

func (p *parser) oneOf(words ...string) string {
	for _, word := range words {
		if p.acceptAs(word) {
			return word
		}
	}
	p.malformed()
	return ""
}
