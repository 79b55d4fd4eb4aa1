package engine

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A dynamoProgram is an engine of the machine that can be started.
type dynamoProgram struct {
	kind    string // empty: the engine says it itself
	path    string // what is described as started
	note    string // what else its description says
	command func(dir string, port int) (path string, args []string, err error)
}

// findDynamoDB returns the engines that are on the machine, the quick one
// first, and where it looked.
func findDynamoDB(options Options) (found []dynamoProgram, looked []string) {
	looked = []string{"a URL in " + EnvDynamoDB + " or " + EnvDynamoDBList}
	if !options.maySearch() {
		return nil, looked
	}
	looked = append(looked, "dynoxide on PATH")
	if path := find("dynoxide"); path != "" {
		found = append(found, dynoxide(path))
	}
	place := options.env(EnvDynamoDBLocal)
	if place == "" {
		return found, append(looked, "DynamoDBLocal.jar where "+EnvDynamoDBLocal+" says (it is not set)")
	}
	looked = append(looked, "DynamoDBLocal.jar in "+place, "java on PATH")
	jar, java := findJar(place), find("java")
	if jar != "" && java != "" {
		found = append(found, dynamoDBLocal(java, jar))
	}
	return found, looked
}

func dynoxide(path string) dynamoProgram {
	return dynamoProgram{path: path, command: func(_ string, port int) (string, []string, error) {
		return path, []string{"--host", "127.0.0.1", "--port", strconv.Itoa(port)}, nil
	}}
}

// findJar returns DynamoDBLocal.jar, which is the place itself or below it.
func findJar(place string) string {
	const name = "DynamoDBLocal.jar"
	var jar string
	_ = filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == name && !entry.IsDir() {
			jar = path
			return fs.SkipAll
		}
		return nil // an unreadable folder is one without it
	})
	if jar == "" {
		return ""
	}
	jar, err := filepath.Abs(jar)
	if err != nil {
		return ""
	}
	return jar
}

// launcher makes DynamoDB Local listen on 127.0.0.1 only. It is run from its
// source, which java does if it has its compiler with it.
//
//go:embed launcher/Loopback.java
var launcher []byte

// dynamoDBLocal is Amazon's own engine. It has no flag for the host and listens
// on every interface of the machine, so it is started through the launcher. A
// java without a compiler (a "headless" or "jre" package) can't run the
// launcher; then the engine is started plainly, and its description says that
// it is open to the network.
func dynamoDBLocal(java, jar string) dynamoProgram {
	// It lives for seconds or minutes: a quick compiler and a small collector
	// leave the processors to what it is tested with.
	machine := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
		"-Djava.library.path=" + filepath.Join(filepath.Dir(jar), "DynamoDBLocal_lib")}
	program := dynamoProgram{kind: "DynamoDB Local", path: jar}
	own := func(port int) []string {
		return []string{"-inMemory", "-sharedDb", "-disableTelemetry", "-port", strconv.Itoa(port)}
	}
	program.command = func(dir string, port int) (string, []string, error) {
		source := filepath.Join(dir, "Loopback.java")
		if err := os.WriteFile(source, launcher, 0o600); err != nil {
			return "", nil, err
		}
		return java, slices.Concat(machine, []string{"-cp", jar, source, jar}, own(port)), nil
	}
	if !hasCompiler(java) {
		program.note = ", listening on every interface (this java has no compiler; a JDK has)"
		program.command = func(_ string, port int) (string, []string, error) {
			return java, slices.Concat(machine, []string{"-jar", jar}, own(port)), nil
		}
	}
	return program
}

// hasCompiler says whether java can run a program from its source.
func hasCompiler(java string) bool {
	modules, err := exec.Command(java, "--list-modules").Output()
	return err == nil && strings.Contains(string(modules), "jdk.compiler@")
}

// run starts the engine and waits until it answers.
func (p dynamoProgram) run(ctx context.Context, options Options) (*DynamoDB, error) {
	space, err := newWorkspace("dynamodb")
	if err != nil {
		return nil, err
	}
	d := &DynamoDB{region: options.region(), kind: p.kind, origin: "started from " + p.path + p.note}
	d.server, err = startOnFreePort(ctx, portServer{
		start: func(port int) (*process, error) {
			d.endpoint = "http://" + local(port)
			path, args, err := p.command(space.dir, port)
			if err != nil {
				return nil, err
			}
			return space.start(path, args...)
		},
		ask: d.ask,
	}, reservePort)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("engine: start %s: %w", p.path, err), space.close())
	}
	d.meet(ctx)
	return d, nil
}
