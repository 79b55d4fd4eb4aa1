package template

import "strings"

// Values returns the values that Format made text of, in the order of Names.
// The error is a *ValueError: Format never gives that text.
func (t *Template) Values(text string) ([]string, error) {
	values := make([]string, len(t.names))
	seen := 0
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.name < 0 {
			rest, found := strings.CutPrefix(text, p.literal)
			if !found {
				return nil, t.foreign()
			}
			text = rest
			continue
		}
		value, rest, ok := p.read(text)
		if !ok {
			return nil, t.foreign()
		}
		text = rest
		switch {
		case p.name == seen:
			values[seen] = value
			seen++
		case values[p.name] != value:
			return nil, t.foreign()
		}
	}
	if text != "" {
		return nil, t.foreign()
	}
	return values, nil
}

// Matches reports whether Format gives the text for some values.
func (t *Template) Matches(text string) bool {
	_, err := t.Values(text)
	return err == nil
}

func (t *Template) foreign() error {
	return &ValueError{Reason: "the text is not one that the template " + quote(t.text) + " gives"}
}

// read reads a placeholder's value from the beginning of text.
func (p *piece) read(text string) (value, rest string, ok bool) {
	if p.width > 0 {
		if len(text) < p.width || !allDigits(text[:p.width]) {
			return "", "", false
		}
		value = strings.TrimLeft(text[:p.width], "0")
		if value == "" {
			value = "0"
		}
		return value, text[p.width:], true
	}
	// No value has the delimiter, and no padded number: the first is the one.
	end := len(text)
	if p.stop != "" {
		if end = strings.Index(text, p.stop); end < 0 {
			return "", "", false
		}
	}
	if end -= p.after; end < 0 {
		return "", "", false
	}
	value, ok = p.escapes.value(text[:end])
	return value, text[end:], ok
}
