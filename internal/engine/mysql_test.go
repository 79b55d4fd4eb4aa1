package engine

import (
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
)

func TestDSN(t *testing.T) {
	for name, c := range map[string]struct{ named, database, want string }{
		"database":        {"root@tcp(127.0.0.1:3306)/", "shop", "root@tcp(127.0.0.1:3306)/shop"},
		"other database":  {"root@tcp(127.0.0.1:3306)/mine", "shop", "root@tcp(127.0.0.1:3306)/shop"},
		"its own":         {"root@tcp(127.0.0.1:3306)/mine", "", "root@tcp(127.0.0.1:3306)/mine"},
		"password":        {"u:p@ss/w@tcp(h:1)/", "d", "u:p@ss/w@tcp(h:1)/d"},
		"socket":          {"root@unix(/run/x.sock)/", "d", "root@unix(/run/x.sock)/d"},
		"slash in a name": {"root@tcp(h:1)/", "a/b", "root@tcp(h:1)/a%2Fb"},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := mysql.ParseDSN(c.named)
			require.NoError(t, err)
			m := &MySQL{config: config}
			require.Equal(t, c.want+"?charset=utf8mb4&time_zone=%27%2B00%3A00%27", m.DSN(c.database))
		})
	}
}

func TestDSNOverridesAndKeeps(t *testing.T) {
	config, err := mysql.ParseDSN("root@tcp(h:1)/?charset=latin1&time_zone=SYSTEM&parseTime=true&sql_mode=ANSI")
	require.NoError(t, err)
	before := config.FormatDSN()
	m := &MySQL{config: config}
	require.Equal(t, "root@tcp(h:1)/d?charset=utf8mb4&parseTime=true&sql_mode=ANSI&time_zone=%27%2B00%3A00%27", m.DSN("d"))
	require.Equal(t, before, config.FormatDSN(), "the named DSN itself must stay")
}

func TestNamedMySQLThatIsWrong(t *testing.T) {
	r, err := reservePort()
	require.NoError(t, err)
	defer r.release()
	_, err = StartMySQL(startContext(t), Options{MySQL: "u:secret@tcp(" + local(r.port) + ")/"})
	require.ErrorContains(t, err, "engine: the MySQL server at "+local(r.port)+", named by the option")
	require.NotErrorIs(t, err, ErrNotFound, "a named engine that does not answer is no reason to skip")
	require.NotContains(t, err.Error(), "secret")

	_, err = StartMySQL(startContext(t), Options{Getenv: func(string) string { return "u:secret@nonsense" }})
	require.ErrorContains(t, err, "engine: the MySQL DSN named by "+EnvMySQL)
	require.NotContains(t, err.Error(), "secret")
}

// startMySQL starts a private server, or skips.
func startMySQL(t *testing.T) *MySQL {
	t.Helper()
	m, err := StartMySQL(startContext(t), onlyFound())
	skipIfMissing(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func skipIfMissing(t *testing.T, err error) {
	t.Helper()
	if err != nil && os.Getenv("CROSSFADE_REQUIRE_ENGINES") != "1" {
		if isNotFound(err) {
			t.Skip(err)
		}
	}
	require.NoError(t, err)
}

func TestPrivateMySQL(t *testing.T) {
	m := startMySQL(t)
	dsn, err := m.CreateDatabase(t.Context(), "odd`name")
	require.NoError(t, err)
	db, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	defer db.Close()

	for expression, want := range map[string]string{
		"@@time_zone":                   "+00:00",
		"@@global.time_zone":            "+00:00",
		"@@character_set_client":        "utf8mb4",
		"@@character_set_database":      "utf8mb4",
		"@@bind_address":                "127.0.0.1",
		"@@max_connections":             "500",
		"@@log_bin":                     "0",
		"database()":                    "odd`name",
		"substring_index(user(),'@',1)": "crossfade",
	} {
		var got string
		require.NoError(t, db.QueryRow("SELECT "+expression).Scan(&got))
		require.Equal(t, want, got, expression)
	}
	_, err = m.CreateDatabase(t.Context(), "odd`name")
	require.ErrorContains(t, err, "engine: create database odd`name")
	require.NoError(t, m.DropDatabase(t.Context(), "odd`name"))
	require.NoError(t, m.DropDatabase(t.Context(), "odd`name"), "dropping again")
	require.Contains(t, m.Describe(), m.Name()+" at "+m.config.Addr+", started from /")
	require.NotContains(t, m.Describe(), m.config.Passwd)
}

// A server that starts removes the temporary tables that it finds, as it takes
// them for those of its own last life.
func TestTemporaryTablesOfOthers(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	file := filepath.Join(temp, "#sql-temptable-3861-1-3.MAI")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	m := startMySQL(t)
	require.FileExists(t, file)
	require.NoError(t, m.Close())
	require.FileExists(t, file)
}

func TestPrivateMySQLIsNobodyElses(t *testing.T) {
	m := startMySQL(t)
	for _, user := range []string{"root", "crossfade", ""} {
		config := m.config.Clone()
		config.User, config.Passwd = user, ""
		other := &MySQL{config: config}
		require.Error(t, other.ask(t.Context()), "account %q without a password", user)
	}
	info, err := os.Stat(m.server.space.dir)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "the socket's directory is open to others")
	_, port, err := net.SplitHostPort(m.config.Addr)
	require.NoError(t, err)
	require.True(t, refuses("127.0.0.2:"+port), "it must listen on 127.0.0.1 only")
}

func TestCloseLeavesNothing(t *testing.T) {
	m := startMySQL(t)
	dir, pid := m.server.space.dir, m.server.cmd.Process.Pid
	require.NoError(t, m.Close())
	require.NoDirExists(t, dir)
	require.True(t, refuses(m.config.Addr))
	require.False(t, exists(pid))
	require.NoError(t, m.Close(), "closing again")
}

func TestNoMySQL(t *testing.T) {
	_, err := StartMySQL(startContext(t), nowhere(t))
	require.ErrorIs(t, err, ErrNotFound)
	require.Equal(t, "engine not found: no MySQL server; looked for a DSN in CROSSFADE_MYSQL_DSN, "+
		"mariadbd and mysqld on PATH and in /nowhere; to mend it, install mariadb-server or mysql-server "+
		"(it need not run), or name a server's DSN in CROSSFADE_MYSQL_DSN", err.Error())
}

func TestMariaDBWithoutItsInstaller(t *testing.T) {
	options := nowhere(t)
	script(t, "mariadbd", "echo 'mariadbd  Ver 10.11.1-MariaDB'")
	_, err := StartMySQL(startContext(t), options)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "mariadb-install-db")
}

func TestMySQLThatDoesNotStart(t *testing.T) {
	for name, c := range map[string]struct{ install, server, want string }{
		"no data directory": {"echo no space left; exit 1", "", "no space left"},
		"no server":         {"/bin/mkdir -p data", "echo plugin unknown >&2; exit 7", "plugin unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			options := nowhere(t)
			script(t, "mariadb-install-db", c.install)
			script(t, "mariadbd", `case "$*" in *--version*) echo 10.11-MariaDB; exit 0;; esac; `+c.server)
			_, err := StartMySQL(startContext(t), options)
			require.ErrorContains(t, err, c.want)
			require.NotErrorIs(t, err, ErrNotFound, "a broken server is no reason to skip")
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}
