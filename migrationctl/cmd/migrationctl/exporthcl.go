package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An hclBody is the lines of an HCL block: attributes, blocks and comments in
// their order, printed as terraform fmt would.
type hclBody []hclLine

// An hclLine is an attribute, a block, a comment, or nothing: an empty line.
type hclLine struct {
	name    string
	value   string   // of an attribute, as HCL
	labels  []string // of a block
	block   *hclBody
	comment string
}

// set adds an attribute whose value is HCL already.
func (b *hclBody) set(name, value string) { *b = append(*b, hclLine{name: name, value: value}) }

// text adds an attribute whose value is a text.
func (b *hclBody) text(name, value string) { b.set(name, hclText(value)) }

// number adds an attribute whose value is a number.
func (b *hclBody) number(name string, n int64) { b.set(name, strconv.FormatInt(n, 10)) }

// note adds a comment.
func (b *hclBody) note(text string) { *b = append(*b, hclLine{comment: text}) }

// gap adds an empty line.
func (b *hclBody) gap() { *b = append(*b, hclLine{}) }

// add adds a block, after an empty line unless it is the first.
func (b *hclBody) add(kind string, labels []string, inner hclBody) {
	if n := len(*b); n > 0 && (*b)[n-1].comment == "" {
		b.gap()
	}
	*b = append(*b, hclLine{name: kind, labels: labels, block: &inner})
}

// String prints the body.
func (b hclBody) String() string {
	var w strings.Builder
	b.print(&w, "")
	return w.String()
}

func (b hclBody) print(w *strings.Builder, indent string) {
	for i, line := range b {
		switch {
		case line.comment != "":
			w.WriteString(indent + "# " + line.comment + "\n")
		case line.block != nil:
			w.WriteString(indent + line.name)
			for _, label := range line.labels {
				w.WriteString(" " + hclText(label))
			}
			w.WriteString(" {\n")
			line.block.print(w, indent+"  ")
			w.WriteString(indent + "}\n")
		case line.name == "":
			w.WriteByte('\n')
		default:
			pad := b.widest(i) - utf8.RuneCountInString(line.name)
			w.WriteString(indent + line.name + strings.Repeat(" ", pad) + " = ")
			w.WriteString(strings.ReplaceAll(line.value, "\n", "\n"+indent) + "\n")
		}
	}
}

// widest returns the longest name of the attributes that stand together with one:
// the signs of equality stand below each other.
func (b hclBody) widest(i int) int {
	first := i
	for first > 0 && b[first-1].inline() && b[first].inline() {
		first--
	}
	width := utf8.RuneCountInString(b[i].name)
	for ; first < len(b) && b[first].inline(); first++ {
		width = max(width, utf8.RuneCountInString(b[first].name))
	}
	return width
}

// inline reports whether a line is an attribute in one line.
func (l hclLine) inline() bool { return l.value != "" && !strings.Contains(l.value, "\n") }

// hclText returns a text in quotes. What would begin a template is doubled, so
// that it stays a text (HCL Native Syntax Specification, "Template Literals").
func hclText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			b.WriteString(`\u` + strings.Repeat("0", 4-len(strconv.FormatInt(int64(r), 16))) + strconv.FormatInt(int64(r), 16))
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteString(string(r) + string(r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// hclTexts returns a list of texts.
func hclTexts(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = hclText(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// An hclEntry is an entry of a map.
type hclEntry struct{ name, value string } // the value as HCL

// An identifier stands in a map without quotes, unless it is a word of the language.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// key is the entry's name as HCL.
func (e hclEntry) key() string {
	switch {
	case slices.Contains([]string{"for", "null", "true", "false"}, e.name), !identifier.MatchString(e.name):
		return hclText(e.name)
	}
	return e.name
}

// hclMap returns a map, an entry a line.
func hclMap(entries []hclEntry) string {
	width := 0
	for _, e := range entries {
		width = max(width, utf8.RuneCountInString(e.key()))
	}
	var b strings.Builder
	b.WriteString("{\n")
	for _, e := range entries {
		pad := width - utf8.RuneCountInString(e.key())
		b.WriteString("  " + e.key() + strings.Repeat(" ", pad) + " = " + e.value + "\n")
	}
	b.WriteByte('}')
	return b.String()
}
