package fleet

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// module is whose functions name a goroutine.
const module = "github.com/crossfade-go/crossfade/"

// whoIs tells the goroutine that calls: the actor of ctx and the outermost
// function of the library it is in, and all of them with their lines, by which
// goroutines are told apart that ask the same.
func whoIs(ctx context.Context) (who, stack string) {
	var pcs [48]uintptr
	n := runtime.Callers(3, pcs[:])
	for _, pc := range pcs[:n] {
		f := frameOf(pc)
		if f.where == "" {
			continue
		}
		stack += f.where
		if f.name != "" {
			who = f.name
		}
	}
	if actor := actorOf(ctx); actor != "" {
		who = actor + " " + who
	}
	return who, stack
}

// A frame is what a place in the program says of a goroutine.
type frame struct {
	name  string // "relay.refresh"; "" for a function without a name
	where string // "refresh.go:120 "; "" outside the library
}

var frames sync.Map // by program counter; they never change

func frameOf(pc uintptr) frame {
	if f, ok := frames.Load(pc); ok {
		return f.(frame)
	}
	var f frame
	all := runtime.CallersFrames([]uintptr{pc})
	for {
		r, more := all.Next()
		f = f.with(r)
		if !more {
			break
		}
	}
	frames.Store(pc, f)
	return f
}

// with adds a function, one of several where functions are inlined.
func (f frame) with(r runtime.Frame) frame {
	path, of := strings.CutPrefix(r.Function, module)
	if !of || strings.HasPrefix(path, "internal/fleet.") || strings.Contains(path, "_test.") {
		return f
	}
	f.where += fmt.Sprintf("%s:%d ", r.File[strings.LastIndexByte(r.File, '/')+1:], r.Line)
	if !strings.Contains(path, ".func") && !strings.Contains(path, "gowrap") {
		_, name, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ".")
		f.name = strings.NewReplacer("(*", "", ")", "", "[...]", "").Replace(name)
	}
	return f
}
