package engine

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// The environment this package reads, in the order of what each one names.
// Options take precedence.
const (
	// EnvMySQL is the DSN of a MySQL or MariaDB server, in the form the
	// go-sql-driver reads. The account must be allowed to create databases.
	EnvMySQL = "CROSSFADE_MYSQL_DSN"
	// EnvDynamoDB is the URL of a DynamoDB engine.
	EnvDynamoDB = "CROSSFADE_DYNAMODB_ENDPOINT"
	// EnvDynamoDBList is several such URLs, comma separated, for
	// StartEveryDynamoDB. StartDynamoDB takes the first.
	EnvDynamoDBList = "CROSSFADE_DYNAMODB_ENDPOINTS"
	// EnvDynamoDBLocal is where DynamoDB Local is: DynamoDBLocal.jar, or a
	// directory that has it, itself or somewhere below.
	EnvDynamoDBLocal = "CROSSFADE_DYNAMODB_LOCAL"
	// EnvOnlyNamed, if it is "1", keeps engines that are not named from being
	// looked for, as if the machine had none.
	EnvOnlyNamed = "CROSSFADE_ONLY_NAMED_ENGINES"
)

// ErrNotFound says that no engine was named and none is on the machine. The
// error that wraps it says what was looked for and what to install or name.
var ErrNotFound = errors.New("engine not found")

// Options name engines and say where to look for them. The zero Options look
// in the environment and on the machine.
type Options struct {
	// MySQL is a DSN that names a running server.
	MySQL string
	// DynamoDB is the URL of a running engine.
	DynamoDB string
	// Region is what Client signs for; "us-east-1" if empty.
	Region string
	// Getenv reads the environment; os.Getenv if nil.
	Getenv func(string) string

	// folders are looked in for servers besides PATH, instead of
	// serverFolders if not nil.
	folders []string
}

// env reads one variable, without the spaces that a shell profile may leave.
func (o Options) env(name string) string {
	if o.Getenv == nil {
		return strings.TrimSpace(os.Getenv(name))
	}
	return strings.TrimSpace(o.Getenv(name))
}

// maySearch says whether an engine may be looked for on this machine.
func (o Options) maySearch() bool { return canStart && o.env(EnvOnlyNamed) != "1" }

func (o Options) region() string {
	if o.Region == "" {
		return "us-east-1"
	}
	return o.Region
}

// A named value, and who named it, so that an error can point at the place
// where the mend is made.
type named struct {
	value string
	by    string // "the option" or the environment variable
}

func (n named) String() string { return fmt.Sprintf("%s (named by %s)", n.value, n.by) }

// notFound builds the error for an engine that is not there.
func notFound(engine string, looked []string, mend string) error {
	return fmt.Errorf("%w: no %s; looked for %s; to mend it, %s", ErrNotFound, engine, strings.Join(looked, ", "), mend)
}
