package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/schollz/progressbar/v3"
)

// A progress shows how far a long step is: a bar with rate and time left on a
// terminal, and without one a single line when the step has ended.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil without a terminal
	name  string
	unit  string // of what is counted: "rows"
	began time.Time
	from  int64 // where an earlier run of the step stopped
	at    int64
	total int64
}

// countTimeout bounds counting the rows for the bar, which is worth a moment
// but not a scan of an hour.
const countTimeout = 2 * time.Second

// shortest is the time below which a rate says nothing.
const shortest = 100 * time.Millisecond

// begin starts showing a step. total is how many units there are, 0 where that
// is not known; from is how many of them an earlier run has done.
func (c *cli) begin(name, unit string, from, total int64) *progress {
	name = escaped(name)
	p := &progress{w: c.stderr, name: name, unit: unit, began: time.Now(), from: from, at: from}
	if !c.env.Terminal {
		return p
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(c.stderr),
		progressbar.OptionSetDescription(name),
		progressbar.OptionSetWidth(20),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString(unit),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionUseANSICodes(true),
	}
	p.total = total - from
	if p.total <= 0 {
		p.total = -1 // a spinner
	}
	p.bar = progressbar.NewOptions64(p.total, options...)
	return p
}

// set shows that so much is done, counted as total is.
func (p *progress) set(at int64) {
	p.at = at
	if p.bar == nil {
		return
	}
	done := at - p.from
	if p.total > 0 && done >= p.total {
		// Rows came while the step ran, or the count was an estimate. A bar that
		// is once full stays so, whatever comes; the step's end takes it away.
		p.total = done + 1
		p.bar.ChangeMax64(p.total)
	}
	p.bar.Set64(done) // what can't be drawn is no reason to stop
}

// end takes the bar away and leaves a line about the step.
func (p *progress) end() {
	p.stop()
	done, took := p.at-p.from, time.Since(p.began)
	line := fmt.Sprintf("%s: %s %s in %s", p.name, number(done), p.unit, span(took))
	if took > shortest {
		line += fmt.Sprintf(", %s %s/s", number(int64(float64(done)/took.Seconds())), p.unit)
	}
	if p.from > 0 {
		line += fmt.Sprintf(", after %s earlier", number(p.from))
	}
	fmt.Fprintln(p.w, line)
}

// stop takes the bar away, so that what is printed next begins a line.
func (p *progress) stop() {
	if p.bar != nil {
		p.bar.Clear()
		p.bar = nil
	}
}

// A series shows the steps of a run, one after the other. A step is first heard
// of when a part of it is done, so it is taken to have begun when the one
// before ended.
type series struct {
	begin func(step string) *progress
	step  string
	now   *progress
	since time.Time
}

func (c *cli) series(begin func(step string) *progress) *series {
	return &series{begin: begin, since: time.Now()}
}

// at reports whether the step is the one that is shown.
func (s *series) at(step string) bool { return s.now != nil && s.step == step }

// set shows how far a step is. Another step than the last one ends that.
func (s *series) set(step string, at int64) {
	if s.now != nil && s.step != step {
		s.end()
	}
	if s.now == nil {
		s.step, s.now = step, s.begin(step)
		s.now.began = s.since
	}
	s.now.set(at)
}

// end ends the step that is shown.
func (s *series) end() {
	if s.now != nil {
		s.now.end()
	}
	s.now, s.since = nil, time.Now()
}

// stop takes away what an error left standing.
func (s *series) stop() {
	if s.now != nil {
		s.now.stop()
	}
}

// rows returns how many rows the table has, 0 where counting takes too long or
// nobody looks at a bar.
func (c *cli) rows(ctx context.Context, db *sqlx.DB, table string) int64 {
	if !c.env.Terminal {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	var n int64
	if db.GetContext(ctx, &n, "SELECT COUNT(*) FROM `"+strings.ReplaceAll(table, "`", "``")+"`") == nil {
		return n
	}
	// The statistics are off by half at worst, and cost nothing.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), countTimeout)
	defer cancel()
	db.GetContext(ctx, &n, "SELECT COALESCE(MAX(table_rows), 0) FROM information_schema.tables"+
		" WHERE table_schema = DATABASE() AND table_name = ?", table)
	return n
}
