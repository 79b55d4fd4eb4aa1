package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/migrationctl"
)

// statusCommand is status.
func (c *cli) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show phase, processes, backlog and runs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.status(cmd.Context()) },
	}
}

// status shows what can be seen. It fails where that is not even the phase, and
// after printing the rest where the store that leads can't be read.
func (c *cli) status(ctx context.Context) error {
	s, err := c.openToLook(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	status, err := s.operator.Status(ctx)
	if err != nil {
		return s.explained(err)
	}
	doc := statusDocument(status)
	if err := c.out.print(doc); err != nil || doc.known() {
		return err
	}
	return usage("%s", doc.Note)
}

// A statusDoc is what there is to know about a group. Durations are seconds.
type statusDoc struct {
	Group       string          `json:"group"`
	Phase       uint8           `json:"phase"`
	PhaseName   string          `json:"phase_name"`
	Leader      string          `json:"leader"`         // "mysql", "dynamodb", or "": none, or it can't be read
	Next        uint8           `json:"next,omitempty"` // where a hand-off under way leads
	Note        string          `json:"note,omitempty"` // what is unusual and what to do
	Stores      []storeDoc      `json:"stores"`
	Flags       map[string]bool `json:"flags"`
	Capture     bool            `json:"capture"`
	Epoch       uint64          `json:"epoch"`
	ChangedAt   time.Time       `json:"changed_at"`
	Processes   []processDoc    `json:"processes"`
	Dirty       int64           `json:"dirty"`
	OldestDirty float64         `json:"oldest_dirty_seconds"`
	FanOuts     int64           `json:"fan_outs"` // changed records whose copies in other items are to be renewed
	DeadLetters int64           `json:"dead_letters"`
	Backfill    []runDoc        `json:"backfill"`
	Verify      []runDoc        `json:"verify"`
}

// A storeDoc is what one store's own record says of it.
type storeDoc struct {
	Store  string `json:"store"`
	State  string `json:"state,omitempty"` // "open", "closed", "given-away" or "sealed"; "" if it can't be read
	Epoch  uint64 `json:"epoch"`
	Next   uint8  `json:"next,omitempty"`   // of a hand-off under way
	Driver string `json:"driver,omitempty"` // of it
	Unread string `json:"unread,omitempty"` // why the store, or its runs, can't be read
}

// A processDoc is one process of the fleet.
type processDoc struct {
	Process string  `json:"process"`
	Host    string  `json:"host"`
	Epoch   uint64  `json:"epoch"`
	Age     float64 `json:"age_seconds"` // since it renewed its registration
	Live    bool    `json:"live"`
}

// A runDoc is how far a backfill or verify is with one entity.
type runDoc struct {
	Entity      string    `json:"entity"`
	Store       string    `json:"store"` // that led when it ran
	Done        bool      `json:"done"`
	Void        bool      `json:"void"` // it ran before capture was switched off
	Rows        int64     `json:"rows"`
	UpdatedAt   time.Time `json:"updated_at"`
	Differences *int64    `json:"differences,omitempty"` // of a verify
	Unsettled   *int64    `json:"unsettled,omitempty"`   // of a verify
}

// statusDocument turns a status into what is printed.
func statusDocument(s migrationctl.Status) statusDoc {
	d := statusDoc{
		Group: s.Group, Phase: uint8(s.Phase), PhaseName: s.Phase.String(), Capture: s.Capture, Epoch: s.Epoch,
		ChangedAt: s.ChangedAt, Dirty: s.Dirty, OldestDirty: s.OldestDirty.Seconds(), FanOuts: s.FanOuts, DeadLetters: s.DeadLetters,
		Flags: map[string]bool{"READ_MYSQL": s.Flags.ReadMySQL, "READ_DDB": s.Flags.ReadDynamoDB,
			"WRITE_MYSQL": s.Flags.WriteMySQL, "WRITE_DDB": s.Flags.WriteDynamoDB},
		Leader: s.Leader, Next: uint8(s.Next), Note: strings.ReplaceAll(s.Note, "\n", "; "), Stores: storeDocs(s.Marks),
		Processes: []processDoc{}, Backfill: runDocs(s.Backfill, false), Verify: runDocs(s.Verify, true),
	}
	for _, p := range s.Processes {
		d.Processes = append(d.Processes, processDoc{p.Process, p.Host, p.Epoch, p.Age.Seconds(), p.Live})
	}
	return d
}

func storeDocs(marks []migrationctl.MarkStatus) []storeDoc {
	docs := []storeDoc{}
	for _, m := range marks {
		d := storeDoc{Store: m.Store, Epoch: m.Epoch, Next: uint8(m.Next), Driver: m.Driver}
		if m.State != 0 {
			d.State = m.State.String()
		}
		if m.Err != nil {
			d.Unread = oneLine(m.Err)
		}
		docs = append(docs, d)
	}
	return docs
}

// String returns the mark in one line.
func (d storeDoc) String() string {
	var parts []string
	if d.State != "" {
		parts = append(parts, d.State, fmt.Sprintf("epoch %d", d.Epoch))
	}
	if d.Next != 0 {
		parts = append(parts, fmt.Sprintf("hand-off to phase %d", d.Next))
	}
	if d.Driver != "" {
		parts = append(parts, "driven by "+d.Driver)
	}
	if d.Unread != "" {
		parts = append(parts, "can't be read: "+d.Unread)
	}
	return strings.Join(parts, ", ")
}

// known reports whether it could be seen which store leads, or that none does.
func (d statusDoc) known() bool { return d.Leader != "" || d.Next != 0 }

func runDocs(runs []migrationctl.RunStatus, verify bool) []runDoc {
	docs := []runDoc{}
	for _, r := range runs {
		d := runDoc{Entity: r.Entity, Store: r.Store, Done: r.Done, Void: r.Void, Rows: r.Rows, UpdatedAt: r.UpdatedAt}
		if verify {
			d.Differences, d.Unsettled = &r.Differences, &r.Unsettled
		}
		docs = append(docs, d)
	}
	return docs
}

func (d statusDoc) text(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "group\t%s\n", d.Group)
	fmt.Fprintf(w, "phase\t%d %s, phase or capture last changed %s\n", d.Phase, d.PhaseName, moment(d.ChangedAt))
	if d.Note != "" {
		fmt.Fprintf(w, "note\t%s\n", d.Note)
	}
	for _, s := range d.Stores {
		fmt.Fprintf(w, "%s\t%s\n", s.Store, s)
	}
	var flags []string
	for _, f := range []string{"READ_MYSQL", "READ_DDB", "WRITE_MYSQL", "WRITE_DDB"} {
		flags = append(flags, f+" "+onOff(d.Flags[f]))
	}
	fmt.Fprintf(w, "flags\t%s\ncapture\t%s\nepoch\t%d\n", strings.Join(flags, ", "), onOff(d.Capture), d.Epoch)
	if d.Leader == "" {
		fmt.Fprintf(w, "dirty, dead letters, processes\tunknown without a store that leads\n")
	} else {
		fmt.Fprintf(w, "dirty\t%s\n", d.backlog())
		if d.FanOuts > 0 {
			fmt.Fprintf(w, "copies\tto be renewed of %s\n", count(d.FanOuts, "changed record"))
		}
		fmt.Fprintf(w, "dead letters\t%s\n", number(d.DeadLetters))
		d.printProcesses(w)
	}
	d.printRuns(w, "backfill", d.Backfill)
	d.printRuns(w, "verify", d.Verify)
	w.Flush()
}

