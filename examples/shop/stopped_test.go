package main

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/paritytest"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestScenario36MySQLStopped: in phase 5 nobody notices that MySQL is gone.
func TestScenario36MySQLStopped(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e *local.Engines) {
		stopped(t, e, []dal.Phase{dal.DynamoDBOnly}, func(p proxied) *enginetest.Proxy { return p.mysql })
	})
}

// TestScenario35DynamoDBStopped: in phases 1 to 3 nobody notices that DynamoDB is gone.
func TestScenario35DynamoDBStopped(t *testing.T) {
	onEachEngine(t, func(t *testing.T, e *local.Engines) {
		stopped(t, e, []dal.Phase{dal.MySQLOnly, dal.DualWrite, dal.Validate}, func(p proxied) *enginetest.Proxy { return p.dynamo })
	})
}

// A proxied pair of engines can be cut off.
type proxied struct {
	local.Engines
	mysql, dynamo *enginetest.Proxy
}

func behindProxies(t testing.TB, e *local.Engines) proxied {
	config, err := mysql.ParseDSN(e.MySQL.DSN(""))
	require.NoError(t, err)
	at, err := url.Parse(e.DynamoDB.Endpoint())
	require.NoError(t, err)
	p := proxied{mysql: enginetest.NewProxy(t, config.Addr), dynamo: enginetest.NewProxy(t, at.Host)}
	config.Addr, at.Host = p.mysql.Addr(), p.dynamo.Addr()
	p.MySQL, err = engine.StartMySQL(t.Context(), engine.Options{MySQL: config.FormatDSN()})
	require.NoError(t, err)
	p.DynamoDB, err = engine.StartDynamoDB(t.Context(), engine.Options{DynamoDB: at.String()})
	require.NoError(t, err)
	return p
}

// stopped compares answers while an engine is cut off from the first request to the
// last.
func stopped(t *testing.T, e *local.Engines, phases []dal.Phase, which func(proxied) *enginetest.Proxy) {
	requests := walkRequests()
	opened := 0
	paritytest.HTTP(t, func(t testing.TB) paritytest.Service[http.Handler] {
		p := behindProxies(t, e)
		service := newTestShop(t, &p.Engines, stocked)
		proxy := which(p)
		t.Cleanup(proxy.Resume)
		if opened++; opened > 1 { // the first gives the answers that are expected
			service.API = cutOff(service.API, proxy, len(requests))
		}
		return service
	}, requests, &paritytest.Options{Phases: phases, InTurn: true})
}

// cutOff serves so many requests while nothing passes the proxy.
func cutOff(next http.Handler, proxy *enginetest.Proxy, requests int) http.Handler {
	first, left := sync.OnceFunc(proxy.Cut), requests
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first()
		next.ServeHTTP(w, r)
		if left--; left == 0 {
			proxy.Resume()
		}
	})
}
