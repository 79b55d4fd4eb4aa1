// Command generate makes the files of weights of package collation. It asks a server,
// MariaDB or MySQL, for WEIGHT_STRING of every character up to U+FFFF, and reads
// allkeys.txt of the Unicode Collation Algorithm 9.0.0:
//
//	go run ./transform/internal/collation/generate -dsn 'root@tcp(127.0.0.1:3306)/' -allkeys allkeys-9.0.0.txt
//
// Whatever is not given keeps its files.
package main

import (
	"bufio"
	"cmp"
	"database/sql"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	_ "github.com/go-sql-driver/mysql"

	"github.com/crossfade-go/crossfade/transform/internal/collation"
)

func main() {
	log.SetFlags(0)
	dsn := flag.String("dsn", "", "the server to ask")
	allkeys := flag.String("allkeys", "", "the file allkeys.txt of UCA 9.0.0")
	folder := flag.String("to", "transform/internal/collation/weights", "where the files go")
	flag.Parse()
	if *dsn != "" {
		if err := ask(*dsn, *folder); err != nil {
			log.Fatalf("asking the server: %v", err)
		}
	}
	if *allkeys != "" {
		entries, err := read(*allkeys)
		if err != nil {
			log.Fatalf("reading %s: %v", *allkeys, err)
		}
		if err := write(*folder, "uca9", entries); err != nil {
			log.Fatal(err)
		}
	}
}

func ask(dsn, folder string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, c := range []struct {
		file, charset, collation string
		implied                  func(r rune, w []uint16) bool
	}{
		{"general", "utf8mb4", "utf8mb4_general_ci", itself},
		{"uca4", "utf8mb4", "utf8mb4_unicode_ci", implicit},
		{"swedish", "latin1", "latin1_swedish_ci", itself},
	} {
		var entries []collation.Entry
		for _, r := range characters(c.charset) {
			var weights []byte
			statement := fmt.Sprintf("SELECT WEIGHT_STRING(CONVERT(? USING %s) COLLATE %s)", c.charset, c.collation)
			if err := db.QueryRow(statement, string(r)).Scan(&weights); err != nil {
				return err
			}
			e := collation.Entry{Rune: r, Weights: numbers(weights)}
			if !c.implied(r, e.Weights) {
				entries = append(entries, e)
			}
		}
		if err := write(folder, c.file, entries); err != nil {
			return err
		}
	}
	return nil
}

// characters returns those of a character set that have weights of their own.
// MySQL's latin1 is Windows-1252, with the control characters where that has gaps.
func characters(charset string) []rune {
	var all []rune
	for r := range rune(0x10000) {
		surrogate := r >= 0xD800 && r <= 0xDFFF
		if charset == "utf8mb4" && !surrogate || r < 0x80 || r > 0x9F && r < 0x100 {
			all = append(all, r)
		}
	}
	if charset == "latin1" {
		all = append(all, []rune("\u0081\u008d\u008f\u0090\u009d€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ")...)
		slices.Sort(all)
	}
	return all
}

// numbers reads weights of two bytes, or one of one byte.
func numbers(weights []byte) []uint16 {
	if len(weights) == 1 {
		return []uint16{uint16(weights[0])}
	}
	var all []uint16
	for ; len(weights) > 1; weights = weights[2:] {
		all = append(all, binary.BigEndian.Uint16(weights))
	}
	return all
}

func itself(r rune, w []uint16) bool { return len(w) == 1 && rune(w[0]) == r }

// implicit tells derived weights by their form: nothing else begins so high.
func implicit(r rune, w []uint16) bool {
	return len(w) == 2 && w[0] >= 0xFB40 && w[1] == uint16(r&0x7FFF)|0x8000
}

var (
	line    = regexp.MustCompile(`^([0-9A-F]+) *; *((?:\[[^\]]*\])+)`)
	primary = regexp.MustCompile(`\[[.*]([0-9A-F]{4})`)
)

// read takes the primary weights out of allkeys.txt. Contractions, of several
// characters, are left out.
func read(path string) ([]collation.Entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var entries []collation.Entry
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		r, err := strconv.ParseUint(m[1], 16, 21)
		if err != nil {
			return nil, err
		}
		e := collation.Entry{Rune: rune(r)}
		for _, p := range primary.FindAllStringSubmatch(m[2], -1) {
			w, err := strconv.ParseUint(p[1], 16, 16)
			if err != nil {
				return nil, err
			}
			if w > 0 {
				e.Weights = append(e.Weights, uint16(w))
			}
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b collation.Entry) int { return cmp.Compare(a.Rune, b.Rune) })
	if len(entries) == 0 {
		return nil, errors.New("it has no line of a character and its weights")
	}
	return entries, lines.Err()
}

func write(folder, name string, entries []collation.Entry) error {
	file := collation.Encode(entries)
	log.Printf("%s: %d characters, %d bytes", name, len(entries), len(file))
	return os.WriteFile(filepath.Join(folder, name+".flate"), file, 0o644)
}