// printProcesses lists the living, which are the ones that a step waits for, and
// counts the others: a registration stays a day.
func (d statusDoc) printProcesses(w io.Writer) {
	var lines []string
	ended, last := 0, 0.0
	for _, p := range d.Processes {
		if p.Live {
			lines = append(lines, fmt.Sprintf("%s on %s, epoch %d, renewed %s ago", p.Process, p.Host, p.Epoch, span(seconds(p.Age))))
			continue
		}
		if ended++; ended == 1 || p.Age < last {
			last = p.Age
		}
	}
	fmt.Fprintf(w, "processes\t%d live\n", len(lines))
	if ended > 0 {
		lines = append(lines, fmt.Sprintf("%d more have ended or fallen silent, the last one %s ago", ended, span(seconds(last))))
	}
	for _, line := range lines {
		fmt.Fprintf(w, "\t%s\n", line)
	}
}

// seconds is the duration that a document gives in seconds.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// backlog says how many changes, of keys or of tokens, the follower does not have
// yet, and for how long.
func (d statusDoc) backlog() string {
	if d.Dirty == 0 {
		return "0 changes"
	}
	return fmt.Sprintf("%s, the oldest for %s", count(d.Dirty, "change"), span(seconds(d.OldestDirty)))
}

// printRuns prints a line for each entity of a kind of run, and names the store
// that led then unless it leads now.
func (d statusDoc) printRuns(w io.Writer, name string, runs []runDoc) {
	if len(runs) == 0 {
		fmt.Fprintf(w, "%s\tnever\n", name)
	}
	for _, r := range runs {
		state := "under way or stopped"
		if r.Done {
			state = "done"
		}
		if r.Void {
			state = "void, capture was switched off since"
		}
		line := fmt.Sprintf("%s: %s, %s, %s", r.Entity, state, count(r.Rows, "row"), moment(r.UpdatedAt))
		if r.Differences != nil {
			line += fmt.Sprintf(", %s, %d unsettled", count(*r.Differences, "difference"), *r.Unsettled)
		}
		if r.Store != d.Leader {
			line += ", while " + r.Store + " led"
		}
		fmt.Fprintf(w, "%s\t%s\n", name, line)
		name = ""
	}
}
