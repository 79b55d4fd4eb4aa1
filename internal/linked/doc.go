// Package linked holds no code. Its test keeps small what a service links by
// importing Crossfade.
package linked
