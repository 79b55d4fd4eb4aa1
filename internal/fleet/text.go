package fleet

import (
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// short is an error in a few words.
func short(err error) string {
	if err == nil {
		return "ok"
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

func keyText(k transform.Key) string { return "/" + k.ID + "/" }

func keysText(keys []transform.Key) string {
	text := ""
	for _, k := range keys {
		text += keyText(k)
	}
	return strings.ReplaceAll(text, "//", "/ /")
}

// versionText is a version as its epoch's floor and what was added.
func versionText(v store.Version) string {
	return fmt.Sprintf("v%d.%d", v>>store.FloorBits, v&(1<<store.FloorBits-1))
}

func atText(at store.At) string {
	switch {
	case at.Epoch == 0:
		return "without epoch"
	case at.Captured:
		return fmt.Sprintf("in %d", at.Epoch)
	}
	return fmt.Sprintf("in %d bare", at.Epoch)
}

func rowText(row store.Row) string {
	text := keyText(row.Key) + " " + versionText(row.Version)
	switch {
	case row.Live && !row.Record.IsZero():
		for i := range row.Record.Entity().Columns {
			if v := row.Record.At(i); !v.IsNull() {
				text += " " + v.Text()
			}
		}
	case row.Live:
		text += " live"
	case row.Tombstone:
		text += " tombstone"
	default:
		text += " nothing"
	}
	if row.Dirty {
		text += " dirty"
	}
	return text
}

func rowsText(rows []store.Row) string {
	parts := make([]string, len(rows))
	for i, row := range rows {
		parts[i] = rowText(row)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func writeText(w store.Write) string {
	text := ""
	for _, m := range w.Mutations {
		text += fmt.Sprintf("%s %s ", m.Op, keyText(m.Key))
	}
	if w.Token != "" {
		text += "token " + w.Token
	}
	return text
}

func changeText(c store.Change) string {
	text := strings.TrimLeft(c.Ref, "0")
	for _, k := range c.Keys {
		text += " " + keyText(k.Key) + " " + versionText(k.Version)
	}
	if c.Token != nil {
		text += " token " + c.Token.Token
	}
	return "{" + strings.TrimSpace(text) + "}"
}

func recordText(r store.PhaseRecord) string {
	text := fmt.Sprintf("#%d phase %d %v in %d", r.Revision, uint8(r.Phase), r.State, r.Epoch)
	if !r.Capture {
		text += " bare"
	}
	if r.Next != 0 {
		text += fmt.Sprintf(" to %d by %s", uint8(r.Next), r.Driver)
	}
	return text
}
