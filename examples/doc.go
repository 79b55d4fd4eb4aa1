// Package examples holds one runnable program per folder. The folder is a
// module of its own, so that what the programs need never reaches the module
// graph of a service that imports Crossfade.
package examples
