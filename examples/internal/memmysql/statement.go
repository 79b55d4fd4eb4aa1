package memmysql

import (
	"strconv"
	"strings"
)

// A kind says what a statement does to transactions.
type kind int

const (
	plain    kind = iota // touches no table: SET, USE, KILL, SELECT without FROM
	read                 // reads what is committed, without locks: SELECT, SHOW
	write                // changes or locks rows: INSERT, SELECT … FOR UPDATE
	define               // defines tables, and commits implicitly: CREATE, ALTER
	begin                // START TRANSACTION
	commit               // COMMIT
	rollback             // ROLLBACK, of the whole transaction
)

// A statement is what the handler must know of one.
type statement struct {
	kind     kind
	text     string // as the engine understands it
	snapshot bool   // START TRANSACTION WITH CONSISTENT SNAPSHOT
	nowait   bool   // … FOR UPDATE NOWAIT
	// autocommits says that it sets autocommit to 1, which commits.
	autocommits bool
	kills       uint32 // the connection that KILL names
	killsQuery  bool   // KILL QUERY
	verb        string // first word, in upper case
}

// verbs says which statements begin with a word, where the first word decides.
var verbs = map[string]kind{
	"SHOW": read, "DESCRIBE": read, "DESC": read, "EXPLAIN": read, "TABLE": read, "VALUES": read, "CHECK": read, "CHECKSUM": read,
	"INSERT": write, "UPDATE": write, "DELETE": write, "REPLACE": write, "LOAD": write, "CALL": write, "EXECUTE": write,
	"SAVEPOINT": write, "RELEASE": plain, "USE": plain, "KILL": plain, "DO": plain, "PREPARE": plain, "DEALLOCATE": plain, "FLUSH": plain,
	"CREATE": define, "ALTER": define, "DROP": define, "TRUNCATE": define, "RENAME": define, "GRANT": define, "REVOKE": define,
	"ANALYZE": define, "OPTIMIZE": define, "REPAIR": define, "LOCK": define, "UNLOCK": define,
	"BEGIN": begin, "START": begin, "COMMIT": commit,
}

// parseStatement looks at the first statement of a text.
func parseStatement(text string) statement {
	words := words(text)
	s := statement{text: text, kind: write}
	if len(words) == 0 {
		s.kind = plain
		return s
	}
	s.verb = words[0].text
	if k, ok := verbs[s.verb]; ok {
		s.kind = k
	}
	switch s.verb {
	case "ANALYZE":
		// Its statistics are not used, and counting them fails for binary keys.
		s.kind, s.text = plain, "SELECT 'analyze' AS Op, 'status' AS Msg_type, 'OK' AS Msg_text"
	case "SELECT", "WITH", "(":
		s.query(words)
	case "SET":
		s.kind = plain
		if has(words, "SELECT") {
			s.kind = read
		}
		last := words[len(words)-1].text
		s.autocommits = (has(words, "AUTOCOMMIT") || has(words, "@@AUTOCOMMIT")) && (last == "1" || last == "ON" || last == "TRUE")
	case "KILL":
		id, _ := strconv.ParseUint(words[len(words)-1].text, 10, 32)
		s.kills, s.killsQuery = uint32(id), has(words, "QUERY")
	case "ROLLBACK":
		s.kind = rollback
		if has(words, "TO") {
			s.kind = plain
		}
	case "START", "BEGIN":
		s.start(words)
	}
	return s
}

// query tells a consistent read from one that locks, and from one that needs no
// table.
func (s *statement) query(words []word) {
	locks := has(words, "FOR", "UPDATE") || has(words, "FOR", "SHARE") || has(words, "LOCK", "IN", "SHARE", "MODE")
	switch {
	case locks || has(words, "INTO", "OUTFILE"), s.verb == "WITH" && (has(words, "UPDATE") || has(words, "DELETE")):
		s.kind = write
	case has(words, "FROM"):
		s.kind = read
	default:
		s.kind = plain
	}
	if last := words[len(words)-1]; locks && last.text == "NOWAIT" {
		s.nowait, s.text = true, s.text[:last.at]+s.text[last.at+len(last.text):]
	}
}

// start takes out of START TRANSACTION what the engine's grammar does not have.
func (s *statement) start(words []word) {
	s.snapshot = has(words, "WITH", "CONSISTENT", "SNAPSHOT")
	switch {
	case !s.snapshot:
	case has(words, "READ", "ONLY"):
		s.text = "START TRANSACTION READ ONLY"
	default:
		s.text = "START TRANSACTION"
	}
}

// has reports whether some words follow each other.
func has(words []word, run ...string) bool {
	for i := range words {
		for n := 0; i+n < len(words) && words[i+n].text == run[n]; {
			if n++; n == len(run) {
				return true
			}
		}
	}
	return false
}

// A word is a word of a statement in upper case, or an opening bracket at its
// beginning, and where it stands.
type word struct {
	text string
	at   int
}

// words returns the words of the first statement of a text, without what stands
// in quotes and comments.
func words(text string) []word {
	var all []word
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			i = afterQuote(text, i)
		case c == '#', strings.HasPrefix(text[i:], "-- "):
			i = after(text, i, "\n")
		case strings.HasPrefix(text[i:], "/*!"):
			i += 3 // its content is executed
		case strings.HasPrefix(text[i:], "/*"):
			i = after(text, i+2, "*/")
		case c == ';':
			if len(all) > 0 {
				return all
			}
			i++
		case c == '(' && len(all) == 0:
			all = append(all, word{"(", i})
			i++
		case isLetter(c):
			from := i
			for i < len(text) && isLetter(text[i]) {
				i++
			}
			all = append(all, word{strings.ToUpper(text[from:i]), from})
		default:
			i++
		}
	}
	return all
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9' || c == '@' || c == '$' || c >= 0x80
}

// after returns the place behind the next end.
func after(text string, i int, end string) int {
	n := strings.Index(text[i:], end)
	if n < 0 {
		return len(text)
	}
	return i + n + len(end)
}

// afterQuote returns the place behind the quoted text that begins at i. A quote
// that is doubled begins another quoted text there, which comes to the same.
func afterQuote(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote != '`':
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}
