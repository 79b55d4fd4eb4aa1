package memmysql

import (
	"io"
	"sync"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	vitess "github.com/dolthub/vitess/go/vt/log"
	"github.com/sirupsen/logrus"
)

// lockWaitVariable says how many seconds a session waits for its turn.
const lockWaitVariable = "innodb_lock_wait_timeout"

// defaultLockWait is MySQL's own.
const defaultLockWait = 50 * time.Second

// prepareProcess sets what the engine keeps once per process: it is silent from
// then on, whoever uses it, and the variable can be set per session, which it
// could not.
var prepareProcess = sync.OnceFunc(func() {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.PanicLevel)
	vitess.Info, vitess.Warning, vitess.Error = func(...any) {}, func(...any) {}, func(...any) {}
	vitess.Infof, vitess.Warningf, vitess.Errorf = func(string, ...any) {}, func(string, ...any) {}, func(string, ...any) {}
	sql.SystemVariables.AddSystemVariables([]sql.SystemVariable{&sql.MysqlSystemVariable{
		Name:    lockWaitVariable,
		Scope:   sql.GetMysqlScope(sql.SystemVariableScope_Both),
		Dynamic: true,
		Type:    types.NewSystemIntType(lockWaitVariable, 1, 1<<30, false),
		Default: int64(defaultLockWait / time.Second),
	}})
})
