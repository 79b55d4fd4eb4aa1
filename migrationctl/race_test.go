//go:build race

package migrationctl_test

// raceDetector says that the tests run with it, some four times as slowly.
const raceDetector = true
