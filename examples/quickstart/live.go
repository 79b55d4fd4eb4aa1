package main

import (
	"context"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/migrationctl"
)

// A live is a load in this process, on a controller of its own.
type live struct {
	ctl    *migrationctl.Controller
	load   *load
	cancel context.CancelFunc
	ended  chan error
}

// startLive opens a controller, as any service does when it starts, and begins
// the load.
func startLive(ctx context.Context, s *stores, plan loadPlan) (*live, error) {
	m := &meter{}
	ctl, err := migrationctl.Open(ctx, s.MySQL, s.Dynamo, &migrationctl.Options{Who: "quickstart", Hooks: []dal.Hook{m}})
	if err != nil {
		return nil, err
	}
	users, err := dal.NewRepository[User](ctl, s.entity.Name)
	if err != nil {
		return nil, closing(err, ctl)
	}
	l := &live{ctl: ctl, ended: make(chan error, 1),
		load: &load{plan: plan, users: users, meter: m, keys: &keyring{}}}
	// The load ends by stop, not with ctx: operations under way get their
	// answers also when the run is interrupted.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	go func() {
		defer close(l.ended)
		if err := l.load.run(running); err != nil {
			l.ended <- err
		}
	}()
	return l, nil
}

func (l *live) sample() sample       { return l.load.meter.take(l.ctl.Stats()) }
func (l *live) harms() harm          { return harm{} }
func (l *live) meet()                {}
func (l *live) failed() <-chan error { return l.ended }

// stop ends the load; the controller and its relay go on.
func (l *live) stop() error {
	l.cancel()
	return <-l.ended
}
