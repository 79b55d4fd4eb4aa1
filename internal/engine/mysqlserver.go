package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// A mysqlProgram is a server program of the machine and how it makes its data
// directory.
type mysqlProgram struct {
	server  string
	install string // mariadb-install-db; empty for MySQL, whose server does it
}

// Where programs are that a plain user's PATH often leaves out.
var serverFolders = []string{"/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/libexec"}

// find returns the path of a program on PATH or in one of the folders.
func find(name string, folders ...string) string {
	if path, err := exec.LookPath(name); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			return path
		}
	}
	for _, folder := range folders {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path
		}
	}
	return ""
}

// findMySQL looks for a server program. MariaDB installs a mysqld too, so that
// name does not say whose it is; its version does.
func (o Options) findMySQL(ctx context.Context) (mysqlProgram, error) {
	folders := o.folders
	if folders == nil {
		folders = serverFolders
	}
	if !o.maySearch() {
		return mysqlProgram{}, notFound("MySQL server", []string{"a DSN in " + EnvMySQL}, "name a server's DSN in "+EnvMySQL)
	}
	server := findFirst([]string{"mariadbd", "mysqld"}, folders)
	if server == "" {
		return mysqlProgram{}, noMySQL("MySQL server", "mariadbd and mysqld", folders)
	}
	version, err := exec.CommandContext(ctx, server, "--no-defaults", "--version").Output()
	if err != nil {
		return mysqlProgram{}, fmt.Errorf("engine: ask %s for its version: %w", server, err)
	}
	if !strings.Contains(string(version), "MariaDB") {
		return mysqlProgram{server: server}, nil
	}
	beside := filepath.Dir(server)
	folders = append([]string{beside, filepath.Join(beside, "../bin"), filepath.Join(beside, "../scripts")}, folders...)
	install := findFirst([]string{"mariadb-install-db", "mysql_install_db"}, folders)
	if install == "" {
		return mysqlProgram{}, noMySQL("program that prepares data for "+server, "mariadb-install-db", folders)
	}
	return mysqlProgram{server: server, install: install}, nil
}

// findFirst returns the path of the first of some programs that is found.
func findFirst(names, folders []string) string {
	for _, name := range names {
		if path := find(name, folders...); path != "" {
			return path
		}
	}
	return ""
}

func noMySQL(what, programs string, folders []string) error {
	return notFound(what,
		[]string{"a DSN in " + EnvMySQL, programs + " on PATH and in " + strings.Join(folders, ":")},
		"install mariadb-server or mysql-server (it need not run), or name a server's DSN in "+EnvMySQL)
}

// startMySQLServer makes a data directory and starts a server on it.
func (o Options) startMySQLServer(ctx context.Context) (*MySQL, error) {
	program, err := o.findMySQL(ctx)
	if err != nil {
		return nil, err
	}
	space, err := newWorkspace("mysql")
	if err != nil {
		return nil, err
	}
	m, err := program.run(ctx, space)
	if err != nil {
		return nil, errors.Join(err, space.close())
	}
	return m, nil
}

// run prepares the data directory and starts the server.
func (p mysqlProgram) run(ctx context.Context, space *workspace) (*MySQL, error) {
	account := mysql.NewConfig()
	account.User, account.Passwd, account.Net = "crossfade", rand.Text(), "tcp"
	if err := p.prepare(ctx, space, account.Passwd); err != nil {
		return nil, fmt.Errorf("engine: prepare the data directory of %s: %w", p.server, err)
	}
	m := &MySQL{config: account, origin: "started from " + p.server}
	server, err := startOnFreePort(ctx, portServer{
		start: func(port int) (*process, error) {
			account.Addr = local(port)
			return space.start(p.server, p.serverArgs(space.dir, port)...)
		},
		ask: m.ask,
	}, reservePort)
	if err != nil {
		return nil, fmt.Errorf("engine: start %s: %w", p.server, err)
	}
	m.server = server
	return m, nil
}

// prepare makes the system tables, and the file that makes the account. Root
// can be reached by the socket only, which is in a directory of this user's;
// over the network there is one account, with a password nobody else knows. On
// a machine with several users, anything less lets the others write files as
// this one.
func (p mysqlProgram) prepare(ctx context.Context, space *workspace, password string) error {
	command, args := p.server, []string{"--no-defaults", "--initialize-insecure"}
	if p.install != "" {
		command, args = p.install, []string{"--no-defaults", "--auth-root-authentication-method=socket", "--skip-test-db", "--skip-name-resolve"}
	}
	if err := os.Mkdir(filepath.Join(space.dir, "tmp"), 0o700); err != nil {
		return err
	}
	args = append(args, places(space.dir)...)
	install, err := space.start(command, args...)
	if err != nil {
		return err
	}
	if err := install.wait(ctx); err != nil {
		return err
	}
	statements := "CREATE USER 'crossfade'@'127.0.0.1' IDENTIFIED BY '" + password + "';\n" +
		"GRANT ALL ON *.* TO 'crossfade'@'127.0.0.1' WITH GRANT OPTION;\n"
	return os.WriteFile(filepath.Join(space.dir, "account.sql"), []byte(statements), 0o600)
}

// serverArgs are the settings of a private server. The log is flushed to the
// system at every commit and to the disk once a second: what was acknowledged
// survives the death of clients and of the server itself, at the price of a
// power cut, and a commit takes microseconds instead of a disk's milliseconds.
func (p mysqlProgram) serverArgs(dir string, port int) []string {
	args := []string{
		"--no-defaults",
		"--socket=" + filepath.Join(dir, "socket"),
		"--pid-file=" + filepath.Join(dir, "pid"),
		"--init-file=" + filepath.Join(dir, "account.sql"),
		"--port=" + strconv.Itoa(port),
		"--bind-address=127.0.0.1",
		"--skip-name-resolve",
		"--character-set-server=utf8mb4",
		"--default-time-zone=+00:00",
		"--max-connections=500",
		"--skip-log-bin",
		"--innodb-flush-log-at-trx-commit=2",
		"--innodb-buffer-pool-size=128M",
	}
	if p.install == "" {
		args = append(args, "--mysqlx=OFF") // it would listen on a fixed port
	}
	return append(args, places(dir)...)
}

// places are the arguments that both steps need. The directory for temporary
// tables must be its own: a server that starts removes the temporary tables it
// finds there, and in a shared one those are of a server that runs, which then
// fails or crashes (TestTemporaryTablesOfOthers).
func places(dir string) []string {
	args := []string{
		"--datadir=" + filepath.Join(dir, "data"),
		"--tmpdir=" + filepath.Join(dir, "tmp"),
	}
	if os.Getuid() == 0 {
		args = append(args, "--user=root") // without it the server refuses
	}
	return args
}
